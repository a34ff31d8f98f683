"""The JSON Schemas of manifests and project files, made from the models, as plain values.

The models say what a field is; here they get the frame that people write: header, `targets`, `overrides` (every field
optional, null for the default). Each schema stands alone, so that no editor goes looking on a network. Apart from
`publish`, which puts them into files, and from the models, since only publishing needs pydantic's generator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from reconciler.model.fields import LABEL_KEY_PATTERN, LABEL_PATTERN, LABEL_WORDS, NAME_PATTERN, NAME_WORDS
from reconciler.model.kinds import API_VERSION, KINDS
from reconciler.model.lint import LINT_RULES
from reconciler.model.project import Project
from reconciler.model.secret_fields import SECRET_SCHEMAS
from reconciler.model.specs import SPEC_MODELS, KindSpec

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BASE = "https://channels.gitops/schemas/v1/"
_NAME: Schema = {"type": "string", "pattern": NAME_PATTERN, "patternErrorMessage": NAME_WORDS}
_LABEL_KEY: Schema = {
    "pattern": LABEL_KEY_PATTERN,
    "patternErrorMessage": "is not a valid label name; write it as team or acme.org/team",
}
_METADATA: Schema = {
    "type": "object",
    "description": "What the manifest is called, and how it is found.",
    "properties": {
        "name": {
            **_NAME,
            "description": "Its name, unique in the project whatever the kind.",
            "examples": ["oncall-critical"],
        },
        "labels": {
            "type": "object",
            "description": "For --select.",
            "propertyNames": _LABEL_KEY,
            "additionalProperties": {"type": "string", "pattern": LABEL_PATTERN, "patternErrorMessage": LABEL_WORDS},
            "examples": [{"team": "payments"}],
        },
        "annotations": {
            "type": "object",
            "description": "For other tools; not looked at.",
            "additionalProperties": {"type": "string"},
        },
        "renamed_from": {
            "not": {},
            "errorMessage": "has moved: write spec.renamed_from",
            "description": "Has moved to spec.renamed_from.",
        },
    },
    "required": ["name"],
    "additionalProperties": False,
}


_LINT: Schema = {
    "type": "object",
    "description": "Lint rules that are silenced for this manifest, each with its reason, which plans show.",
    "examples": [{"teams-connector-retired": {"off": "until the flow is moved, OPS-12"}}],
    "additionalProperties": False,
    "properties": {
        name: {
            "type": "object",
            "description": rule.about,
            "properties": {
                "off": {
                    "type": "string",
                    "pattern": "[^ \\t\\r\\n]",
                    "patternErrorMessage": "needs the reason why the rule is off here",
                    "description": "Why the rule is off here.",
                }
            },
            "required": ["off"],
            "additionalProperties": False,
        }
        for name, rule in LINT_RULES.items()
        if rule.in_manifests
    },
}


_IN_THE_KEYSTORE: Schema = {
    "not": {},
    "errorMessage": "is not set here: OpenSearch keeps the credentials of an account in its nodes' keystore, under the "
    "display name, as opensearch.notifications.core.email.<display_name>.username and .password",
    "description": "Is kept in the keystore of OpenSearch's nodes.",
}
_MISTAKEN: Mapping[str, Schema] = {"SmtpAccount": {"username": _IN_THE_KEYSTORE, "password": _IN_THE_KEYSTORE}}
"""Fields that everybody tries first, and no kind has: they are refused with the reason."""


def build_schemas() -> dict[str, Schema]:
    """Every schema by its name: one per kind, `manifest`, which picks by kind, and `project`."""
    defs = _definitions()
    documents = {
        **{kind: _kind_document(kind, model) for kind, model in SPEC_MODELS.items()},
        "manifest": _manifest_document(),
        "project": _project_document(),
    }
    return {name: _published(name, document, defs) for name, document in documents.items()}


def _published(name: str, document: Schema, defs: Mapping[str, Schema]) -> Schema:
    used = {key: defs[key] for key in sorted(_reachable(document, defs))}
    return {"$schema": _DIALECT, "$id": f"{_BASE}{name}.json", **document, "$defs": used}


def _reachable(schema: Any, defs: Mapping[str, Schema]) -> set[str]:
    found: set[str] = set()
    waiting = list(_references(schema))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(defs[name])
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix("#/$defs/")
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _definitions() -> dict[str, Schema]:
    defs: dict[str, Schema] = {"Metadata": _METADATA, "Lint": _LINT}
    defs |= {name: _cleaned(make()) for name, make in SECRET_SCHEMAS.items()}
    for kind, model in SPEC_MODELS.items():
        fields = _model_schema(model, defs)
        del fields["required"]
        defs[kind] = _kind_document(kind, model)
        defs[f"{kind}Defaults"] = {**fields, "description": f"What each {kind} gets that omits it."}
        defs[f"{kind}Override"] = {
            **fields,
            "description": "What differs for this target; null means the default.",
            "properties": {name: _nullable(schema) for name, schema in fields["properties"].items()},
        }
    rules = defs["TestRules"]
    nullable = {name: _nullable(schema) for name, schema in rules["properties"].items()}
    defs["TestRulesOverride"] = {**rules, "properties": nullable}
    _model_schema(Project, defs)
    return defs


def _model_schema(model: type[BaseModel], defs: dict[str, Schema] | None = None) -> Schema:
    """A model's own schema; the definitions it needs go to `defs`."""
    schema: Schema = _cleaned(model.model_json_schema())
    needed = schema.pop("$defs", {})
    if defs is not None:
        defs |= needed
    if issubclass(model, KindSpec):
        fields = sorted(field.name for field in KINDS[model.kind].fields)
        schema["properties"]["ignore"]["items"] = {"enum": fields}
    return {**schema, "required": schema.get("required", [])}


def _nullable(schema: Schema) -> Schema:
    """The same for an override: null for the default, also for one rule of `test` or one header."""
    if schema.get("$ref") == "#/$defs/TestRules":
        schema = {**schema, **_reference("TestRulesOverride")}
    if "patternProperties" in schema:
        public = {pattern: _nullable(value) for pattern, value in schema["patternProperties"].items()}
        others = _nullable(schema["additionalProperties"])
        schema = {**schema, "patternProperties": public, "additionalProperties": others}
    about: Schema = {key: schema[key] for key in ("description", "examples") if key in schema}
    return {**about, "anyOf": [schema, {"type": "null"}]}


def _kind_document(kind: str, model: type[KindSpec]) -> Schema:
    fields = _model_schema(model)
    required = fields.pop("required")
    spec = {
        **fields,
        "description": "What the resource is, and how it is managed.",
        "properties": {**fields["properties"], **_about_targets(kind)},
        "if": {"not": {"required": ["overrides"]}},
        "then": {"required": required},
    }
    return _document(kind, fields["description"], spec, [_example(kind, fields["properties"], required)])


def _document(kind: str, description: str, spec: Schema, examples: list[Any]) -> Schema:
    metadata = _reference("Metadata") if kind != "Project" else _PROJECT_METADATA
    return {
        "title": kind,
        "description": description,
        "examples": examples,
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "The version of the form."},
            "kind": {"const": kind, "description": description},
            "metadata": metadata,
            "spec": spec,
        },
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
    }


def _about_targets(kind: str) -> Schema:
    return {
        "targets": {
            "type": "array",
            "items": _NAME,
            "uniqueItems": True,
            "description": "The targets it is for. Default: the project's default_targets.",
            "examples": [["search-prod", "kafka"]],
        },
        "overrides": {
            "type": "object",
            "propertyNames": _NAME,
            "additionalProperties": _reference(f"{kind}Override"),
            "description": "What differs per target: maps merge, lists and references replace, null means the default.",
            "examples": [{"kafka": {"ignore": ["description"]}}],
        },
        "lint": {**_reference("Lint"), "description": _LINT["description"], "examples": _LINT["examples"]},
        **_MISTAKEN.get(kind, {}),
    }


def _example(kind: str, properties: Schema, required: list[str]) -> Schema:
    spec = {name: properties[name]["examples"][0] for name in required}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": f"my-{kind.lower()}"}, "spec": spec}


def _manifest_document() -> Schema:
    return {
        "title": "Manifest",
        "description": "One notification channel, account, group or subscription, picked by its kind.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "The version of the form."},
            "kind": {"enum": list(SPEC_MODELS), "description": "What the manifest describes."},
        },
        "required": ["apiVersion", "kind"],
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": _reference(kind)}
            for kind in SPEC_MODELS
        ],
    }


_PROJECT_METADATA: Schema = {
    "type": "object",
    "description": "What the project is called.",
    "properties": {
        **{name: _METADATA["properties"][name] for name in ("labels", "annotations")},
        "name": {**_NAME, "description": "Its name, which is the default of the owner.", "examples": ["acme"]},
    },
    "required": ["name"],
    "additionalProperties": False,
}


def _project_document() -> Schema:
    spec = _model_schema(Project)
    del spec["properties"]["name"]
    spec["properties"]["defaults"] |= {
        "properties": {kind: _reference(f"{kind}Defaults") for kind in SPEC_MODELS},
        "additionalProperties": False,
    }
    spec |= {"required": ["targets"], "description": "Targets, and the rules of the project."}
    example = {
        "apiVersion": API_VERSION,
        "kind": "Project",
        "metadata": {"name": "acme"},
        "spec": {
            "manifests": ["channels/"],
            "default_targets": ["search-prod"],
            "targets": {"search-prod": {"provider": "opensearch", "url": "https://search.example.org:9200"}},
        },
    }
    return _document("Project", "A project: its targets, and the rules for its manifests.", spec, [example])


_MAPS = frozenset({"properties", "patternProperties", "$defs"})
_VALUES = frozenset({"examples", "default", "enum", "const", "required"})
_GENERATED = frozenset({"title", "uniqueItems", "definition"})


def _cleaned(node: Any) -> Any:
    """pydantic's schema as a person would write it: no titles made of names, no nulls, no sets."""
    if isinstance(node, list):
        return [_cleaned(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: value for key, value in node.items() if key not in _GENERATED}
    branches = [branch for branch in schema.get("anyOf", []) if branch != {"type": "null"}]
    if len(branches) == 1:
        del schema["anyOf"]
        schema = {**_cleaned(branches[0]), **schema}
    if schema.get("default", True) in (None, "", [], {}):
        del schema["default"]
    if "definition" in node:
        schema |= _reference(node["definition"])
    if "patternProperties" in schema and "additionalProperties" not in schema:
        ((pattern, value),) = schema.pop("patternProperties").items()
        schema["propertyNames"] = {"pattern": pattern, **schema.get("propertyNames", {})}
        schema["additionalProperties"] = value
    return {key: _cleaned_keyword(key, value) for key, value in schema.items()}


def _cleaned_keyword(key: str, value: Any) -> Any:
    if key in _MAPS:
        return {name: _cleaned(item) for name, item in value.items()}
    return value if key in _VALUES else _cleaned(value)
