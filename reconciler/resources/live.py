"""What a provider reads and writes: live objects, drafts, and what a server says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.resources.values import Value

__all__ = ["Draft", "LiveObject", "Server"]


@dataclass(frozen=True, slots=True)
class LiveObject:
    """One object as a provider read it.

    `kind` is None for a type that this version of the tool does not know; `native_type` is the provider's word for it.
    `fields` are complete, with references as the ids of other live objects, and the description still with its mark.
    A secret that the provider does not give in clear is None. `updated` is when it was last changed, in the server's
    own form; `read_only` objects belong to the platform, and are referred to by their `alias` (`role:Admin`).
    """

    id: str
    kind: str | None
    fields: Mapping[str, Value]
    native_type: str = ""
    updated: str = ""
    created: str = ""
    read_only: bool = False
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written: complete fields, secrets resolved, references as live ids, description with its mark.

    `id` is the id to create it under, where the provider lets us choose.
    """

    kind: str
    fields: Mapping[str, Value]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """What a target says of itself. `identity` is its cluster or organisation id, or its address if it tells none.

    `version` is "" where it has none; `certain` is False when the version was assumed rather than read.
    """

    product: str
    identity: str
    version: str = ""
    certain: bool = True
    notes: tuple[str, ...] = ()
