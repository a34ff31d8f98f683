"""The schemas of files in the dialect of custom resources: structural schemas, as an API server takes them.

There is one builder (`model.schemas`), and this is its second dialect: what is said there is translated, and a form
that has no translation is an error here, never a silent yes. What a server of version 1.37 does:

- It refuses `$ref`, `const`, `examples`, `propertyNames`, `patternProperties`, `if`/`then`, `uniqueItems: true`, types
  within `anyOf`, and `additionalProperties` next to `properties`. So references are written out, null is `nullable`,
  and a value of several types is kept as it is: the operator checks it, as it checks everything, by the schemas of
  files.
- What a schema does not name it drops, or refuses under strict decoding. So nothing is said of unknown fields.
- It writes a `default` into the object, so there is none: a project's `defaults` would never apply.
- **A pattern that fails prints the value.** So there is none on what may hold a secret, if only by mistake: addresses,
  and all parts of a secret reference.
- A field that is required in a file may come from the project's `defaults`, which no single object shows. So a spec
  requires nothing, and the operator says what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

MOST_OVERRIDES = 256
"""How many keys a mapping may have whose values have rules: a server wants to know what a rule may cost at most."""

_KEPT = (
    "type", "enum", "format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties",
    "maxProperties", "required",
)  # fmt: skip
_ANNOTATIONS = frozenset(
    {"title", "examples", "default", "errorMessage", "patternErrorMessage", "$schema", "$id", "$defs"}
)
_TRANSLATED = frozenset(
    {
        "$ref", "anyOf", "const", "not", "pattern", "items", "properties", "additionalProperties", "patternProperties",
        "propertyNames", "uniqueItems", "if", "then", "description",
    }
)  # fmt: skip
_ADDRESS_WORDS = "must be an address"  # how `model` says what is wrong with one, which may hold credentials
_REFERENCE = "#/$defs/"
_SOURCES: Mapping[str, str] = {
    "secret": 'The name of a Secret of this namespace that is labelled channels.gitops/use: "true".',
    "vault": "The path of a secret in HashiCorp Vault, if the operator's administrator allows it.",
    "aws_secret": "The name or ARN of a secret in AWS Secrets Manager, if the operator's administrator allows it.",
    "plain": "A value that is not a secret, and is shown.",
}
_ANYTHING: Schema = {"x-kubernetes-preserve-unknown-fields": True}


def structural(schema: Schema, definitions: Mapping[str, Schema]) -> dict[str, Any]:
    """A schema of `model.schemas` in this dialect; `definitions` are its `$defs`. TypeError for what has no
    translation."""
    unknown = set(schema) - {*_KEPT} - _ANNOTATIONS - _TRANSLATED
    if unknown:
        raise TypeError(f"no structural form is known of {', '.join(sorted(unknown))}")
    if "$ref" in schema:
        return _referred(schema, definitions)
    if "anyOf" in schema:
        return _one_of_several(schema, definitions)
    made = {key: schema[key] for key in ("description", *_KEPT) if key in schema}
    if "const" in schema:
        made |= {"type": _type_of(schema["const"]), "enum": [schema["const"]]}
    if "enum" in made:
        made.setdefault("type", "string")
    if "pattern" in schema and not str(schema.get("patternErrorMessage", "")).startswith(_ADDRESS_WORDS):
        made["pattern"] = portable(schema["pattern"])
    if "not" in schema:
        made["not"] = {"pattern": portable(schema["not"]["pattern"])}
    if "items" in schema:
        made["items"] = structural(schema["items"], definitions)
        if schema.get("uniqueItems"):
            made["x-kubernetes-list-type"] = "set"
    return made | _members(schema, definitions)


def _members(schema: Schema, definitions: Mapping[str, Schema]) -> dict[str, Any]:
    """The fields of a mapping, or what its values are; a server wants one or the other."""
    fields = {
        name: structural(field, definitions)
        for name, field in schema.get("properties", {}).items()
        if field.get("not") != {}  # fields that a file may not have are no fields here
    }
    if fields:
        return {"type": "object", "properties": fields}
    values = schema.get("additionalProperties")
    if not isinstance(values, Mapping):
        return {}
    if "patternProperties" in schema:  # headers: whether a value is a text or a reference depends on the name
        return {"type": "object", "additionalProperties": dict(_ANYTHING)}
    bound = {} if "maxProperties" in schema else {"maxProperties": MOST_OVERRIDES}
    return {"type": "object", "additionalProperties": structural(values, definitions), **bound}


def _referred(schema: Schema, definitions: Mapping[str, Schema]) -> dict[str, Any]:
    name = schema["$ref"].removeprefix(_REFERENCE)
    made = _secret(definitions[name]) if is_secret(definitions[name]) else structural(definitions[name], definitions)
    return made | ({"description": schema["description"]} if "description" in schema else {})


def _one_of_several(schema: Schema, definitions: Mapping[str, Schema]) -> dict[str, Any]:
    """What may be null is nullable; what may have several types is kept as it is."""
    about = {"description": schema["description"]} if "description" in schema else {}
    branches = [branch for branch in schema["anyOf"] if branch != {"type": "null"}]
    if len(branches) == 1:
        made = {**structural(branches[0], definitions), **about}
        return _nullable(made) if len(branches) < len(schema["anyOf"]) else made
    if len({branch.get("type") for branch in branches}) < 2:
        raise TypeError(f"no structural form is known of {len(branches)} forms of one type")
    return {**about, **_ANYTHING}


def _nullable(schema: Schema) -> dict[str, Any]:
    """A server refuses null where there is an enum, also one that names it: the words are a pattern then."""
    if "enum" not in schema:
        return {**schema, "nullable": True}
    without = {key: value for key, value in schema.items() if key != "enum"}
    return {**without, "pattern": f"^({'|'.join(map(re.escape, schema['enum']))})$", "nullable": True}


def portable(pattern: str) -> str:
    """A pattern as Go's RE2 reads it, which has no `\\u`."""
    return pattern.replace("\\u0000", "\\x00")


def _type_of(constant: object) -> str:
    return "boolean" if isinstance(constant, bool) else "string"


def is_secret(schema: Schema) -> bool:
    """Whether a definition is one of `model.secret_fields`: a literal, or one of many forms of reference."""
    return any("env" in branch.get("properties", {}) for branch in schema.get("anyOf", ()))


def _secret(schema: Schema) -> dict[str, Any]:
    """A secret reference: an object, so that a literal is refused. `{env: X}` is dropped to `{}`, which is refused."""
    names = {name for branch in schema["anyOf"] for name in branch.get("properties", {})}
    fields = {name: {"type": "string", "minLength": 1, "description": about} for name, about in _SOURCES.items()}
    key = {"type": "string", "minLength": 1, "description": "Which key or part of it."}
    sources = {**fields, "key": key}
    made = dict(sources)
    ways, rules = [*fields], [_NEEDS_KEY, _KEY_ALONE]
    if "live" in names:
        made["live"] = {"type": "boolean", "enum": [True], "description": "Keep the value that the live object has."}
        ways.append("live")
    if "format" in names:
        text = {"type": "string", "minLength": 1, "description": "The text, with {} in the place of the value."}
        part = _exactly_one([*fields], {"properties": sources, "description": "The value."}, [_NEEDS_KEY, _KEY_ALONE])
        made |= {"format": text, "from": part}
        ways.append("format")
        rules.append(_FORMAT_AND_FROM)
    return _exactly_one(ways, {"properties": made, "description": schema["description"]}, rules)


_NEEDS_KEY = {
    "rule": "has(self.key) || !(has(self.secret) || has(self.vault))",
    "message": "secret and vault need a key",
}
_KEY_ALONE = {
    "rule": "!has(self.key) || has(self.secret) || has(self.vault) || has(self.aws_secret)",
    "message": "key goes with secret, vault or aws_secret",
}
_FORMAT_AND_FROM = {"rule": "has(self.format) == has(self.from)", "message": "format and from go together"}


def _exactly_one(ways: list[str], schema: dict[str, Any], rules: list[dict[str, str]]) -> dict[str, Any]:
    listed = ", ".join(f"has(self.{name})" for name in ways)
    one = {"rule": f"[{listed}].exists_one(way, way)", "message": f"must have exactly one of {', '.join(ways)}"}
    return {"type": "object", **schema, "minProperties": 1, "x-kubernetes-validations": [one, *rules]}
