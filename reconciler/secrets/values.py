"""What counts as a secret's value: text of a bounded size, without what no address or header can hold.

Every source's values pass through here; the errors name the place they came from, never the value.
"""

from __future__ import annotations

from reconciler.errors import SecretError

__all__ = ["MAX_BYTES", "check_value", "decode_value"]

MAX_BYTES = 1 << 20
"""The size of the largest value: 1 MiB."""


def decode_value(raw: bytes, place: str) -> str:
    """Bytes as text, without the one newline that editors and commands put at the end, nor a byte order mark."""
    if len(raw) > MAX_BYTES:
        raise too_large(place)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _binary(place) from None
    return text.removesuffix("\n").removesuffix("\r")


def check_value(value: object, place: str) -> str:
    """The value, if it can be used; plug-ins may return anything, and environment variables may hold stray bytes."""
    if not isinstance(value, str):
        raise SecretError(f"{place} gave no text; a secret is a string")
    if not value:
        raise SecretError(f"{place} gave an empty value; put the secret there")
    if "\0" in value or not _is_utf8(value):
        raise _binary(place)
    if len(value) > MAX_BYTES:
        raise too_large(place)
    return value


def too_large(place: str) -> SecretError:
    """The error for a value over the limit."""
    return SecretError(f"{place} gave more than 1 MiB; a secret is a short text: is this the right one?")


def _binary(place: str) -> SecretError:
    return SecretError(f"{place} gave binary data; a secret is text in UTF-8, without NUL characters")


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
