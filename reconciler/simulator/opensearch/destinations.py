"""May this address be sent to? The sender's own rules, stricter than those for storing it.

Sources: SPI `ValidationHelpers` (`isValidUrl`, the deny list) of the plugin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

__all__ = ["illegal_character", "is_denied", "is_sendable"]

_ILLEGAL = frozenset('\\"<>^`{|}')

_PRIVATE_NAMES = frozenset(
    (
        *("local", "localhost", "localdomain", "internal", "intranet", "lan", "home", "corp", "private"),
        *("test", "example", "invalid", "svc", "cluster", "domain"),
    )
)


def is_sendable(url: str) -> bool:
    """A bare host, without port or path, must be a public domain name; anything more passes (SPI ValidationHelpers)."""
    bare = url[url.find("//") + 2 :]
    host = urlsplit(url).hostname or ""
    return bare.lower() != host or _is_public_name(bare)


def _is_public_name(host: str) -> bool:
    """Near enough to commons-validator's DomainValidator: a dotted name whose last label can be a real domain."""
    labels = host.lower().split(".")
    top = labels[-1]
    well_formed = all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label) for label in labels)
    return well_formed and len(labels) > 1 and 2 <= len(top) < 25 and not top[0].isdigit() and top not in _PRIVATE_NAMES


def is_denied(host: str, deny_hosts: Sequence[str]) -> bool:
    addresses = ["127.0.0.1", "::1"] if host.lower() == "localhost" else [host.strip("[]")]
    return any(entry.lower() == host.lower() or _contains(entry, addresses) for entry in deny_hosts)


def _contains(network: str, addresses: Sequence[str]) -> bool:
    try:
        known = ip_network(network, strict=False)
        return any(ip_address(address) in known for address in addresses)
    except ValueError:
        return False


def illegal_character(url: str) -> str:
    """What `java.net.URI` says of an address that it cannot read; empty for one that it can.

    Letters of other scripts are legal there; blanks, control characters and a few signs are not.
    """
    starts = {part: url.find(sign) for part, sign in (("query", "?"), ("fragment", "#"))}
    authority_end = min((i for i in (url.find(sign, url.find("//") + 2) for sign in "/?#") if i >= 0), default=len(url))
    for index, character in enumerate(url):
        part = "authority" if index < authority_end else "path"
        for name in ("query", "fragment"):
            if 0 <= starts[name] <= index:
                part = name
        if character == "%" and not re.fullmatch(r"%[0-9A-Fa-f]{2}", url[index : index + 3]):
            return f"Malformed escape pair at index {index}: {url}"
        if character in _ILLEGAL or ord(character) < 33 or 127 <= ord(character) < 161:
            return f"Illegal character in {part} at index {index}: {url}"
    return ""
