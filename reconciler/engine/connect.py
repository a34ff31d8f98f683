"""From a target in the project file to an open provider: address, credentials, TLS and limits, secrets resolved.

The one place that reads a target's credentials. With them goes the promise that they are never shown: they stay
`SecretText` until the HTTP client is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.engine.load import Workspace
from reconciler.model.errors import ConfigurationError, SecretError
from reconciler.model.project import CREDENTIAL_FIELDS, Target
from reconciler.model.provider import Provider
from reconciler.model.secret_fields import SecretValue
from reconciler.model.values import SecretReference, SecretText
from reconciler.providers import provided
from reconciler.providers.connection import (
    Auth,
    Basic,
    Bearer,
    ClientCertificate,
    Connection,
    SigV4,
    Tls,
    with_credentials,
)
from reconciler.providers.pacing import Retries, RunLimits
from reconciler.secrets.resolver import Resolver


async def connect(
    workspace: Workspace,
    target: str,
    resolver: Resolver,
    parallelism: int | None,
    timeout: float | None,
    limits: RunLimits,
) -> Provider:
    """Open the provider of one target; `limits` are those of the whole run.

    ConfigurationError or SecretError say what is missing, and where to write it.
    """
    return provider_over(workspace, await connection_of(workspace, target, resolver, parallelism, timeout, limits))


def provider_over(workspace: Workspace, connection: Connection) -> Provider:
    """The provider of the target that the connection leads to; whoever opens it closes it."""
    settings = workspace.project.targets[connection.name]
    return provided(settings.provider).make(connection, settings.version or "", Retries())


async def connection_of(
    workspace: Workspace,
    target: str,
    resolver: Resolver,
    parallelism: int | None,
    timeout: float | None,
    limits: RunLimits,
) -> Connection:
    """How one target is reached, its credentials resolved; errors as `connect`."""
    settings = workspace.project.targets[target]
    values = await _credentials(settings, target, resolver)
    return Connection(
        url=_url(workspace, target, settings),
        name=target,
        auth=await with_credentials(_auth(settings, values, workspace)),
        tls=_tls(settings, values, workspace),
        headers={name: _opened(value, values) for name, value in settings.headers.items()},
        timeout_seconds=timeout or settings.timeout_seconds,
        test_timeout_seconds=settings.test_timeout_seconds,
        parallelism=parallelism or settings.parallelism,
        insecure=settings.insecure,
        limits=limits,
        permit=workspace.here.permit,
    )


def _url(workspace: Workspace, target: str, settings: Target) -> str:
    if settings.url is not None:
        return settings.url
    said = provided(settings.provider).settings
    if said.default_url:
        return said.default_url
    if not said.url_variable:
        raise ConfigurationError(f"target {target} has no url: write spec.targets.{target}.url")
    same = [name for name, other in workspace.project.targets.items() if other.provider == settings.provider]
    if len(same) > 1:
        raise ConfigurationError(f"target {target} has no url: with several {said.title} targets each needs its own")
    url = workspace.here.environ.get(said.url_variable, "")
    if not url:
        raise ConfigurationError(
            f"target {target} has no url: write spec.targets.{target}.url, or set {said.url_variable}"
        )
    return url


async def _credentials(settings: Target, target: str, resolver: Resolver) -> Mapping[SecretReference, SecretText]:
    authorities = [settings.tls.ca] if settings.tls.ca is not None else []
    values = [*_auth_values(settings), *settings.headers.values(), *authorities]
    resolution = await resolver.resolve([value for value in values if isinstance(value, SecretReference)])
    if resolution.failures:
        reasons = "; ".join(f"{reference}: {why}" for reference, why in sorted(resolution.failures.items(), key=str))
        raise SecretError(f"the credentials of target {target} are missing: {reasons}")
    return resolution.values


def _auth_values(settings: Target) -> Iterator[SecretValue]:
    auth = settings.auth
    if auth is None:
        login = provided(settings.provider).settings.default_login
        yield from (SecretReference("env", name) for name in login or ())
        return
    for way in auth.ways:
        for name in CREDENTIAL_FIELDS[way]:
            value = getattr(getattr(auth, way), name)
            if value is not None:
                yield value


def _file(name: str, workspace: Workspace) -> str:
    """The path of a file that the project file names; under `--base` with the base's bytes."""
    return str(workspace.bounds.file_of_base(name) if workspace.bounds else workspace.root / name)


def _auth(settings: Target, values: Mapping[SecretReference, SecretText], workspace: Workspace) -> Auth:
    auth = settings.auth
    if auth is None:
        login = provided(settings.provider).settings.default_login
        if login is None:
            return None
        key, secret = (SecretReference("env", name) for name in login)
        return Basic(_secret(key, values), _secret(secret, values))
    if auth.basic is not None:
        return Basic(_secret(auth.basic.username, values), _secret(auth.basic.password, values))
    if auth.bearer is not None:
        return Bearer(_secret(auth.bearer.token, values))
    if auth.client_cert is not None:
        form = auth.client_cert
        key_file = _file(form.key_file, workspace) if form.key_file else ""
        password = _secret(form.password, values) if form.password is not None else None
        return ClientCertificate(_file(form.cert_file, workspace), key_file, password)
    if auth.sigv4 is not None:
        if workspace.bounds is not None:
            workspace.bounds.check_aws_files()
        return SigV4(auth.sigv4.region, auth.sigv4.service)
    if auth.sts is not None:
        from reconciler.providers.sts import StsAuth

        return StsAuth(
            _secret(auth.sts.subject_token, values), auth.sts.identity_pool_id, auth.sts.expires_in_seconds or 0
        )
    return None


def _tls(settings: Target, values: Mapping[SecretReference, SecretText], workspace: Workspace) -> Tls:
    tls = settings.tls
    authorities = _secret(tls.ca, values) if tls.ca is not None else None
    return Tls(_file(tls.ca_file, workspace) if tls.ca_file else "", tls.verify, authorities)


def _secret(value: SecretValue, values: Mapping[SecretReference, SecretText]) -> SecretText:
    opened = _opened(value, values)
    return opened if isinstance(opened, SecretText) else SecretText(opened)


def _opened(value: SecretValue, values: Mapping[SecretReference, SecretText]) -> SecretText | str:
    return values[value] if isinstance(value, SecretReference) else value
