"""AWS request signing (Signature Version 4) for httpx, by botocore from the extra `aws`.

Imported only for targets with `auth.sigv4`, since botocore is large. botocore finds and renews the credentials as for
any AWS tool: from the environment, a profile, a container's or an instance's role.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import httpx

from reconciler.model.errors import ConfigurationError, UnauthorizedError, install_hint
from reconciler.model.text import quotable

try:
    from botocore.auth import SigV4Auth as Signer
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import Session
except ImportError:
    raise ConfigurationError(f"auth.sigv4 needs a library: {install_hint('aws')}") from None

_UNSIGNED = {"connection", "user-agent", "accept-encoding"}  # a proxy on the way may change these


_FAILURES = (BotoCoreError, ClientError, OSError, ValueError)  # an OSError: the token file of a web identity
_FIXES: Sequence[tuple[tuple[str, ...], str]] = (
    (("SSO", "TokenRetrieval", "NoAuthToken", "Login"), "run aws sso login for this profile"),
    (("FileNotFoundError", "OSError", "PermissionError"), "is the token file there (AWS_WEB_IDENTITY_TOKEN_FILE)?"),
    (("ProfileNotFound",), "correct AWS_PROFILE"),
    (("ClientError",), "may this identity assume the role?"),
)
_ANY_FIX = "check AWS_PROFILE and the AWS configuration with: aws sts get-caller-identity"
_FIND = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"


class SigV4Auth(httpx.Auth):
    """Signs each request with the credentials that are valid at that moment.

    ConfigurationError when it is made and there are none; UnauthorizedError at a call if they cannot be renewed.
    """

    requires_request_body = True

    def __init__(self, region: str, service: str) -> None:
        self._region = region
        self._service = service
        session = Session()
        session.set_config_variable("region", region)  # used by botocore's own calls to get a role's credentials
        try:
            self._credentials = session.get_credentials()
        except _FAILURES as error:
            raise ConfigurationError(_explain(error)) from None
        if self._credentials is None:
            raise ConfigurationError(f"auth.sigv4 found no AWS credentials; {_FIND}")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add the signature. Credentials are renewed in a thread, since that may use the network."""
        # httpx writes a space as +, which AWS takes for a plus sign when it computes the signature.
        request.url = request.url.copy_with(query=request.url.query.replace(b"+", b"%20") or None)
        try:
            frozen = await asyncio.to_thread(self._credentials.get_frozen_credentials)
        except _FAILURES as error:
            raise UnauthorizedError(_explain(error), fix=_fix(error)) from None
        headers = {name: value for name, value in request.headers.items() if name not in _UNSIGNED}
        signed = AWSRequest(request.method, str(request.url), headers, await request.aread())
        Signer(frozen, self._service, self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        yield request


def _explain(error: BaseException) -> str:
    """One line with botocore's own words, which name profiles, files and roles but never a secret; and what to do."""
    name = type(error).__name__
    words = quotable(error.strerror or name if isinstance(error, OSError) else str(error)).rstrip(".")
    return f"auth.sigv4 cannot get AWS credentials: {words}; {_fix(error)}"


def _fix(error: BaseException) -> str:
    name = type(error).__name__
    return next((fix for parts, fix in _FIXES if any(part in name for part in parts)), _ANY_FIX)
