"""What a config must satisfy beyond its form: the version's rules, its references, and what the index can hold.

Sources: plugin `ConfigIndexingActions`, the index mapping and engine defaults. Storing it is `configs`' work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.simulator.opensearch.errors import INDEX, ApiError, status_error, storage_error
from reconciler.simulator.opensearch.models import Config
from reconciler.simulator.opensearch.rules import check_topic_name, check_vendor_url
from reconciler.simulator.opensearch.security.caller import Access
from reconciler.simulator.opensearch.store import Store
from reconciler.simulator.opensearch.versions import Version

__all__ = ["Checks", "java_list"]

_LONGEST_ID = 512
_LONGEST_TERM = 32_766
_MOST_RECIPIENTS = 10_000


class Checks:
    """The checks of one store and version; each raises ApiError."""

    def __init__(self, store: Store, version: Version) -> None:
        self._store = store
        self._version = version

    def config(self, config: Config, access: Access) -> None:
        if config.config_type == "none":
            raise status_error(406, "NotificationConfig with type NONE is not acceptable")
        if "url" in config.data:
            check_vendor_url(config.config_type, config.data["url"], self._version)
        if config.config_type == "sns":
            check_topic_name(config.data["topic_arn"], self._version)
        if config.config_type == "email":
            self._check_references(config.data, access)

    def _check_references(self, email: Mapping[str, Any], access: Access) -> None:
        account_id, group_ids = email["email_account_id"], email["email_group_id_list"]
        if account_id in group_ids:
            raise status_error(400, f"Config IDs {account_id} is in both emailAccountID and emailGroupIds")
        wanted = list(dict.fromkeys([account_id, *group_ids]))
        found = {config_id: self._store.get(config_id) for config_id in wanted}
        missing = [config_id for config_id, document in found.items() if document is None]
        if missing:
            raise status_error(404, f"Config IDs not found:{java_list(missing)}")
        for config_id, document in found.items():
            if document is not None:
                _check_reference_type(config_id, document.config.config_type, is_account=config_id == account_id)
                access.check(config_id, document.access)

    def new_id(self, config_id: str) -> None:
        wrapped = self._version.wraps_storage_errors
        size = len(config_id.encode())
        if size > _LONGEST_ID:
            text = f"id [{config_id}] is too long, must be no longer than {_LONGEST_ID} bytes but was: {size}"
            cause = {"type": "action_request_validation_exception", "reason": f"Validation Failed: 1: {text};"}
            raise storage_error("put data object in", cause, 400, wrapped=wrapped)
        former = self._store.get(config_id)
        if former or config_id in self._store.broken:
            raise self._conflict(config_id, former.version if former else 1)

    def _conflict(self, config_id: str, version: int) -> ApiError:
        """A duplicate id: worded thrice in the plugin's life."""
        if self._version.at_least(3, 3):
            return status_error(409, f"Document version conflict putting {config_id} in index {INDEX}")
        reason = f"[{config_id}]: version conflict, document already exists (current version [{version}])"
        if not self._version.wraps_storage_errors:
            return status_error(409, reason)
        cause = {"type": "version_conflict_engine_exception", "reason": reason}
        return ApiError(409, "status_exception", f"Failed to put data object in index {INDEX}", caused_by=cause)

    def size(self, config: Config) -> None:
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


def java_list(items: Sequence[str]) -> str:
    return f"[{', '.join(items)}]"
