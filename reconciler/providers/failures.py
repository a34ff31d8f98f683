"""Turns a failed call to a target, or an answer that is an error, into one of our errors in plain words.

httpx's exceptions stop here. They are reworded, never chained, since they carry the request, whose address and headers
may hold secrets. The body of an error is read by the provider; `quotable` decides what of it may be shown. This module
is imported only when a call has failed, to keep the start fast.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from reconciler.model.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RejectedError,
    TargetError,
    TimedOutError,
    UnauthorizedError,
    UnexpectedError,
    UnreachableError,
)
from reconciler.model.text import quotable
from reconciler.providers.connection import Call

_BY_STATUS: dict[int, type[TargetError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    429: UnexpectedError,
}


def explain_silence(call: Call, exc: httpx.HTTPError | httpx.InvalidURL) -> TargetError:
    """The error for a call that got no answer, from httpx's exception."""
    match exc:
        case httpx.ConnectTimeout():
            hint = "check the address, the network and the firewall"
            return _unreachable(call, f"no connection to {call.address} in time", hint, sent=False, transient=False)
        case httpx.TimeoutException():
            return out_of_time(call)
        case httpx.ProxyError():
            hint = "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
            return _unreachable(call, f"the proxy did not connect to {call.address}", hint, sent=False, transient=False)
        case httpx.ConnectError():
            return _explain_connect(call, exc)
        case httpx.DecodingError():
            return UnexpectedError(f"{call} was answered with damaged data; is a proxy in between?")
        case httpx.ReadError() | httpx.WriteError() | httpx.CloseError() | httpx.RemoteProtocolError():
            what = "the connection was closed before the answer was complete"
            return _unreachable(call, what, "look into the server's log, and at any proxy", sent=True, transient=True)
        case _:
            hint = "check the target's url, headers and credentials"
            return _unreachable(call, "the request could not be formed", hint, sent=False, transient=False)


def out_of_time(call: Call, seconds: float = 0) -> TargetError:
    """The error for a call that was not answered in time; `seconds` is its limit, 0 if that is not to be named."""
    limit = f" within {seconds:g} s" if seconds else " in time"
    hint = "is the server overloaded, or timeout_seconds too short?"
    return TimedOutError(f"{call}: no complete answer from {call.address}{limit}; {hint}", fix=hint)


def _explain_connect(call: Call, exc: httpx.ConnectError) -> TargetError:
    for cause in _causes(exc):
        match cause:
            case ssl.SSLCertVerificationError():
                what = f"the certificate of {call.address} is not trusted ({quotable(cause.verify_message)})"
                hint = "name the authority's certificate with tls.ca_file, and check the host name"
                return _unreachable(call, what, hint, sent=False, transient=False)
            case ssl.SSLError():
                hint = "does that port speak https? does it want a client certificate (auth.client_cert)?"
                return _unreachable(call, f"TLS with {call.address} failed", hint, sent=False, transient=False)
            case socket.gaierror():
                transient = cause.errno == socket.EAI_AGAIN
                hint = "check the host name in url, and DNS"
                return _unreachable(
                    call, f"the host of {call.address} is unknown", hint, sent=False, transient=transient
                )
            case ConnectionRefusedError():
                hint = "is the server running, and the port right?"
                return _unreachable(call, f"{call.address} refused the connection", hint, sent=False, transient=True)
            case _:
                pass
    hint = "check the address, the network and the firewall"
    return _unreachable(call, f"no connection to {call.address}", hint, sent=False, transient=True)


def _unreachable(call: Call, what: str, hint: str, *, sent: bool, transient: bool) -> TargetError:
    return UnreachableError(f"{call}: {what}; {hint}", sent=sent, transient=transient, fix=hint)


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """The exception and everything that caused it, outermost first; also what exception groups contain."""
    waiting: list[BaseException] = [exc]
    for current in waiting:
        inner = current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        waiting += [cause for cause in (*inner, current.__cause__ or current.__context__) if cause is not None]
        yield current


def explain_status(
    call: Call,
    status: int,
    *,
    reason: str = "",
    hint: str = "",
    request_id: str = "",
    kind: type[TargetError] | None = None,
) -> TargetError:
    """The error for an answer with this status. `reason` must be safe to show: our own words, or `quotable` ones.
    `kind` is its class; by default the status decides."""
    kind = kind or _BY_STATUS.get(status) or (RejectedError if 400 <= status < 500 else UnexpectedError)
    text = f"{call} was answered {status} {_phrase(status)}".rstrip()
    text += f": {reason}" if reason else ""
    text += f"; {hint}" if hint else ""
    text += f" (request id {quotable(request_id)})" if request_id else ""
    return kind(text, status=status, request_id=request_id, reason=reason, fix=hint)


def explain_redirect(call: Call, status: int, location: str) -> TargetError:
    """The error for a redirect, which is never followed."""
    parts = urlsplit(location)
    target = quotable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}") if parts.netloc else "another path"
    reason = f"a redirect to {target}, which is not followed"
    return explain_status(
        call, status, reason=reason, hint="give the final address as the target's url", kind=UnexpectedError
    )


def what_instead(body: bytes) -> str:
    """What the body of an answer is that is not JSON though it should be."""
    start = body[:200].lstrip()
    if not start:
        return "the answer is empty where JSON was expected; is that the right address?"
    if start.startswith(b"<"):
        return "the answer is HTML where JSON was expected; is that the right address, or is a proxy between?"
    if start[:1] in b"{[":
        return "the answer is JSON that was cut off or damaged; try again, and look at any proxy between"
    return "the answer is not JSON; is that the right address?"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
