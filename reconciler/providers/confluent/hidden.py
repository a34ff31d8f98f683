"""Whether an address came back in clear, or with its secret part masked. Pure.

That Confluent Cloud gives addresses back in clear is inferred from its Terraform provider, and promised nowhere. Should
it mask them one day, a mask compared as if it were an address would be drift for ever; so what looks like one is taken
as not given. Apart so that there is one place to extend when a real mask is seen.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

__all__ = ["is_hidden"]

_ANYWHERE = re.compile(r"\*{2,}|•{2,}|…|%E2%80%A2|<redacted>|\[redacted\]", re.IGNORECASE)
_WHOLE_PIECE = re.compile(r"[xX]{3,}|\*|\.{3,}|redacted|masked", re.IGNORECASE)


def is_hidden(address: str) -> bool:
    """Whether an address that the server gave is no address that could be posted to."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return True
    if parts.scheme not in ("http", "https") or not parts.netloc or _ANYWHERE.search(address):
        return True
    pieces = [*parts.path.split("/"), *re.split(r"[=&]", parts.query)]
    return any(_WHOLE_PIECE.fullmatch(piece) for piece in pieces)
