"""Explains in words: a kind or the project file, field by field, from its JSON Schema; rules; exit codes. Pure."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.model.errors import MEANINGS, ORDER, Exit
from reconciler.model.lint import LINT_RULES
from reconciler.report.rules import RULES

Schema = Mapping[str, Any]

_WIDTH = 100


def explain_kind(schema: Schema) -> str:
    """A kind, or the project file: what it is for, then each field of its spec, required ones first."""
    kind = _kind(schema)
    fields = _fields(schema)
    required = set(_required(schema))
    lines = [kind, "", *_wrapped(_about(schema)), "", "Fields of spec (* is required):"]
    width = max(map(len, fields))
    for name in sorted(fields, key=lambda name: (name not in required, name)):
        star = "*" if name in required else " "
        about = _first_sentence(_resolved(schema, fields[name]))
        lines += textwrap.wrap(
            f"  {star} {name.ljust(width)}  {about}", _WIDTH, subsequent_indent=" " * (width + 6), drop_whitespace=True
        )
    lines += ["", f"More about one field: reconciler explain {kind}.{next(iter(sorted(required)), 'test')}"]
    return "\n".join(lines) + "\n"


def explain_field(schema: Schema, path: list[str]) -> str | None:
    """One field, given as a path of names (`["test", "when"]`); None if there is no such field.

    Below a map whose keys people choose, such as the project's targets, a key may be given or left out: `targets.url`
    and `targets.search-prod.url` mean the same.
    """
    node: Schema | None = None
    fields, required = _fields(schema), _required(schema)
    steps = list(path)
    is_required = False
    while steps:
        step = steps.pop(0)
        if step not in fields:
            return None
        node, is_required = _resolved(schema, fields[step]), step in required
        fields = _properties(schema, node)
        if steps and steps[0] not in fields and (value := _value_of_map(schema, node)) is not None:
            steps.pop(0)  # a key of the map
            node, is_required = value, False
        required = (_value_of_map(schema, node) or node).get("required", [])
    if node is None:
        return None
    facts = _facts(schema, node, path[-1], is_required=is_required)
    return "\n".join([f"{_kind(schema)}: spec.{'.'.join(path)}", "", *_wrapped(_about(node)), *facts]) + "\n"


def field_names(schema: Schema) -> list[str]:
    """The fields of spec, sorted."""
    return sorted(_fields(schema))


def explain_rule(rule: str) -> str:
    """A rule of `validate`: what it demands; for a lint rule also why, and how to change its level. KeyError if there
    is no such rule."""
    lint = LINT_RULES.get(rule)
    if lint is None:
        return f"{rule}\n\n{RULES[rule]}\n"
    lines = [
        rule,
        "",
        *_wrapped(f"{lint.about} {lint.why}"),
        "",
        f"Level: {lint.level} unless the project file says otherwise:",
    ]
    lines += ["", "  # reconciler.yaml", "  spec:", f"    lint: {{{rule}: error}}   # or warning, or off"]
    if lint.in_manifests:
        lines += ["", "For one manifest, with the reason, where the project does not set it to error:", ""]
        lines += ["  spec:", f"    lint: {{{rule}: {{off: why it is off here}}}}"]
    return "\n".join(lines) + "\n"


def explain_exits(codes: Iterable[Exit] = tuple(Exit)) -> str:
    """The exit codes with their meanings, and which one counts where several apply."""
    codes = tuple(codes)
    lines = [f"  {code.value:>3}  {MEANINGS[code]}" for code in codes]
    if len(codes) > 1:
        order = ", ".join(str(code.value) for code in ORDER)
        lines = ["Exit codes:", *lines, "", f"Where several apply, the first of {order} counts."]
    return "\n".join(lines) + "\n"


def _kind(schema: Schema) -> str:
    return str(schema["properties"]["kind"]["const"])


def _fields(schema: Schema) -> Mapping[str, Any]:
    """The fields of spec, without those that the schema only lists in order to refuse them with a reason."""
    properties: Mapping[str, Any] = schema["properties"]["spec"]["properties"]
    return {name: node for name, node in properties.items() if node.get("not") != {}}


def _required(schema: Schema) -> list[str]:
    spec = schema["properties"]["spec"]
    return [*spec.get("required", []), *spec.get("then", {}).get("required", [])]


def _resolved(schema: Schema, node: Schema) -> Schema:
    """A field merged with the definition that it refers to; what the field itself says takes precedence."""
    reference = node.get("$ref", "")
    if not reference.startswith("#/$defs/"):
        return node
    return {**schema["$defs"][reference.removeprefix("#/$defs/")], **node}


def _properties(schema: Schema, node: Schema) -> Mapping[str, Any]:
    options = [_resolved(schema, item) for item in node.get("anyOf", [])]
    found = next((item["properties"] for item in (node, *options) if "properties" in item), None)
    if found is None and (value := _value_of_map(schema, node)) is not None:
        return _properties(schema, value)
    return found or {}


def _value_of_map(schema: Schema, node: Schema) -> Schema | None:
    """The schema of the values of a map whose keys people choose; None for any other node."""
    value = node.get("additionalProperties")
    return _resolved(schema, value) if isinstance(value, dict) else None


def _facts(schema: Schema, node: Schema, name: str, *, is_required: bool) -> Iterator[str]:
    if is_required:
        yield "Required."
    if "default" in node:
        yield f"Default: {json.dumps(node['default'], ensure_ascii=False)}"
    if "enum" in node:
        yield f"One of: {', '.join(map(str, node['enum']))}"
    if "patternErrorMessage" in node:
        yield f"It {node['patternErrorMessage']}."
    forms = [_resolved(schema, item) for item in node.get("anyOf", [])]
    if any("description" in form for form in forms):
        yield ""
        yield "It is one of:"
        yield from (f"  {_shape(form)}" for form in forms if "description" in form)
    if node.get("examples"):
        yield ""
        yield from (f"Example: {name}: {example_yaml(example)}" for example in node["examples"])
    inner = _properties(schema, node)
    if inner and not forms:
        yield ""
        if "properties" not in node:
            yield "Under each key:"
        yield from (f"  {key}: {_first_sentence(_resolved(schema, field))}" for key, field in sorted(inner.items()))


def _shape(form: Schema) -> str:
    names = list(form.get("properties", {})) or (["SOURCE"] if form.get("type") == "object" else [])
    shape = f"{{{', '.join(f'{name}: ...' for name in names)}}}" if names else "a string"
    return f"{shape.ljust(28)} {form['description']}"


_PLAIN = re.compile(r"[A-Za-z0-9./@<_-]([^{}\[\],#:&*!|>\"'%`]|:(?! |$)|#)*(?<! )")


def example_yaml(value: object) -> str:
    """A value as YAML in one line, as a person would write it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {example_yaml(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(example_yaml, value))}]"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    return str(value) if not isinstance(value, bool) else str(value).lower()


def _about(node: Schema) -> str:
    return str(node.get("description") or node.get("title") or "")


def _first_sentence(node: Schema) -> str:
    return _about(node).partition(". ")[0].rstrip(".") + "." if _about(node) else ""


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH)
