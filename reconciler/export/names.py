"""Manifest names for live objects: the mark's own name, else one made of the display name, safe and unique."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

__all__ = ["safe_name", "unique_name"]

_LONGEST = 63


def safe_name(text: str, fallback: str) -> str:
    """A text as a manifest's name: small letters, digits and dashes; `fallback` where nothing of it is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].rstrip("-")
    return name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", fallback).lower()


def unique_name(name: str, taken: Container[str]) -> str:
    """The name, or with the first number at its end that makes it unique."""
    if name not in taken:
        return name
    number = 2
    while (candidate := f"{name[: _LONGEST - len(str(number)) - 1]}-{number}") in taken:
        number += 1
    return candidate
