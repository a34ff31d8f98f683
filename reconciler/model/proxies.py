"""Whether the environment's proxy variables hold what they should: httpx does not say which of them does not."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_SOCKS = ("socks5", "socks5h")


def wrong_proxy(proxies: Mapping[str, str], *, takes_socks: bool = False) -> str:
    """The first proxy variable that is not the address of a proxy, and what to write there; "" if all do.

    `proxies` are those of the environment as urllib's `getproxies` gives them, by `http`, `https` and `all`;
    `takes_socks`: the package socksio is there. No value is shown: a proxy's password stands in it.
    """
    for what in ("http", "https", "all"):
        name = f"{what.upper()}_PROXY (or {what}_proxy)"
        scheme = _scheme(proxies.get(what, "").strip())
        if scheme in _SOCKS and not takes_socks:
            return f"{name} names a SOCKS proxy, for which the package socksio is needed: install it"
        if scheme not in ("", "http", "https", *_SOCKS):
            return f"{name} is not the address of a proxy: write http://host:port there, or unset it"
    return ""


def _scheme(value: str) -> str:
    """How a proxy is spoken to, `?` if the value is no address; "" where there is none. Without a scheme it is http."""
    if not value:
        return ""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        return parts.scheme if parts.hostname and parts.port != 0 else "?"
    except ValueError:
        return "?"
