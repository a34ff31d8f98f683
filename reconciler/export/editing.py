"""Changes values in the text of a manifest, and leaves everything else, comments too, as a person wrote it. Pure.

Only this module uses ruamel.yaml, which is imported when a text is edited. The result is checked with our own reader of
manifests, since in YAML two places can share one value.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from copy import deepcopy
from io import StringIO
from typing import TYPE_CHECKING, Any

from reconciler.manifests.documents import Document, parse_documents
from reconciler.model.dataclass import dataclass

if TYPE_CHECKING:
    from ruamel.yaml import YAML

Path = tuple[str, ...]

REMOVED = object()
"""The value of an edit that removes a key."""

_INDENTS = ((2, 2, 0), (2, 4, 2), (4, 2, 0), (4, 4, 2), (4, 6, 4))
"""Ways to indent: (mappings, list items, the dash within these). Of a text we assume the one that changes it least."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A new value for one place in a document; `path` starts at the top. A list is taken as a set: items that are in
    both the old and the new one keep their places."""

    path: Path
    value: Any


class NotEditableError(Exception):
    """The text cannot be changed in this place only, since an anchor shares the value with another place."""


def edit_document(text: str, edits: Sequence[Edit]) -> str:
    """The text of one document with the edits made; NotEditableError if anything else would change too."""
    wanted = deepcopy(_value(text))
    for edit in edits:
        _set(wanted, edit)
    changed = _as_json(text, wanted) if _is_json(text) else _as_yaml(text, edits)
    if _value(changed) != wanted:
        raise NotEditableError
    return changed


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _as_json(text: str, value: Any) -> str:
    """The value as JSON, indented as the text is: a YAML writer would turn a JSON file into YAML."""
    indent = re.search(r"\n( +)", text.rstrip())
    end = text[len(text.rstrip()) :]
    return json.dumps(value, indent=len(indent[1]) if indent else None, ensure_ascii=False) + end


def _as_yaml(text: str, edits: Sequence[Edit]) -> str:
    settings = min((_settings(*indent) for indent in _INDENTS), key=lambda yaml: _distance(yaml, text))
    document = settings.load(text)
    for edit in edits:
        _set(document, edit)
    return _dump(settings, document)


def _settings(mapping: int, sequence: int, offset: int) -> YAML:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10**9
    yaml.indent(mapping=mapping, sequence=sequence, offset=offset)
    return yaml


def _distance(yaml: YAML, text: str) -> int:
    """How many lines of a text change when nothing is edited."""
    before, after = text.splitlines(), _dump(yaml, yaml.load(text)).splitlines()
    return len(list(difflib.unified_diff(before, after, n=0))) if before != after else 0


def _dump(yaml: YAML, document: Any) -> str:
    stream = StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _value(text: str) -> Any:
    """The value of a text with one document, by our own reader; None if it has not exactly one."""
    found = [item.value for item in parse_documents(text) if isinstance(item, Document)]
    return found[0] if len(found) == 1 else None


def _set(document: Any, edit: Edit) -> None:
    node = document
    for step in edit.path[:-1]:
        node = node.setdefault(step, {})
    key, value = edit.path[-1], edit.value
    if value is REMOVED:
        node.pop(key, None)
    elif isinstance(value, list) and isinstance(found := node.get(key), list):
        for index in reversed([index for index, item in enumerate(found) if item not in value]):
            del found[index]
        found.extend(item for item in value if item not in found)
    else:
        node[key] = value
