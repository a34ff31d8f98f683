"""What went wrong on the way to a target, or was answered, as one of our errors in plain words.

httpx's exceptions stop here. They are reworded, never chained: they carry the request, whose address and headers may
hold secrets. What a provider's error body says is the provider's to read; `quotable` decides what of it may be shown.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import NamedTuple

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

_LONGEST_QUOTE = 300  # characters
_PIECE = 8  # so many characters of a secret in a row are a leak
_BY_STATUS: dict[int, type[TargetError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    429: UnexpectedError,
}


class Call(NamedTuple):
    """One call, as messages name it. `where` is the target's name or the provider's, `address` has no path."""

    where: str
    method: str
    path: str
    address: str

    def __str__(self) -> str:
        return f"{self.where}: {self.method} {self.path}"


class Silence(NamedTuple):
    """No answer, and why. `transient`: it may well be over in a moment, so trying again makes sense."""

    error: TargetError
    transient: bool


def explain_silence(call: Call, exc: httpx.HTTPError | httpx.InvalidURL) -> Silence:
    """The error for a call that httpx could not bring home."""
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
            return Silence(UnexpectedError(f"{call} was answered with damaged data; is a proxy in between?"), False)
        case httpx.ReadError() | httpx.WriteError() | httpx.CloseError() | httpx.RemoteProtocolError():
            what = "the connection was closed before the answer was complete"
            return _unreachable(call, what, "look into the server's log, and at any proxy", sent=True, transient=True)
        case _:
            hint = "check the target's url, headers and credentials"
            return _unreachable(call, "the request could not be formed", hint, sent=False, transient=False)


def out_of_time(call: Call, seconds: float = 0) -> Silence:
    """The error for a call whose deadline passed."""
    limit = f" within {seconds:g} s" if seconds else " in time"
    hint = "is the server overloaded, or timeout_seconds too short?"
    return Silence(TimedOutError(f"{call}: no complete answer from {call.address}{limit}; {hint}", fix=hint), False)


def _explain_connect(call: Call, exc: httpx.ConnectError) -> Silence:
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


def _unreachable(call: Call, what: str, hint: str, *, sent: bool, transient: bool) -> Silence:
    return Silence(UnreachableError(f"{call}: {what}; {hint}", sent=sent, fix=hint), transient)


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """What led to an exception, outermost first, groups opened."""
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
    """The error for an answer of this status. `reason` must be fit to be shown: our own words, or `quotable` ones."""
    kind = kind or _BY_STATUS.get(status) or (RejectedError if 400 <= status < 500 else UnexpectedError)
    text = f"{call} was answered {status} {_phrase(status)}".rstrip()
    text += f": {reason}" if reason else ""
    text += f"; {hint}" if hint else ""
    text += f" (request id {quotable(request_id)})" if request_id else ""
    return kind(text, status=status, request_id=request_id, reason=reason, fix=hint)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def quotable(text: str, secrets: Iterable[str] = ()) -> str:
    """A server's words made fit to be shown: one line, printable, not long, addresses without their paths.

    "" if they hold any eight characters in a row of one of `secrets`: the server repeated what it was sent.
    """
    start = text[: 4 * _LONGEST_QUOTE]
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in start).split())
    if any(_shares_piece(line, secret) for secret in secrets):
        return ""
    line = re.sub(r"(https?://)(?:[^\s/@]*@)?([^\s/?#\"']+)[^\s\"']*", r"\1\2/•••", line)
    return line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "…"


def _shares_piece(line: str, secret: str) -> bool:
    if len(secret) <= _PIECE:
        return bool(secret) and secret in line
    return any(line[at : at + _PIECE] in secret for at in range(len(line) - _PIECE + 1))
