"""OpenSearch versions: read from any text, compared; and which ones cannot be. Pure."""

from __future__ import annotations

import re

OLDEST = "2.0.0"
"""The first version with the plugin's API that this tool uses."""

_NUMBER = re.compile(r"([1-9][0-9]?)(?:\.([0-9]{1,3}))?(?:\.([0-9]{1,3}))?(?![0-9A-Za-z])")
_COMPATIBILITY = (7, 10)  # what compatibility.override_main_response_version shows; OpenSearch has no such version


def read_version(text: object) -> str:
    """The version in a text, as `3.6.0`; "" for what no OpenSearch can be: 7.10.2, 0.x, words, endless digits."""
    match = _NUMBER.match(text) if isinstance(text, str) else None
    if match is None:
        return ""
    major, minor, patch = (int(part or 0) for part in match.groups())
    return "" if (major, minor) == _COMPATIBILITY else f"{major}.{minor}.{patch}"


def is_before(version: str, threshold: str) -> bool:
    """Whether a version is older than another; False for an unknown ("") one."""
    return bool(version) and numbers(version) < numbers(threshold)


def numbers(version: str) -> tuple[int, ...]:
    """A version as three numbers to compare by; () for a text that is none."""
    found = re.match(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()
