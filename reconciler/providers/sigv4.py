"""AWS request signing (Signature Version 4) for httpx, by botocore: the extra `aws`.

Apart because botocore is large and only targets with `auth.sigv4` need it. The credentials are found and renewed as
botocore does for any AWS tool: environment, profile, container or instance role.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import httpx

from reconciler.model.errors import ConfigurationError, install_hint

try:
    from botocore.auth import SigV4Auth as Signer
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session
except ImportError:
    raise ConfigurationError(f"auth.sigv4 needs a library: {install_hint('aws')}") from None

_UNSIGNED = {"connection", "user-agent", "accept-encoding"}  # a proxy on the way may change these


class SigV4Auth(httpx.Auth):
    """Signs each request with the credentials that are valid at that moment."""

    requires_request_body = True

    def __init__(self, region: str, service: str) -> None:
        self._region = region
        self._service = service
        try:
            self._credentials = Session().get_credentials()
        except BotoCoreError:
            self._credentials = None
        if self._credentials is None:
            hint = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
            raise ConfigurationError(f"auth.sigv4 found no AWS credentials; {hint}")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add the signature. Renewing credentials may ask the network, so that happens beside the event loop."""
        # httpx writes a blank as +, which AWS takes for a plus when it computes the signature.
        request.url = request.url.copy_with(query=request.url.query.replace(b"+", b"%20") or None)
        frozen = await asyncio.to_thread(self._credentials.get_frozen_credentials)
        headers = {name: value for name, value in request.headers.items() if name not in _UNSIGNED}
        signed = AWSRequest(request.method, str(request.url), headers, await request.aread())
        Signer(frozen, self._service, self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        yield request
