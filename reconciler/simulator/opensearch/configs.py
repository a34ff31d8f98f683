"""Create, read, update and delete configs.

Sources: plugin `NotificationConfigRestHandler`, `ConfigIndexingActions`, `NotificationConfigIndex`. Bodies are parsed
by `models`, configs checked by `checks`, lists found by `search`; results are JSON texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from reconciler.simulator.opensearch.checks import Checks, java_list
from reconciler.simulator.opensearch.errors import (
    INDEX,
    ApiError,
    illegal_argument,
    status_error,
    storage_error,
    validation_error,
)
from reconciler.simulator.opensearch.models import parse_create, parse_update
from reconciler.simulator.opensearch.search import FILTERS, WINDOW, ListQuery, Page, run_query
from reconciler.simulator.opensearch.security.caller import Access
from reconciler.simulator.opensearch.store import Document, Store
from reconciler.simulator.opensearch.versions import Version

__all__ = ["Configs", "check_sort_order"]

_ACTION = "cluster:admin/opensearch/notifications/configs"
_CHANNEL_TYPES = ("slack", "chime", "microsoft_teams", "mattermost", "webhook", "email", "sns")
_INT = (-(2**31), 2**31 - 1)


class Configs:
    """The plugin's operations on one store."""

    def __init__(self, store: Store, version: Version) -> None:
        self._store = store
        self._version = version
        self._checks = Checks(store, version)

    # -- writing

    def create(self, body: bytes, access: Access) -> str:
        request = parse_create(body, self._version.config_types)
        access.enter(f"{_ACTION}/create")
        self._checks.config(request.config, access)
        if request.config_id is not None:
            self._checks.new_id(request.config_id)
        self._checks.size(request.config)
        document = self._store.write(request.config, request.config_id, access.caller.backend_roles)
        return json.dumps({"config_id": document.config_id})

    def update(self, body: bytes, path_id: str, access: Access, *, is_overtaken: bool = False) -> str:
        """Replace a config. Overtaken by a delete, the write recreates the object, and is answered with a 500."""
        request = parse_update(body, self._version.config_types, path_id)
        access.enter(f"{_ACTION}/update")
        config_id = str(request.config_id)
        self._check_readable(config_id)
        self._checks.config(request.config, access)
        former = self._store.get(config_id)
        if former is None:
            raise _not_found(config_id)
        access.check(config_id, former.access)
        if former.config.config_type != request.config.config_type:
            raise status_error(409, "Config type cannot be changed after creation")
        self._checks.size(request.config)
        if is_overtaken:
            self._store.delete(config_id)
        self._store.write(request.config, config_id, former.access)
        if is_overtaken:
            raise status_error(500, "NotificationConfig Update failed")
        return json.dumps({"config_id": config_id})

    def delete(self, config_ids: Sequence[str], access: Access, *, is_overtaken: bool = False) -> str:
        """Delete them all. A single one that somebody else deletes at the same time is a 408."""
        access.enter(f"{_ACTION}/delete")
        self._find(config_ids, access)
        for config_id in config_ids:
            self._store.delete(config_id)
        if is_overtaken and len(config_ids) == 1:
            raise status_error(408, f"NotificationConfig {config_ids[0]} delete failed")
        return json.dumps({"delete_response_list": dict.fromkeys(config_ids, "OK")})

    # -- reading

    def get(self, config_ids: Sequence[str], access: Access) -> str:
        access.enter(f"{_ACTION}/get")
        if "" in config_ids and len(config_ids) > 1:
            raise status_error(500, f"Failed to get data object from index {INDEX}")
        if list(config_ids) == [""]:
            cause = {"type": "action_request_validation_exception", "reason": "Validation Failed: 1: id is missing;"}
            raise storage_error("get data object from", cause, 400, wrapped=self._version.wraps_storage_errors)
        documents = self._find(config_ids, access)
        return _envelope("config_list", [document.text for document in documents], 0, len(documents))

    def _check_readable(self, *config_ids: str) -> None:
        """A stored document that does not parse can be neither read nor changed, and fails every list."""
        for config_id in config_ids:
            if config_id in self._store.broken:
                raise status_error(*self._store.broken[config_id])

    def _find(self, config_ids: Sequence[str], access: Access) -> list[Document]:
        """All of them. One that cannot be read fails the call, then one that is missing, then one that is hidden."""
        self._check_readable(*config_ids)
        found = {config_id: self._store.get(config_id) for config_id in config_ids}
        missing = [config_id for config_id, document in found.items() if document is None]
        if missing:
            raise _not_found(missing[0]) if len(found) == 1 else _all_not_found(missing)
        documents = [document for document in found.values() if document is not None]
        for document in documents:
            access.check(document.config_id, document.access)
        return documents

    def search(self, parameters: Mapping[str, str], access: Access, remembered: list[Document] | None = None) -> str:
        """One page. `remembered` is an earlier state to list instead of the present one."""
        query = _read_list_query(parameters)
        access.enter(f"{_ACTION}/get")
        page = self._search(query, access, remembered)
        return _envelope("config_list", [document.text for document in page.documents], query.from_index, page.total)

    def channels(self, access: Access, remembered: list[Document] | None = None) -> str:
        access.enter("cluster:admin/opensearch/notifications/channels/get")
        query = ListQuery(filters={"config_type": ",".join(_CHANNEL_TYPES)})
        channels = [_channel(document) for document in self._search(query, access, remembered).documents]
        return _envelope("channel_list", channels, 0, len(channels))

    def _search(self, query: ListQuery, access: Access, remembered: list[Document] | None) -> Page:
        documents = self._store.searchable() if remembered is None else remembered
        visible = (
            [document for document in documents if access.sees(document.access)] if access.filtering else documents
        )
        page = run_query(query, visible, wrapped=self._version.wraps_storage_errors)
        self._check_readable(*(document.config_id for document in page.documents))  # the plugin parses every hit
        return page


def _read_list_query(parameters: Mapping[str, str]) -> ListQuery:
    query = ListQuery(
        filters={name: value for name, value in parameters.items() if name in FILTERS},
        from_index=_read_integer(parameters.get("from_index"), 0),
        max_items=_read_integer(parameters.get("max_items"), 1000),
        sort_field=parameters.get("sort_field"),
        descending=parameters.get("sort_order", "asc").upper() == "DESC",
    )
    if query.from_index < 0 and query.max_items <= 0:
        raise validation_error("fromIndex is -ve;2: maxItems is not +ve")
    if query.from_index < 0:
        raise validation_error("fromIndex is -ve")
    if query.max_items <= 0:
        raise validation_error("maxItems is not +ve")
    return query


def check_sort_order(parameters: Mapping[str, str]) -> None:
    """An order that the enum lacks is refused before strangers among the parameters are."""
    order = parameters.get("sort_order", "asc").upper()
    if order not in ("ASC", "DESC"):
        raise illegal_argument(f"No enum constant org.opensearch.search.sort.SortOrder.{order}")


def _read_integer(text: str | None, default: int) -> int:
    """Kotlin's `toIntOrNull`: anything that is no 32-bit integer counts as absent."""
    digits = (text or "").removeprefix("-") if (text or "").startswith("-") else (text or "").removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        return default
    value = int(text or "")
    return value if _INT[0] <= value <= _INT[1] else default


def _envelope(name: str, items: Iterable[str], start: int, total: int) -> str:
    shown, relation = (WINDOW, "gte") if total > WINDOW else (total, "eq")
    head = f'"start_index":{start},"total_hits":{shown},"total_hit_relation":"{relation}"'
    return f'{{{head},"{name}":[{",".join(items)}]}}'


def _channel(document: Document) -> str:
    config = document.config
    shown = {
        "config_id": document.config_id,
        "name": config.name,
        "description": config.description,
        "config_type": config.config_type,
        "is_enabled": config.is_enabled,
    }
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _not_found(config_id: str) -> ApiError:
    return status_error(404, f"NotificationConfig {config_id} not found")


def _all_not_found(config_ids: Sequence[str]) -> ApiError:
    return status_error(404, f"NotificationConfig {java_list(config_ids)} not found")
