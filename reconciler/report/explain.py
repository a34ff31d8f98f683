"""The fields of a kind in words, made from its JSON Schema: what `explain` shows. Pure."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_WIDTH = 100


def explain_kind(schema: Schema) -> str:
    """A kind: what it is for, then each field of its spec, those that must be there first."""
    kind = schema["properties"]["kind"]["const"]
    fields = _fields(schema)
    required = set(_required(schema))
    lines = [kind, "", *_wrapped(_about(schema)), "", "Fields of spec (* must be there):"]
    width = max(map(len, fields))
    for name in sorted(fields, key=lambda name: (name not in required, name)):
        star = "*" if name in required else " "
        about = _first_sentence(_resolved(schema, fields[name]))
        lines += textwrap.wrap(
            f"  {star} {name.ljust(width)}  {about}", _WIDTH, subsequent_indent=" " * (width + 6), drop_whitespace=True
        )
    lines += ["", f"More of one field: reconciler explain {kind}.{next(iter(sorted(required)), 'test')}"]
    return "\n".join(lines) + "\n"


def explain_field(schema: Schema, path: list[str]) -> str | None:
    """One field, as `webhook_url` or `test.when`; None if there is none of that name."""
    node: Schema | None = None
    fields = _fields(schema)
    for step in path:
        if step not in fields:
            return None
        node = _resolved(schema, fields[step])
        fields = _properties(schema, node)
    if node is None:
        return None
    kind = schema["properties"]["kind"]["const"]
    lines = [f"{kind}: spec.{'.'.join(path)}", "", *_wrapped(_about(node)), *_facts(schema, node, path)]
    return "\n".join(lines) + "\n"


def field_names(schema: Schema) -> list[str]:
    """The fields of spec, sorted."""
    return sorted(_fields(schema))


def _fields(schema: Schema) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = schema["properties"]["spec"]["properties"]
    return properties


def _required(schema: Schema) -> list[str]:
    spec = schema["properties"]["spec"]
    return [*spec.get("required", []), *spec.get("then", {}).get("required", [])]


def _resolved(schema: Schema, node: Schema) -> Schema:
    """A field with what it refers to: its own words count before those of the definition."""
    reference = node.get("$ref", "")
    if not reference.startswith("#/$defs/"):
        return node
    return {**schema["$defs"][reference.removeprefix("#/$defs/")], **node}


def _properties(schema: Schema, node: Schema) -> Mapping[str, Any]:
    options = [_resolved(schema, item) for item in node.get("anyOf", [])]
    return next((item["properties"] for item in (node, *options) if "properties" in item), {})


def _facts(schema: Schema, node: Schema, path: list[str]) -> Iterator[str]:
    if len(path) == 1 and path[0] in _required(schema):
        yield "It must be there."
    if "default" in node:
        yield f"Default: {json.dumps(node['default'], ensure_ascii=False)}"
    if "enum" in node:
        yield f"One of: {', '.join(map(str, node['enum']))}"
    if "patternErrorMessage" in node:
        yield f"It {node['patternErrorMessage']}."
    forms = [_resolved(schema, item) for item in node.get("anyOf", [])]
    if any("description" in form for form in forms):
        yield ""
        yield "It takes one of:"
        yield from (f"  {_shape(form)}" for form in forms if "description" in form)
    if node.get("examples"):
        yield ""
        yield from (f"Example: {path[-1]}: {_example(example)}" for example in node["examples"])
    inner = _properties(schema, node)
    if inner and not forms:
        yield ""
        yield from (f"  {name}: {_first_sentence(_resolved(schema, field))}" for name, field in sorted(inner.items()))


def _shape(form: Schema) -> str:
    names = list(form.get("properties", {})) or (["SOURCE"] if form.get("type") == "object" else [])
    shape = f"{{{', '.join(f'{name}: ...' for name in names)}}}" if names else "a text"
    return f"{shape.ljust(28)} {form['description']}"


def _example(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_example(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_example, value))}]"
    return str(value) if not isinstance(value, bool) else str(value).lower()


def _about(node: Schema) -> str:
    return str(node.get("description") or node.get("title") or "")


def _first_sentence(node: Schema) -> str:
    return _about(node).partition(". ")[0].rstrip(".") + "." if _about(node) else ""


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH)
