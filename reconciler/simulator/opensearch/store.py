"""The configs index: documents by id, and what a search sees of them.

Reading by id is realtime; a search sees the state of the last refresh. From 3.1 on every write refreshes, before that
a refresh happens each `refresh_interval` seconds of the simulator's clock. Tests may hold the refresh back and do it
themselves. What a document may contain is decided elsewhere.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from threading import RLock
from typing import Any

from reconciler.simulator.clock import Clock
from reconciler.simulator.opensearch.models import Config

__all__ = ["Document", "Store"]

_DELETES_FORGOTTEN_AFTER = 60.0  # index.gc_deletes: for so long a deleted id keeps its version


class Document:
    """One stored config. `order` is its place in the index: a rewritten document moves to the end.

    `access` are the backend roles of whoever made it; none means that it is everybody's.
    """

    __slots__ = ("_text", "access", "config", "config_id", "created_ms", "order", "updated_ms", "version")

    def __init__(
        self,
        config_id: str,
        config: Config,
        created_ms: int,
        updated_ms: int,
        version: int,
        order: int,
        access: tuple[str, ...] = (),
    ) -> None:
        self.config_id = config_id
        self.config = config
        self.created_ms = created_ms
        self.updated_ms = updated_ms
        self.version = version
        self.order = order
        self.access = access
        self._text = ""

    @property
    def text(self) -> str:
        """Its entry in a `config_list`, as JSON; made once."""
        if not self._text:
            self._text = json.dumps(self.as_json(), ensure_ascii=False, separators=(",", ":"))
        return self._text

    @property
    def stored(self) -> str:
        """The same with what the API never shows, for a state file."""
        return self.text if not self.access else json.dumps({**self.as_json(), "access": self.access})

    def as_json(self) -> dict[str, Any]:
        return {
            "config_id": self.config_id,
            "last_updated_time_ms": self.updated_ms,
            "created_time_ms": self.created_ms,
            "config": self.config.as_json(),
        }


class Store:
    """Documents of one cluster. Safe to use from any thread."""

    def __init__(
        self, clock: Clock, *, refreshes_at_once: bool, refresh_interval: float = 1.0, auto_refresh: bool = True
    ) -> None:
        self._clock = clock
        self._lock = RLock()
        self._live: dict[str, Document] = {}
        self._pending: dict[str, Document | None] = {}
        self._searchable: dict[str, Document] = {}
        self.broken: dict[str, tuple[int, str]] = {}
        self._unparsed: dict[str, Document] = {}
        self._deleted: dict[str, tuple[int, float]] = {}
        self._next_order = 0
        self._began = clock.now()
        self._ticks = 0
        self.refreshes_at_once = refreshes_at_once
        self.refresh_interval = refresh_interval
        self.auto_refresh = auto_refresh
        self.write_count = 0

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, config_id: object) -> bool:
        return config_id in self._live

    # -- realtime

    def get(self, config_id: str) -> Document | None:
        return self._live.get(config_id)

    def all(self) -> list[Document]:
        """Every document, in the order of the index, whatever a search would see."""
        with self._lock:
            return sorted(self._live.values(), key=lambda document: document.order)

    def write(self, config: Config, config_id: str | None = None, access: tuple[str, ...] = ()) -> Document:
        """Create the document or replace it whole. Makes up an id if need be.

        An update keeps the creation time, and the backend roles of whoever made it.
        """
        with self._lock:
            config_id = secrets.token_urlsafe(15) if config_id is None else config_id
            former = self._live.get(config_id)
            now = self._clock.stamp()
            created = former.created_ms if former else now
            roles = former.access if former else access
            document = self._add(config_id, config, created, now, self._next_version(config_id), roles)
            self._changed(config_id, document)
            return document

    def delete(self, config_id: str) -> bool:
        """Remove the document; false when there is none."""
        with self._lock:
            former = self._live.pop(config_id, None)
            if former is None:
                return False
            self._deleted[config_id] = (former.version + 1, self._clock.now())
            self._changed(config_id, None)
            return True

    def seed(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Put in entries shaped as the API lists them: `{"config_id", "config": {...}}`, unchecked.

        Times are optional, and `access`, the backend roles of whoever made it. `{"config_id", "broken": reason}` is a
        stored document that the plugin cannot read (`status` 424): every list fails that has it among its hits.
        """
        with self._lock:
            for entry in entries:
                self._seed_one(entry)
            self.refresh()

    def _seed_one(self, entry: Mapping[str, Any]) -> None:
        if "broken" in entry:
            config_id, stamp = entry["config_id"], entry.get("created_time_ms") or self._clock.stamp()
            self.broken[config_id] = (int(entry.get("status", 424)), str(entry["broken"]))
            config = Config(config_id, "", "slack", True, {})
            self._unparsed[config_id] = Document(config_id, config, stamp, stamp, 1, self._next_order)
            self._next_order += 1
            return
        raw = entry["config"]
        self.broken.pop(entry.get("config_id", ""), None)
        self._unparsed.pop(entry.get("config_id", ""), None)
        config = Config(
            raw["name"],
            raw.get("description", ""),
            raw["config_type"],
            raw.get("is_enabled", True),
            raw.get(raw["config_type"], {}),
        )
        config_id = entry.get("config_id") or secrets.token_urlsafe(15)
        created = entry.get("created_time_ms") or self._clock.stamp()
        updated = entry.get("last_updated_time_ms") or created
        access = tuple(entry.get("access", ()))
        document = self._add(config_id, config, created, updated, self._next_version(config_id), access)
        self._pending[config_id] = document

    def clear(self) -> None:
        """Remove everything, from searches too."""
        with self._lock:
            self._live.clear()
            self.broken.clear()
            self._unparsed.clear()
            self._pending.clear()
            self._searchable = {}
            self.write_count += 1

    # -- search and refresh

    def searchable(self) -> list[Document]:
        """What a search sees now, in the order of the index."""
        with self._lock:
            self._tick()
            return [*self._searchable.values(), *self._unparsed.values()]

    def snapshot(self) -> list[Document]:
        """What a search sees, to be looked at later."""
        return self.searchable()

    def refresh(self, auto: bool | None = None) -> None:
        """Make all writes so far visible to searches; `auto` switches later refreshes off or on (None: as before)."""
        with self._lock:
            self.auto_refresh = self.auto_refresh if auto is None else auto
            for config_id, document in self._pending.items():
                self._searchable.pop(config_id, None)
                if document is not None:
                    self._searchable[config_id] = document
            self._pending.clear()

    # -- inside

    def _add(
        self, config_id: str, config: Config, created: int, updated: int, version: int, access: tuple[str, ...]
    ) -> Document:
        document = Document(config_id, config, created, updated, version, self._next_order, access)
        self._next_order += 1
        self._live[config_id] = document
        return document

    def _changed(self, config_id: str, document: Document | None) -> None:
        self._tick()
        self._pending[config_id] = document
        self.write_count += 1
        if self.refreshes_at_once and self.auto_refresh:
            self.refresh()

    def _tick(self) -> None:
        """Do the periodic refresh if its time has passed since the last look; called before every write."""
        if not self.auto_refresh:
            return
        if self.refreshes_at_once:
            self.refresh()
            return
        ticks = int((self._clock.now() - self._began) / self.refresh_interval) if self.refresh_interval > 0 else 0
        if ticks > self._ticks or self.refresh_interval <= 0:
            self.refresh()
        self._ticks = ticks

    def _next_version(self, config_id: str) -> int:
        former = self._live.get(config_id)
        if former:
            return former.version + 1
        version, deleted_at = self._deleted.pop(config_id, (0, 0.0))
        return version + 1 if self._clock.now() - deleted_at < _DELETES_FORGOTTEN_AFTER else 1
