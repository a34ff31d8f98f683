"""Answers of receivers that do not behave like a proper web server, byte by byte, by their name in the path.

They are those with which the recordings were made.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

__all__ = ["ODDITIES", "Oddity", "plain_oddity"]


@dataclass(frozen=True, slots=True)
class Oddity:
    """The bytes of an answer; afterwards the connection is closed, or with `reset` reset."""

    answer: bytes = b""
    reset: bool = False
    before: float = 0.0  # seconds before the answer
    drip: float = 0.0  # seconds between the bytes of the body


def _answer(status: str, body: bytes = b"", *headers: str, length: bool = True) -> Oddity:
    """An answer that says that the connection is closed after it; with its length, unless `length` is False."""
    lines = [f"HTTP/1.1 {status}", *headers, "Connection: close"]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return Oddity("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


_QUOTED = 'say "no"\r\n<script>alert(1)</script> \\ ünï'.encode()
_MEGABYTE = b"x" * 1048576
_AWAY = "Location: http://127.0.0.1:9/elsewhere"

ODDITIES: Mapping[str, Oddity] = {
    # the form of an answer
    "204body": _answer("204 No Content", b"surprise"),
    "http10": Oddity(b"HTTP/1.0 200 OK\r\n\r\nold style"),
    "nolength": _answer("200 OK", b"no length", length=False),
    "chunked": _answer("200 OK", b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=False),
    "chunkbroken": _answer("200 OK", b"3\r\nabc\r\n", "Transfer-Encoding: chunked", length=False),
    "short": Oddity(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nab"),
    "close": Oddity(),
    "reset": Oddity(reset=True),
    "garbage": Oddity(b"220 mail.example.org ESMTP\r\n"),
    "s100": Oddity(b"HTTP/1.1 100 Continue\r\n\r\n" + _answer("200 OK", b"ok").answer),
    "s103": Oddity(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + _answer("200 OK", b"ok").answer),
    "gzip": _answer("200 OK", gzip.compress(b"compressed ok"), "Content-Encoding: gzip"),
    "badgzip": _answer("200 OK", b"not compressed", "Content-Encoding: gzip"),
    "closes": Oddity(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),  # and does not say that it will
    # what it says
    "noreason": _answer("200", b"ok"),
    "noreason404": _answer("404", b"gone"),
    "ownreason": _answer('404 Channel <b>"#ops"</b> archived', b"gone"),
    "quoted": _answer("500 Internal Server Error", _QUOTED),
    "quoted200": _answer("200 OK", _QUOTED),
    "error200": _answer("200 OK", b'{"ok":false,"error":"channel_not_found"}', "Content-Type: application/json"),
    "mb200": _answer("200 OK", _MEGABYTE),
    "mb500": _answer("500 Internal Server Error", _MEGABYTE),
    # statuses with a body of their own
    "s200": _answer("200 OK"),
    "s201": _answer("201 Created", b"p"),
    "s203": _answer("203 Non-Authoritative Information", b"p"),
    "s205": _answer("205 Reset Content", b"p"),
    "s206": _answer("206 Partial Content", b"p"),
    "s207": _answer("207 Multi-Status", b"p"),
    "s208": _answer("208 Already Reported", b"p"),
    "s299": _answer("299 Custom", b"p"),
    "s600": _answer("600 Odd", b"?"),
    "s401": _answer("401 Unauthorized", b"who", 'WWW-Authenticate: Basic realm="x"'),
    "s401plain": _answer("401 Unauthorized", b"who"),
    "s407": _answer("407 Proxy Authentication Required", b"who", 'Proxy-Authenticate: Basic realm="x"'),
    "s418": _answer("418 I'm a teapot", b"tea"),
    "s429": _answer("429 Too Many Requests", b"slow down", "Retry-After: 4"),
    "s502": _answer("502 Bad Gateway", b"bad"),
    "s503": _answer("503 Service Unavailable", b"busy", "Retry-After: 4"),
    "s503plain": Oddity(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"),
    "s504": _answer("504 Gateway Timeout", b"late"),
    # elsewhere
    **{f"r{status}": _answer(f"{status} Moved", b"moved", _AWAY) for status in (301, 302, 303, 307, 308)},
    "rnoloc": _answer("302 Found", b"moved"),
    "rself": _answer("307 Moved", b"moved", "Location: /rself"),
    # late
    "slow5": Oddity(_answer("200 OK", b"late").answer, before=5),
    "slow30": Oddity(_answer("200 OK", b"late").answer, before=30),
    "slow60": Oddity(_answer("200 OK", b"late").answer, before=60),
    "drip": Oddity(_answer("200 OK", b"z" * 14).answer, drip=5),
}


def plain_oddity(name: str) -> Oddity | None:
    """The oddity `sNNN`: any other status, with its usual phrase and the body `p`; None for other names."""
    if not re.fullmatch(r"s[1-9]\d\d", name):
        return None
    status = int(name[1:])
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Odd"
    return _answer(f"{status} {phrase}", b"" if status in (204, 304) else b"p")
