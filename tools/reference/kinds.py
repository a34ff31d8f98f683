"""The page of kinds: which system holds each, its fields, and what a secret field takes."""

from __future__ import annotations

from copy import deepcopy
from functools import reduce

from reconciler.model.kinds import KINDS
from reconciler.model.schemas import Schema, build_schemas
from reconciler.providers import BUILT_IN
from reconciler.report.explain import example_yaml
from tools.reference.fields import field_table
from tools.reference.markdown import code, page, prose, table

_INTRO = """What a manifest can hold. `reconciler explain SlackChannel.webhook_url` says the same on the command line,
and an editor shows it as you type, by the [JSON Schema](https://json-schema.org) of each kind: put
`# yaml-language-server: $schema=PATH/schemas/v1/manifest.json` into the first line of a file, or print one with
`reconciler schema SlackChannel`."""

_HEADER = """Every document begins with these. What Kubernetes adds to one is ignored."""

_COMMON = """These are the fields of `spec` that every kind below has."""

_SECRETS = """A secret field takes one of these forms. [Secrets](../secrets.md) tells where each is read from
and what it needs."""


def render() -> str:
    """The page."""
    schemas = build_schemas()
    any_kind = deepcopy(schemas["SlackChannel"])
    any_kind["properties"]["spec"]["properties"]["ignore"]["items"] = {"type": "string"}  # the fields of each kind
    parts = [_INTRO, "## Which system holds what", _systems()]
    parts += ["## Header", _HEADER, _header(schemas["SlackChannel"])]
    common = _common(schemas)
    parts += ["## Fields of every kind", _COMMON, _fields(any_kind, common)]
    for kind in KINDS:
        parts += [f"## {kind}", *_kind(schemas[kind], common)]
    parts += ["## Secret references", _SECRETS, _secret_forms(schemas["SlackChannel"])]
    return page("Kinds and their fields", *parts)


def _systems() -> str:
    held = {name: provided.abilities().kinds for name, provided in BUILT_IN.items()}
    head = ["kind", *(code(name) for name in held)]
    rows = [
        [f"[{kind}](#{kind.lower()})", *("yes" if kind in kinds else "" for kinds in held.values())] for kind in KINDS
    ]
    return table(head, rows)


def _header(schema: Schema) -> str:
    return field_table(schema, {"metadata": schema["properties"]["metadata"]}, ["metadata"])


def _common(schemas: dict[str, Schema]) -> list[str]:
    """The fields of all kinds, in the order of the first."""
    every = [schemas[kind]["properties"]["spec"]["properties"] for kind in KINDS]
    shared = reduce(lambda left, right: left & right, ({*fields} for fields in every))
    return [name for name in every[0] if name in shared]


def _fields(schema: Schema, names: list[str]) -> str:
    spec = schema["properties"]["spec"]
    properties = {name: spec["properties"][name] for name in names}
    if "overrides" in properties:  # its fields are those of the kind again, so they are not listed
        del (properties := deepcopy(properties))["overrides"]["additionalProperties"]
    return field_table(schema, properties, spec["then"]["required"])


def _kind(schema: Schema, common: list[str]) -> list[str]:
    own = [name for name in schema["properties"]["spec"]["properties"] if name not in common]
    (example,) = schema["examples"]
    lines = [
        f"{key}: {value if isinstance(value, str) else example_yaml(value)}"
        for key, value in example.items()
        if key != "spec"
    ]
    lines += ["spec:", *(f"  {name}: {example_yaml(value)}" for name, value in example["spec"].items())]
    return [prose(schema["description"]), "```yaml\n" + "\n".join(lines) + "\n```", _fields(schema, own)]


def _secret_forms(schema: Schema) -> str:
    rows = []
    for form in schema["$defs"]["SecretAddress"]["anyOf"]:
        names = list(form.get("properties", {})) or (["SOURCE"] if form["type"] == "object" else [])
        optional = [name for name in names if name not in form.get("required", names)]
        shape = ", ".join(f"{name}: ..." for name in names)
        needless = f" (`{'`, `'.join(optional)}` may be left out)" if optional and names != ["SOURCE"] else ""
        rows.append([code(f"{{{shape}}}" if shape else "..."), prose(form.get("description", "")) + needless])
    return table(["form", "meaning"], rows)
