"""The JSON Schemas of manifests and project files, made from the tables of kinds and of the project file.

The tables say what a field is; here they get the frame that people write: header, `targets`, `overrides` (every field
optional, null for the default). Each schema stands alone, so that no editor goes looking on a network. `tools.schemas`
puts them into files, which is what a run reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.fields import LABEL_KEY_PATTERN, LABEL_PATTERN, LABEL_WORDS, NAME, Row, rows
from reconciler.model.kinds import API_VERSION, KINDS, Field, Kind
from reconciler.model.lint import LINT_RULES
from reconciler.model.operator_settings import DELETE, ResourceOperator
from reconciler.model.project import Auth, Project
from reconciler.model.provider import ProviderSettings
from reconciler.model.resource import Settings, TestPolicy
from reconciler.model.secret_fields import SECRET_SCHEMAS

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BASE = "https://channels.gitops/schemas/v1/"
_NAME: Schema = {**NAME.schema}
_LABEL_KEY: Schema = {
    "pattern": LABEL_KEY_PATTERN,
    "patternErrorMessage": "is not a valid label name; write it as team or acme.org/team",
}
_KUBERNETES_OWN: Schema = {"description": "Written by Kubernetes; ignored.", "readOnly": True}
_ADDED_NAMES = (
    *("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generation"),
    *("managedFields", "namespace", "ownerReferences", "resourceVersion", "selfLink", "uid"),
)
_ADDED_METADATA: Schema = dict.fromkeys(_ADDED_NAMES, _KUBERNETES_OWN)
"""What a manifest has besides when it was read from a cluster, or is meant for one."""

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
            "description": "For other tools; ignored here.",
            "additionalProperties": {"type": "string"},
        },
        "renamed_from": {
            "not": {},
            "errorMessage": "has moved: write spec.renamed_from",
            "description": "Has moved to spec.renamed_from.",
        },
        **_ADDED_METADATA,
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


def build_schemas() -> dict[str, Schema]:
    """Every schema by its name: one per kind, `manifest`, which picks by kind, and `project`."""
    defs = _definitions()
    documents = {
        **{kind.name: _kind_document(kind) for kind in KINDS.values()},
        "manifest": _manifest_document(),
        "project": _project_document(),
    }
    return {name: _published(name, document, defs) for name, document in documents.items()}


def with_providers(project: Schema, settings: Mapping[str, ProviderSettings]) -> Schema:
    """The schema of project files with what a target of these providers takes besides, for editors. A run does not read
    that here: `manifests.load_project` asks each provider itself."""
    defs = project["$defs"]
    about = [*defs["Target"].get("allOf", ()), *(_about_provider(name, one) for name, one in settings.items())]
    return {**project, "$defs": {**defs, "Target": {**defs["Target"], "allOf": about}}}


def _about_provider(provider: str, settings: ProviderSettings) -> Schema:
    ways = sorted(settings.auth)
    refused = f"{provider} does not support this; it takes {', '.join(ways)}"
    auth = {
        way.name: {"not": {}, "errorMessage": refused, "description": f"Not for {provider}."}
        for way in rows(Auth)
        if way.name not in settings.auth
    }
    variable = f"the environment variable {settings.url_variable}" if settings.url_variable else ""
    default = settings.default_url or variable
    address = "Its address, which may have a path." + (f" Default: {default}." if default else "")
    properties: Schema = {"url": {"description": address}}
    if auth:
        properties["auth"] = {"description": f"How the target knows who we are: {', '.join(ways)}.", "properties": auth}
    return {
        "if": {"properties": {"provider": {"const": provider}}, "required": ["provider"]},
        "then": {"properties": properties, **({} if default else {"required": ["url"]})},
    }


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
    defs |= {name: make() for name, make in SECRET_SCHEMAS.items()}
    for kind in KINDS.values():
        fields = _spec_fields(kind)
        defs[kind.name] = _kind_document(kind)
        defs[f"{kind.name}Defaults"] = {**_mapping(fields), "description": f"What each {kind.name} has by default."}
        defs[f"{kind.name}Override"] = {
            **_mapping({name: _nullable(schema) for name, schema in fields.items()}),
            "description": "What differs for this target; null means the default.",
        }
    defs |= {of.__name__: _record(of) for of in (ResourceOperator, *_records(Project))}
    tests = defs[TestPolicy.__name__]
    nullable = {name: _nullable(schema) for name, schema in tests["properties"].items()}
    defs[_TEST_OVERRIDE] = {**tests, "properties": nullable}
    return defs


_TEST_OVERRIDE = f"{TestPolicy.__name__}Override"
_WAYS = [row.name for row in rows(Auth)]
_MORE: Mapping[type, Schema] = {
    Auth: {
        "minProperties": 1,
        "maxProperties": 1,
        "errorMessage": f"must be exactly one of {', '.join(_WAYS[:-1])} and {_WAYS[-1]}",
    }
}
"""What the rows of a record cannot say of it."""


def _records(of: type) -> Iterator[type]:
    """The records below one, however deep."""
    for row in rows(of):
        for part in row.form.parts:
            yield part
            yield from _records(part)


def _record(of: type) -> Schema:
    """A record of `fields.rows`; the first paragraph of its docstring describes it."""
    about = " ".join((of.__doc__ or "").partition("\n\n")[0].split())
    required = [row.name for row in rows(of) if row.required]
    schema = {"description": about, **_mapping({row.name: _row(row) for row in rows(of)}), **_MORE.get(of, {})}
    return schema | ({"required": required} if required else {})


def _mapping(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _row(row: Row) -> Schema:
    """The schema of one field, with what it is for and its default; a default that says nothing is left out."""
    schema: Schema = {"description": row.description, **row.form.schema}
    managed = not (isinstance(row, Field) and row.only_when_written)
    if managed and isinstance(row.default, (str, int)) and row.default != "":
        schema["default"] = row.default
    return schema | ({"examples": list(row.examples)} if row.examples else {})


def _spec_fields(kind: Kind) -> Schema:
    """What may stand in a spec of the kind, apart from what is about targets."""
    managing = {row.name: _row(row) for row in rows(Settings)}
    managing["ignore"]["items"] = {"enum": sorted(field.name for field in kind.fields)}
    return managing | {field.name: _row(field) for field in kind.fields}


def _nullable(schema: Schema) -> Schema:
    """The same for an override: null for the default, also for one rule of `test` or one header."""
    if schema.get("$ref") == f"#/$defs/{TestPolicy.__name__}":
        schema = {**schema, **_reference(_TEST_OVERRIDE)}
    if "patternProperties" in schema:
        public = {pattern: _nullable(value) for pattern, value in schema["patternProperties"].items()}
        others = _nullable(schema["additionalProperties"])
        schema = {**schema, "patternProperties": public, "additionalProperties": others}
    about: Schema = {key: schema[key] for key in ("description", "examples") if key in schema}
    return {**about, "anyOf": [schema, {"type": "null"}]}


def _kind_document(kind: Kind) -> Schema:
    fields = _spec_fields(kind)
    required = [field.name for field in kind.fields if field.required]
    spec = {
        "description": "What the resource is, and how it is managed.",
        **_mapping({**fields, **_about_targets(kind.name)}),
        "if": {"not": {"required": ["overrides"]}},
        "then": {"required": required},
    }
    example = {name: fields[name]["examples"][0] for name in required}
    return _document(kind.name, kind.description, spec, [_example(kind.name, example)])


def _document(kind: str, description: str, spec: Schema, examples: list[Any]) -> Schema:
    metadata = _reference("Metadata") if kind != "Project" else _PROJECT_METADATA
    return {
        "title": kind,
        "description": description,
        "examples": examples,
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "The version of the format."},
            "kind": {"const": kind, "description": description},
            "metadata": metadata,
            "spec": spec,
            "status": _KUBERNETES_OWN,
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
        "operator": {
            **_reference(ResourceOperator.__name__),
            "description": "How the operator treats it in a cluster; the command line only checks the form.",
            "examples": [{"deletion_policy": DELETE, "test_every": "7d"}],
        },
        "lint": {**_reference("Lint"), "description": _LINT["description"], "examples": _LINT["examples"]},
        **KINDS[kind].mistaken,
    }


def _example(kind: str, spec: Schema) -> Schema:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": f"my-{kind.lower()}"}, "spec": spec}


def _manifest_document() -> Schema:
    return {
        "title": "Manifest",
        "description": "One notification channel, account, group or subscription, picked by its kind.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "The version of the format."},
            "kind": {"enum": list(KINDS), "description": "What the manifest describes."},
        },
        "required": ["apiVersion", "kind"],
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": _reference(kind)}
            for kind in KINDS
        ],
    }


_PROJECT_METADATA: Schema = {
    "type": "object",
    "description": "What the project is called.",
    "properties": {
        **{name: _METADATA["properties"][name] for name in ("labels", "annotations")},
        "name": {**_NAME, "description": "Its name, which is the default of the owner.", "examples": ["acme"]},
        **_ADDED_METADATA,
    },
    "required": ["name"],
    "additionalProperties": False,
}


def _project_document() -> Schema:
    spec = {**_record(Project), "description": "Targets, and the rules of the project."}
    spec["properties"]["defaults"]["properties"] = {kind: _reference(f"{kind}Defaults") for kind in KINDS}
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
