"""The catalogue of notification types: the words by which a manifest may name one, and what is known about it. Pure.

Only the organisation itself shows its catalogue. Ids are the server's, so manifests may use display names instead; a
name that two types share names neither of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.provider import KeyWord, NotificationType
from reconciler.model.resource import Server


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All notification types, by id."""

    types: Mapping[str, NotificationType] = field(default_factory=dict)

    @classmethod
    def parse(cls, items: Iterable[Any]) -> Catalogue:
        """The catalogue from the items of the list of notification types; items without an id are left out."""
        found = [
            NotificationType(
                id=item["id"],
                name=_text(item.get("display_name")),
                category=_text(item.get("category")),
                priority=_text(item.get("subscription_priority")),
                in_plan=item.get("is_included_in_plan") is not False,
                required=item.get("subscription_priority") == "REQUIRED",
            )
            for item in items
            if isinstance(item, dict) and isinstance(item.get("id"), str)
        ]
        return cls({one.id: one for one in found})

    def word_for(self, type_id: str) -> str:
        """The word that live objects have for a type: its display name if no other type has it, else its id."""
        known = self.types.get(type_id)
        return known.name if known is not None and self._names_one(known) else type_id

    def id_for(self, word: str) -> str:
        """The id of the type that a word names; the word itself if it names none."""
        if word in self.types:
            return word
        return next((one.id for one in self.types.values() if one.name == word), word)

    def find(self, word: str) -> NotificationType | None:
        """The type that a word names; None if it names none."""
        return self.types.get(self.id_for(word))

    def words(self) -> dict[str, KeyWord]:
        """Every word that a manifest may use for a type, with what it means or why it cannot be used."""
        known = list(self.types.values())
        words = {
            name: KeyWord(name, f"{count} notification types have this name: give the id of the one that is meant")
            for name, count in Counter(one.name for one in known).items()
            if count > 1
        }
        words |= {one.name: self._as_word(one) for one in known if self._names_one(one)}
        return words | {one.id: self._as_word(one) for one in known}

    def _as_word(self, one: NotificationType) -> KeyWord:
        problem = "" if one.in_plan else "the organisation's plan does not include this notification type"
        return KeyWord(self.word_for(one.id), problem, {"state": "ENABLED"} if one.required else {})

    def _names_one(self, one: NotificationType) -> bool:
        alike = sum(1 for other in self.types.values() if other.name == one.name)
        return bool(one.name) and alike == 1 and one.name not in self.types


_ORGANISATION = re.compile(r"/organization=([^/]+)(?:/|$)")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def parse_server(listing: Any, address: str) -> Server:
    """The organisation, from the answer to a list of integrations; if no object shows its id, `address` is used."""
    organisation = _organisation(listing)
    if organisation:
        return Server("Confluent Cloud", organisation)
    note = "nothing in the organisation shows its id, so the address is used as its identity"
    return Server("Confluent Cloud", address, notes=(note,))


def _organisation(listing: Any) -> str:
    """The organisation's id from the resource name of the first object of a list; "" if that does not show it."""
    items = listing.get("data") if isinstance(listing, dict) else None
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    metadata = first.get("metadata")
    name = metadata.get("resource_name") if isinstance(metadata, dict) else None
    found = _ORGANISATION.search(name) if isinstance(name, str) else None
    return found[1] if found else ""
