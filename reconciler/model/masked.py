"""Addresses that a server gives with a part masked: recognised by their form alone. Pure.

One rule for every provider: only the masked part is unknown. `values.MaskedText` holds what is known of a masked
address, and says whether a value may be the one behind the mask.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from reconciler.model.values import MaskedText, SecretText

_ANYWHERE = re.compile(r"\*{2,}|•{2,}|…|%E2%80%A2|<redacted>|\[redacted\]", re.IGNORECASE)
_WHOLE_PIECE = re.compile(r"[xX]{3,}|\*|\.{3,}|redacted|masked", re.IGNORECASE)
_BETWEEN_PIECES = re.compile(r"([/=&?#]+)")
_MASK = "\0"  # stands in no address


def read_address(text: str) -> SecretText | MaskedText:
    """An address as a server gave it: in clear, or masked where no message could be posted to it."""
    parts = _open_parts(text) if _is_address(text) else ("", "")
    return SecretText(text) if len(parts) == 1 else MaskedText(SecretText(text), parts)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _open_parts(text: str) -> tuple[str, ...]:
    """What stands before, between and after the masks; the whole text if there is none."""
    pieces = (
        _MASK if _WHOLE_PIECE.fullmatch(piece) else _ANYWHERE.sub(_MASK, piece)
        for piece in _BETWEEN_PIECES.split(text.replace(_MASK, ""))
    )
    return tuple(re.split(f"{_MASK}+", "".join(pieces)))
