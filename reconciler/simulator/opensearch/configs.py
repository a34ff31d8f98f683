"""Create, read, update and delete configs, with the checks that need the store or the version.

Sources: plugin `NotificationConfigRestHandler`, `ConfigIndexingActions`, `NotificationConfigIndex`. Bodies are parsed
by `models`, lists are found by `search`; results are JSON texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reconciler.simulator.opensearch.errors import (
    INDEX,
    ApiError,
    illegal_argument,
    status_error,
    storage_error,
    validation_error,
)
from reconciler.simulator.opensearch.models import Config, parse_create, parse_update
from reconciler.simulator.opensearch.rules import check_vendor_url
from reconciler.simulator.opensearch.search import FILTERS, WINDOW, ListQuery, Page, run_query
from reconciler.simulator.opensearch.store import Document, Store
from reconciler.simulator.opensearch.versions import Version

__all__ = ["Configs", "check_sort_order"]

_LONGEST_ID = 512
_LONGEST_TERM = 32_766
_MOST_RECIPIENTS = 10_000
_CHANNEL_TYPES = ("slack", "chime", "microsoft_teams", "mattermost", "webhook", "email", "sns")
_INT = (-(2**31), 2**31 - 1)


class Configs:
    """The plugin's operations on one store."""

    def __init__(self, store: Store, version: Version) -> None:
        self._store = store
        self._version = version

    # -- writing

    def create(self, body: bytes) -> str:
        request = parse_create(body, self._version.config_types)
        self._check(request.config)
        if request.config_id is not None:
            self._check_new_id(request.config_id)
        self._check_terms(request.config)
        document = self._store.write(request.config, request.config_id)
        return json.dumps({"config_id": document.config_id})

    def update(self, body: bytes, path_id: str) -> str:
        request = parse_update(body, self._version.config_types, path_id)
        config_id = str(request.config_id)
        self._check(request.config)
        former = self._store.get(config_id)
        if former is None:
            raise _not_found(config_id)
        if former.config.config_type != request.config.config_type:
            raise status_error(409, "Config type cannot be changed after creation")
        self._check_terms(request.config)
        self._store.write(request.config, config_id)
        return json.dumps({"config_id": config_id})

    def delete(self, config_ids: Sequence[str]) -> str:
        missing = [config_id for config_id in config_ids if config_id not in self._store]
        if missing:
            raise _not_found(config_ids[0]) if len(config_ids) == 1 else _all_not_found(missing)
        for config_id in config_ids:
            self._store.delete(config_id)
        return json.dumps({"delete_response_list": dict.fromkeys(config_ids, "OK")})

    # -- checking

    def _check(self, config: Config) -> None:
        if config.config_type == "none":
            raise status_error(406, "NotificationConfig with type NONE is not acceptable")
        if "url" in config.data:
            check_vendor_url(config.config_type, config.data["url"], self._version)
        if config.config_type == "email":
            self._check_references(config.data)

    def _check_references(self, email: Mapping[str, Any]) -> None:
        account_id, group_ids = email["email_account_id"], email["email_group_id_list"]
        if account_id in group_ids:
            raise status_error(400, f"Config IDs {account_id} is in both emailAccountID and emailGroupIds")
        wanted = list(dict.fromkeys([account_id, *group_ids]))
        found = {config_id: self._store.get(config_id) for config_id in wanted}
        missing = [config_id for config_id, document in found.items() if document is None]
        if missing:
            raise status_error(404, f"Config IDs not found:{_java_list(missing)}")
        for config_id, document in found.items():
            if document is not None:
                _check_reference_type(config_id, document.config.config_type, is_account=config_id == account_id)

    def _check_new_id(self, config_id: str) -> None:
        wrapped = self._version.wraps_storage_errors
        size = len(config_id.encode())
        if size > _LONGEST_ID:
            text = f"id [{config_id}] is too long, must be no longer than {_LONGEST_ID} bytes but was: {size}"
            cause = {"type": "action_request_validation_exception", "reason": f"Validation Failed: 1: {text};"}
            raise storage_error("put data object in", cause, 400, wrapped=wrapped)
        former = self._store.get(config_id)
        if former:
            raise self._conflict(former)

    def _conflict(self, former: Document) -> ApiError:
        """A duplicate id: worded thrice in the plugin's life."""
        config_id = former.config_id
        if self._version.at_least(3, 3):
            return status_error(409, f"Document version conflict putting {config_id} in index {INDEX}")
        reason = f"[{config_id}]: version conflict, document already exists (current version [{former.version}])"
        if not self._version.wraps_storage_errors:
            return status_error(409, reason)
        cause = {"type": "version_conflict_engine_exception", "reason": reason}
        return ApiError(409, "status_exception", f"Failed to put data object in index {INDEX}", caused_by=cause)

    def _check_terms(self, config: Config) -> None:
        """What the index cannot take: a text over 32766 bytes, more than 10000 recipients."""
        wrapped = self._version.wraps_storage_errors
        for field, text in _indexed_texts(config):
            if len(text) > _LONGEST_TERM // 4 and len(text.encode("utf-8", "surrogatepass")) > _LONGEST_TERM:
                raise storage_error("put data object in", _immense_term(field, text), 400, wrapped=wrapped)
        if len(config.data.get("recipient_list", ())) > _MOST_RECIPIENTS:
            reason = (
                f"The number of nested documents has exceeded the allowed limit of [{_MOST_RECIPIENTS}]. This limit "
                "can be set by changing the [index.mapping.nested_objects.limit] index level setting."
            )
            cause = {"type": "mapper_parsing_exception", "reason": reason}
            raise storage_error("put data object in", cause, 500, wrapped=wrapped)

    # -- reading

    def get(self, config_ids: Sequence[str]) -> str:
        if list(config_ids) == [""]:
            cause = {"type": "action_request_validation_exception", "reason": "Validation Failed: 1: id is missing;"}
            raise storage_error("get data object from", cause, 400, wrapped=self._version.wraps_storage_errors)
        found = {config_id: self._store.get(config_id) for config_id in config_ids}
        missing = [config_id for config_id, document in found.items() if document is None]
        if missing:
            raise _not_found(missing[0]) if len(found) == 1 else _all_not_found(missing)
        documents = [document for document in found.values() if document is not None]
        return _envelope("config_list", [document.text for document in documents], 0, len(documents))

    def search(self, parameters: Mapping[str, str], remembered: list[Document] | None = None) -> str:
        """One page. `remembered` is an earlier state to list instead of the present one."""
        query = _read_list_query(parameters)
        page = self._search(query, remembered)
        return _envelope("config_list", [document.text for document in page.documents], query.from_index, page.total)

    def channels(self, remembered: list[Document] | None = None) -> str:
        query = ListQuery(filters={"config_type": ",".join(_CHANNEL_TYPES)})
        channels = [_channel(document) for document in self._search(query, remembered).documents]
        return _envelope("channel_list", channels, 0, len(channels))

    def _search(self, query: ListQuery, remembered: list[Document] | None) -> Page:
        documents = self._store.searchable() if remembered is None else remembered
        return run_query(query, documents, wrapped=self._version.wraps_storage_errors)


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


def _check_reference_type(config_id: str, config_type: str, *, is_account: bool) -> None:
    if config_type == "email_group":
        problem = "email account ID" if is_account else ""
    elif config_type in ("smtp_account", "ses_account"):
        problem = "" if is_account else "email group ID"
    else:
        problem = "email group ID or email account ID"
    if problem:
        raise status_error(406, f"configId {config_id} is not a valid {problem}")


def _indexed_texts(config: Config) -> list[tuple[str, str]]:
    """Each text that has a keyword in the index, with the field's name."""
    texts = [("config.name.keyword", config.name), ("config.description.keyword", config.description)]
    for member, value in config.data.items():
        if config.config_type == "mattermost":
            continue  # not in the index mapping
        if isinstance(value, str) and member != "method":
            texts.append((f"config.{config.config_type}.{member}.keyword", value))
        elif member in ("recipient_list", "email_group_id_list"):
            items = [item["recipient"] if isinstance(item, dict) else item for item in value]
            texts.extend((f"config.{config.config_type}.{member}", item) for item in items)
    return texts


def _immense_term(field: str, text: str) -> dict[str, str]:
    raw = text.encode("utf-8", "surrogatepass")
    prefix = ", ".join(str(byte - 256 if byte > 127 else byte) for byte in raw[:30])
    reason = (
        f'Document contains at least one immense term in field="{field}" (whose UTF8 encoding is longer than the max '
        f"length {_LONGEST_TERM}), all of which were skipped.  Please correct the analyzer to not produce such terms.  "
        f"The prefix of the first immense term is: '[{prefix}]...', original message: "
        f"bytes can be at most {_LONGEST_TERM} in length; got {len(raw)}"
    )
    return {"type": "illegal_argument_exception", "reason": reason}


def _not_found(config_id: str) -> ApiError:
    return status_error(404, f"NotificationConfig {config_id} not found")


def _all_not_found(config_ids: Sequence[str]) -> ApiError:
    return status_error(404, f"NotificationConfig {_java_list(config_ids)} not found")


def _java_list(items: Sequence[str]) -> str:
    return f"[{', '.join(items)}]"
