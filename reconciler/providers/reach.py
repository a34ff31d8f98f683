"""Checks the way to a target's address, without credentials: proxy, host name, TLS, any answer at all, the clock.

Used by `doctor`. A provider's error only says how a whole call ended; here each step is a check of its own.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from reconciler.model.errors import ConfigurationError
from reconciler.model.evidence import Check, failure, ok, warning
from reconciler.model.text import plural
from reconciler.providers.connection import Connection, Tls, make_client

_SECONDS = 10.0
_SOON_DAYS = 21
_SKEW_NOTED, _SKEW_FATAL = 30, 300  # seconds; AWS refuses signatures that are five minutes off


async def check_network(connection: Connection) -> list[Check]:
    """The checks up to the first one that fails; those after it would fail for the same reason."""
    checks: list[Check] = []
    parts = urlsplit(connection.url)
    proxy = _proxy_for(parts)
    checks.append(_proxy_check(connection.name, proxy))
    if not proxy:
        checks += await asyncio.to_thread(_direct, connection, parts)
    if not any(check.health.value == "failure" for check in checks):
        checks += await _answer(connection)
    return checks


def _proxy_for(parts: SplitResult) -> str:
    if parts.hostname in ("localhost", "127.0.0.1", "::1") or proxy_bypass(parts.netloc):
        return ""
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all") or ""


def _proxy_check(name: str, proxy: str) -> Check:
    if not proxy:
        return ok(name, "proxy", "none for this address")
    parts = urlsplit(proxy)
    return ok(name, "proxy", f"through {parts.scheme}://{parts.hostname}:{parts.port or ''}".rstrip(":"))


def _direct(connection: Connection, parts: SplitResult) -> list[Check]:
    """The host name, then TLS. It blocks, so it must not run in the event loop, which works on other targets."""
    name, host = connection.name, parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not a name"
        fix = "correct the address, or set HTTPS_PROXY if only a proxy knows it"
        return [failure(name, "dns", f"{host}: {why}", fix)]
    resolved = ok(name, "dns", f"{host}: {', '.join(sorted({str(item[4][0]) for item in found}))}")
    if parts.scheme == "https":
        return [resolved, _tls(name, host, port, connection.tls)]
    return [resolved, warning(name, "tls", "the address is plain http", "use https, where the server has it")]


def _tls(name: str, host: str, port: int, tls: Tls) -> Check:
    authorities = tls.ca.reveal() if tls.ca is not None else None
    context = ssl.create_default_context(cafile=tls.ca_file or None, cadata=authorities)
    if not tls.verify:
        return warning(
            name, "tls", "verify: false accepts any certificate", "give the authority as tls.ca_file instead"
        )
    try:
        with (
            socket.create_connection((host, port), _SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        fix = "give the authority's certificate as tls.ca_file, or correct the host's name"
        return failure(name, "tls", f"the certificate is not trusted: {error.verify_message}", fix)
    except ssl.SSLError as error:
        return failure(name, "tls", f"no TLS there: {error.reason or 'refused'}", "is it http, or another port?")
    except OSError as error:
        fix = "correct host and port, or look at the firewall between"
        return failure(name, "tls", f"no connection to {host}:{port}: {error.strerror or 'timed out'}", fix)
    return _expiry(name, certificate)


def _expiry(name: str, certificate: object) -> Check:
    ends = certificate.get("notAfter") if isinstance(certificate, dict) else None
    if not isinstance(ends, str):
        return ok(name, "tls", "trusted")
    end = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
    days = (end - datetime.now(UTC)).days
    text = f"trusted; the certificate ends {end:%Y-%m-%d}"
    return ok(name, "tls", text) if days > _SOON_DAYS else warning(name, "tls", f"{text}, in {days} days", "renew it")


async def _answer(connection: Connection) -> list[Check]:
    """One GET without credentials; an answer of any status is good."""
    name = connection.name
    bare = Connection(connection.url, name, tls=connection.tls, timeout_seconds=_SECONDS)
    try:
        async with make_client(bare) as client:
            answer = await client.get("")
    except httpx.HTTPError as error:
        fix = "is it running, and is the port right?"
        return [failure(name, "connection", f"no answer ({type(error).__name__})", fix)]
    except ConfigurationError as error:
        return [failure(name, "address", str(error))]
    checks = [ok(name, "connection", f"answers with {answer.status_code}")]
    return checks + ([_clock(name, answer.headers["date"])] if "date" in answer.headers else [])


def _clock(name: str, date: str) -> Check:
    try:
        skew = abs((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return warning(name, "clock", "the server sent a date that cannot be read")
    text = f"{plural(round(skew), 'second')} apart"
    if skew <= _SKEW_NOTED:
        return ok(name, "clock", text)
    fix = "set this machine's clock by NTP"
    return warning(name, "clock", text, fix) if skew < _SKEW_FATAL else failure(name, "clock", text, fix)
