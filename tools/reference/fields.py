"""The fields of a JSON Schema as rows of a table: name, type, default, meaning; what is nested, by its dotted name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.report.explain import example_yaml
from tools.reference.markdown import code, prose, table

Schema = Mapping[str, Any]
Row = tuple[str, str, str, str]

HEAD = ("field", "type", "default", "meaning")
_TYPES = {"string": "text", "boolean": "true or false", "integer": "whole number", "number": "number"}
_REFERENCE = "[secret reference](kinds.md#secret-references)"
_PART = "SecretPart"
_SECRETS = {
    "SecretAddress": f"an address, or a {_REFERENCE}",
    "SecretHeader": f"text, or a {_REFERENCE}",
    "Credential": f"text, or a {_REFERENCE}",
    _PART: f"text, or a {_REFERENCE}",
}


def resolved(root: Schema, node: Schema) -> dict[str, Any]:
    """A node with what it refers to; its own words count before those of the definition."""
    name = _definition(node)
    return {**root["$defs"][name], **node} if name else dict(node)


def _definition(node: Schema) -> str:
    return str(node.get("$ref", "")).removeprefix("#/$defs/")


def field_table(root: Schema, properties: Schema, required: list[str]) -> str:
    """A table of these fields and of all that is nested in them."""
    return table(HEAD, rows(root, properties, required))


def rows(root: Schema, properties: Schema, required: list[str], above: str = "") -> Iterator[Row]:
    """A row for each field that people write, those that are required first, then as the schema has them."""
    written = [name for name in properties if not properties[name].get("readOnly")]
    for name in sorted(written, key=lambda name: name not in required):
        node = resolved(root, properties[name])
        default = "required" if name in required else _default(node)
        yield code(f"{above}{name}"), type_of(root, properties[name]), default, _meaning(node)
        inner = resolved(root, node["items"]) if "items" in node else node
        value = inner.get("additionalProperties")
        step = f"{above}{name}."
        if _definition(properties[name]) in _SECRETS or _definition(inner) in _SECRETS:
            continue
        if isinstance(value, dict) and "properties" in (inner := resolved(root, value)):
            step += "NAME."
        yield from rows(root, inner.get("properties", {}), inner.get("required", []), step)


def type_of(root: Schema, node: Schema) -> str:
    """What may stand there, in words."""
    if (definition := _definition(node)) in _SECRETS:
        return _SECRETS[definition]
    node = resolved(root, node)
    if "enum" in node:
        return " or ".join(code(str(value)) for value in node["enum"])
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(type_of(root, one) for one in node["anyOf"]))
    if node.get("type") == "array":
        return f"list of: {type_of(root, node['items'])}" if node.get("items") else "list"
    if node.get("type") == "object":
        value = node.get("additionalProperties")
        named = isinstance(value, dict) and "properties" not in resolved(root, value)
        return f"map of: {type_of(root, value)}" if named and isinstance(value, dict) else "map"
    return _TYPES.get(str(node.get("type")), "text")


def _default(node: Schema) -> str:
    return code(json.dumps(node["default"], ensure_ascii=False)) if "default" in node else ""


def _meaning(node: Schema) -> str:
    words = [prose(str(node.get("description", "")))]
    if "minimum" in node and "maximum" in node:
        words.append(f"From {node['minimum']:,} to {node['maximum']:,}.")
    example = node.get("examples", [None])[0]
    if example is not None and not isinstance(example, str):
        words.append(f"Example: {code(example_yaml(example))}")
    elif isinstance(example, str):
        words.append(f"Example: {code(example)}")
    return " ".join(filter(None, words))
