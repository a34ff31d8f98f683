"""How a target is reached: address, credentials, TLS and limits as plain values, and the httpx client made from them.

Secrets are resolved by then, and stay `SecretText` until the client is made. `http` makes the calls with that client.
All this is checked once, before the first request, and whatever is wrong is a ConfigurationError.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import re
import ssl
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import field
from importlib.util import find_spec
from typing import NamedTuple, TypeVar
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

import httpx

from reconciler.model import __version__
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError
from reconciler.model.provider import Permit
from reconciler.model.values import SecretText
from reconciler.providers.pacing import RunLimits

_LONGEST_CONNECT = 10.0  # seconds; a host that has not accepted the connection by then will not
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEADER_VALUE = r"[\t\x20-\x7e]*"


_Loaded = TypeVar("_Loaded")


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic: a user, or an API key and its secret."""

    username: SecretText
    password: SecretText


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token for the Authorization header."""

    token: SecretText


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Mutual TLS: PEM files, and the key's pass phrase if it has one. `key_file` "": the key is in `cert_file`."""

    cert_file: str
    key_file: str = ""
    password: SecretText | None = None


@dataclass(frozen=True, slots=True)
class SigV4:
    """AWS request signing with the credentials that botocore finds in the usual places."""

    region: str
    service: str = "es"


Auth = Basic | Bearer | ClientCertificate | SigV4 | httpx.Auth | None
"""How we authenticate. An `httpx.Auth` is for a provider's own scheme, such as a token that has to be renewed."""


@dataclass(frozen=True, slots=True)
class Tls:
    """`ca_file`, or `ca` (in PEM), replaces the usual authorities; `verify` False accepts any certificate."""

    ca_file: str = ""
    verify: bool = True
    ca: SecretText | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """How one target is reached. `url` may have a path; times are in seconds; `name` is the target's, for messages.

    `insecure` allows credentials over plain http to another machine. `transport` replaces the network in tests.
    `limits` are shared by all targets of a run. `permit` is awaited each time before a call that is not a read is sent,
    and raises a TargetError if it must not be.
    """

    url: str
    name: str = ""
    auth: Auth = None
    tls: Tls = Tls()
    headers: Mapping[str, str | SecretText] = field(default_factory=dict)
    timeout_seconds: float = 30.0
    test_timeout_seconds: float = 120.0
    parallelism: int = 10
    insecure: bool = False
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)
    limits: RunLimits = field(default_factory=RunLimits, repr=False, compare=False)
    permit: Permit | None = field(default=None, repr=False, compare=False)

    @property
    def address(self) -> str:
        """The target's address as it may be shown: scheme, host and port, without path and credentials."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must not appear in a message, not even in a server's words."""
        texts = [value.reveal() for value in self.headers.values() if isinstance(value, SecretText)]
        match self.auth:
            case Basic(username, password):
                texts += [password.reveal(), *([username.reveal()] if _is_token(username.reveal()) else [])]
            case Bearer(token):
                texts.append(token.reveal())
            case httpx.Auth() as own:
                texts += getattr(own, "secrets", ())
            case _:
                pass
        return tuple(text for text in texts if text)


class Call(NamedTuple):
    """One call, as messages name it. `where` is the target's name, or else the provider's; `address` has no path."""

    where: str
    method: str
    path: str
    address: str

    def __str__(self) -> str:
        return f"{self.where}: {self.method} {self.path}"


def _is_token(username: str) -> bool:
    """Whether a user name looks like a token or key, which must not be shown; a plain name (`admin`) may be."""
    return bool(re.fullmatch(r"[A-Za-z0-9_/+=]{16,}", username)) and any(mark.isdigit() for mark in username)


def make_client(connection: Connection) -> httpx.AsyncClient:
    """An httpx client for this target; ConfigurationError if address, credentials, headers or TLS files are unusable.

    It follows no redirects, since neither a write nor credentials may go elsewhere, and it does not repeat calls.
    """
    parts = _check_url(connection)
    goes_direct = _is_loopback(parts.hostname or "")  # a proxy cannot reach this machine's loopback
    if not goes_direct and (proxies := getproxies()):
        from reconciler.model.proxies import wrong_proxy  # few environments name a proxy

        if wrong := wrong_proxy(proxies, takes_socks=find_spec("socksio") is not None):
            raise ConfigurationError(f"target {connection.name}: {wrong}")
    _quieten_loggers()
    _settle_sniffio()
    return httpx.AsyncClient(
        base_url=connection.url,
        auth=_make_auth(connection),
        headers={"user-agent": f"reconciler/{__version__}", "accept": "application/json", **_headers(connection)},
        verify=_ssl_context(connection, parts.scheme),
        timeout=httpx.Timeout(connection.timeout_seconds, connect=_connect_timeout(connection), pool=None),
        limits=httpx.Limits(
            max_connections=connection.parallelism,
            max_keepalive_connections=min(connection.parallelism, connection.limits.idle),
        ),
        trust_env=not goes_direct,
        transport=connection.transport,
        follow_redirects=False,
    )


def _settle_sniffio() -> None:
    # httpcore imports sniffio at every lock, some ten times a request. If it is not installed, each import searches the
    # whole path, which took a fifth of the time of an apply. An entry of None makes the import fail at once.
    if "sniffio" not in sys.modules and find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]  # None is how Python spells this


def _connect_timeout(connection: Connection) -> float:
    return min(_LONGEST_CONNECT, connection.timeout_seconds)


def _quieten_loggers() -> None:
    # They log whole addresses and headers; `http` logs what may be shown of a call.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _check_url(connection: Connection) -> SplitResult:
    try:
        parts = urlsplit(connection.url)
        has_host, _ = bool(parts.hostname), parts.port
    except ValueError:
        raise _wrong(connection, "url", "is not an address", "write https://host:port") from None
    if parts.scheme not in ("http", "https") or not has_host:
        raise _wrong(
            connection, "url", "must start with https:// (or http://) and name a host", "write https://host:port"
        )
    if "@" in parts.netloc:
        raise _wrong(connection, "url", "holds credentials", "give them under auth, as secret references")
    if parts.query or parts.fragment:
        raise _wrong(connection, "url", "has a query or fragment", "give only scheme, host, port and path")
    has_credentials = connection.auth is not None or bool(connection.secrets)
    if parts.scheme == "http" and has_credentials and not (connection.insecure or _is_loopback(parts.hostname or "")):
        hint = "use https, or set insecure: true if the network between is yours"
        raise _wrong(connection, "url", "would send credentials over plain http", hint)
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _headers(connection: Connection) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in connection.headers.items():
        text = value.reveal() if isinstance(value, SecretText) else value
        if not re.fullmatch(_HEADER_NAME, name):
            raise _wrong(connection, "headers", "a header's name has a character that HTTP does not allow", "fix it")
        if not re.fullmatch(_HEADER_VALUE, text):
            hint = "give it one line of plain ASCII"
            raise _wrong(connection, f"headers.{name}", "the value cannot be sent in a header", hint)
        texts[name] = text
    return texts


async def with_credentials(auth: Auth) -> Auth:
    """The same, but `SigV4` becomes an `httpx.Auth` that has its credentials. They are looked for in a thread, since
    botocore may run a program or use the network. ConfigurationError if there are none."""
    if not isinstance(auth, SigV4):
        return auth
    return await asyncio.to_thread(_sign_requests, auth)


def _sign_requests(auth: SigV4) -> httpx.Auth:
    from reconciler.providers.sigv4 import SigV4Auth  # botocore takes long to import

    return SigV4Auth(auth.region, auth.service)


def _make_auth(connection: Connection) -> httpx.Auth | None:
    match connection.auth:
        case Basic(username, password):
            return httpx.BasicAuth(username.reveal(), password.reveal())
        case Bearer(token):
            if not re.fullmatch(_HEADER_VALUE, token.reveal()):
                raise _wrong(connection, "auth.bearer", "the token cannot be sent in a header", "is it one line?")
            return _BearerAuth(token)
        case SigV4() as signing:
            return _sign_requests(signing)
        case httpx.Auth() as own:
            return own
        case _:
            return None


class _BearerAuth(httpx.Auth):
    def __init__(self, token: SecretText) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._token.reveal()}"
        yield request


def _ssl_context(connection: Connection, scheme: str) -> ssl.SSLContext:
    tls, auth = connection.tls, connection.auth

    def make() -> ssl.SSLContext:
        # Reading the authorities takes 20 ms, which a target over plain http does not need.
        if scheme == "http" or not tls.verify:
            return httpx.create_ssl_context(verify=False)
        if tls.ca is not None:
            return _trust_only(connection, tls.ca.reveal())
        if tls.ca_file:
            return _load(connection, "tls.ca_file", lambda: ssl.create_default_context(cafile=tls.ca_file))
        return _load(connection, "SSL_CERT_FILE or SSL_CERT_DIR", httpx.create_ssl_context)

    if not isinstance(auth, ClientCertificate):
        authorities = hashlib.sha256(tls.ca.reveal().encode()).hexdigest() if tls.ca is not None else tls.ca_file
        return connection.limits.context(f"{scheme}:{tls.verify}:{authorities}", make)
    context = make()  # not a shared one, since it will hold our certificate
    password = auth.password.reveal() if auth.password else ""  # not None, with which OpenSSL asks on the terminal
    key_file = auth.key_file or None
    field_name = "auth.client_cert"
    _load(connection, field_name, lambda: context.load_cert_chain(auth.cert_file, key_file, lambda: password))
    return context


def _trust_only(connection: Connection, authorities: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cadata=authorities)
    except (ssl.SSLError, ValueError):
        pass  # OpenSSL's message adds nothing
    raise _wrong(connection, "tls.ca", "is not PEM", "give certificates, which begin with -----BEGIN CERTIFICATE-----")


def _load(connection: Connection, what: str, load: Callable[[], _Loaded]) -> _Loaded:
    try:
        return load()
    except FileNotFoundError:
        problem = "names a file that is not there"
    except (ssl.SSLError, ValueError):
        problem = "names a file that is not the PEM expected here, or a key with another pass phrase"
    except OSError:
        problem = "names a file that cannot be read"
    raise _wrong(connection, what, problem, "check the path and the file")


def _wrong(connection: Connection, what: str, problem: str, hint: str) -> ConfigurationError:
    where = f'target "{connection.name}"' if connection.name else "target"
    return ConfigurationError(f"{where}: {what} {problem}; {hint}")
