"""Addresses of targets: which are the operator's own machine or its cloud's, and which a pattern of the policy means.

A pattern is matched part by part, so that no path, port or user name passes for a host. Pure.
"""

from __future__ import annotations

import ipaddress
from fnmatch import fnmatchcase
from urllib.parse import SplitResult, urlsplit

import httpx

_CLOUD = tuple(
    map(
        ipaddress.ip_network,
        (
            "fd00:ec2::/32",  # AWS: the metadata service and EKS Pod Identity by IPv6, which are not link-local
            "168.63.129.16/32",  # Azure: the platform's own address in each virtual machine
            "100.100.100.200/32",  # Alibaba Cloud: the metadata service
        ),
    )
)
_EMBEDDING = tuple(map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))
"""IPv6 networks whose last 32 bits are an IPv4 address: RFC 4291 2.5.5, RFC 2765, RFC 6052."""


def is_local(host: str) -> bool:
    """Whether a host is the operator's own machine, its link's or its cloud's, whatever form the address has."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    found = [address]
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _EMBEDDING):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return any(
        item.is_loopback or item.is_link_local or item.is_unspecified or any(item in network for network in _CLOUD)
        for item in found
    )


def host_of(url: object) -> str:
    """The host of an address in the form in which the connection looks it up; "" where there is none."""
    try:
        return httpx.URL(url).raw_host.decode("ascii").rstrip(".").lower() if isinstance(url, str) else ""
    except (httpx.InvalidURL, UnicodeError):
        return ""


def is_pattern(pattern: str) -> bool:
    """Whether a pattern of addresses is one: `*`, or a scheme and a host with what may follow them."""
    return pattern == "*" or bool((parts := _split(pattern)) and parts.scheme and parts.netloc)


def matches(url: str, pattern: str) -> bool:
    """Whether an address is one that a pattern means: its host as `host_matches` has it; a `*` at the end of a pattern
    without a path is any port and any path."""
    if pattern == "*":
        return True
    found, meant = _split(url), _split(pattern)
    if found is None or meant is None or "@" in found.netloc or found.query or found.fragment:
        return False
    is_open = meant.netloc.endswith("*") and not meant.path
    host, port = _host_and_port(meant.netloc.removesuffix("*") if is_open else meant.netloc)
    own_host, own_port = _host_and_port(found.netloc)
    if not fnmatchcase(found.scheme, meant.scheme) or not host_matches(own_host, host or "*"):
        return False
    if is_open:
        return True
    path = found.path.rstrip("/")
    climbs = ".." in path.split("/")
    return fnmatchcase(own_port, port) and (path == meant.path or (not climbs and fnmatchcase(path, meant.path)))


def host_matches(host: str, pattern: str) -> bool:
    """Whether a host's name is one that a pattern means, label by label from the end: `*.example.org` is any name below
    that one, however deep; any other `*` stays within its label, so that `search-*.example.org` is no name below
    somebody else's `search-x.other.example.org`."""
    if pattern == "*" or host == pattern.lower():
        return True
    own, meant = host.split("."), pattern.lower().split(".")
    if meant[0] == "*" and len(own) > len(meant):
        own = ["", *own[len(own) - len(meant) + 1 :]]
    return len(own) == len(meant) and all(map(fnmatchcase, own, meant))


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _host_and_port(netloc: str) -> tuple[str, str]:
    """The parts of `host:port`, with the brackets of IPv6; the port "" where there is none."""
    host, colon, port = netloc.lower().rpartition(":")
    return (netloc.lower(), "") if not colon or "]" in port else (host, port)
