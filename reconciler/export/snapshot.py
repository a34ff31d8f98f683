"""Snapshots: what is owned, dated, without secrets and recipients, as one JSON document, written and read back. Pure.

A trusted job makes a snapshot, so that a pull request from a fork can be planned without any credentials. Recipients
are people's addresses, so they are left out as secrets are; a plan against a snapshot does not compare either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.export.objects import LiveObjectAt, LiveTarget
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError
from reconciler.model.kinds import KINDS, Field, Role
from reconciler.model.resource import LiveObject, Server, VersionSource
from reconciler.model.values import Value

FORMAT = "reconciler.snapshot/v1"


@dataclass(frozen=True, slots=True)
class SnapshotTarget:
    """One target as it was: what its server said about itself, and the objects that we owned."""

    target: str
    provider: str
    server: Server
    objects: tuple[LiveObject, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was owned at one moment, by target."""

    owner: str
    created_at: datetime
    targets: Mapping[str, SnapshotTarget]

    def age(self, now: datetime) -> timedelta:
        """How old the snapshot is; never negative."""
        return max(now - self.created_at, timedelta())


def snapshot_document(
    owner: str, created_at: str, targets: Iterable[tuple[LiveTarget, str, Server]], tool_version: str
) -> dict[str, Any]:
    """The document: for each target its server and its owned objects. `targets` holds (target, provider's name,
    server)."""
    return {
        "format": FORMAT,
        "owner": owner,
        "created_at": created_at,
        "tool_version": tool_version,
        "targets": [
            {
                "target": place.target,
                "provider": provider,
                "server": {
                    "product": server.product,
                    "identity": server.identity,
                    "version": server.version,
                    "source": server.source.value,
                    "incomplete": server.incomplete,
                },
                "objects": [_object(item) for item in _owned(place)],
            }
            for place, provider, server in targets
        ],
    }


def _owned(place: LiveTarget) -> list[LiveObjectAt]:
    items = (LiveObjectAt(place, found) for found in place.found)
    return [item for item in items if item.owned and item.found.live.kind is not None]


def _object(item: LiveObjectAt) -> dict[str, Any]:
    live, mark = item.found.live, item.found.mark
    kind = KINDS[live.kind or ""]
    fields = {
        field.name: _redacted(field, live.fields[field.name]) for field in kind.fields if field.name in live.fields
    }
    text = str(live.fields.get("description") or "")
    fields["description"] = f"{text} {mark}" if text else str(mark)
    return {
        "id": live.id,
        "kind": live.kind,
        "native_type": live.native_type,
        "updated": live.updated,
        "fields": fields,
    }


def _redacted(field: Field, value: Value) -> Any:
    match field.role:
        case Role.SECRET | Role.SET:
            return None
        case Role.SECRETS:
            return dict.fromkeys(value) if isinstance(value, Mapping) else {}
        case Role.REFERENCES:
            return sorted(value) if isinstance(value, frozenset) else []
        case _:
            return value


def parse_snapshot(text: str, name: str) -> Snapshot:
    """The snapshot that a document's text holds; ConfigurationError, which names the file `name`, if it is none."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise ValueError
        created_at = datetime.fromisoformat(document["created_at"])
        targets = [_parse_target(item) for item in document["targets"]]
        return Snapshot(
            str(document["owner"]),
            created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC),
            {item.target: item for item in targets},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f"{name}: is not a snapshot in the format {FORMAT}: make it with `reconciler export --snapshot {name}`"
        ) from None


def _parse_target(item: Mapping[str, Any]) -> SnapshotTarget:
    server = item["server"]
    return SnapshotTarget(
        str(item["target"]),
        str(item["provider"]),
        Server(
            str(server["product"]),
            str(server["identity"]),
            str(server["version"]),
            VersionSource(server["source"]),
            incomplete=str(server.get("incomplete", "")),
        ),
        tuple(_parse_object(part) for part in item["objects"]),
    )


def _parse_object(item: Mapping[str, Any]) -> LiveObject:
    kind = KINDS[item["kind"]]
    fields = {name: _parse_value(kind.field(name), value) for name, value in item["fields"].items()}
    return LiveObject(
        str(item["id"]), kind.name, fields, native_type=str(item["native_type"]), updated=str(item["updated"])
    )


def _parse_value(field: Field, value: Any) -> Value:
    match field.role:
        case Role.REFERENCES:
            return frozenset(str(name) for name in value)
        case Role.SECRETS:
            return {str(name): None for name in value}
        case Role.SECRET | Role.SET:
            return None
        case Role.SWITCH:
            return bool(value)
        case Role.NUMBER:
            return int(value)
        case _:
            return None if value is None else str(value)
