"""The custom resource definitions: one for each kind and one for Project, from the table that the schemas come from.

Pure. `structural` has the dialect, `status_schema` what the operator writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.kinds import API_VERSION, KINDS
from reconciler.model.schemas import build_schemas
from reconciler.operator.status_schema import PROJECT_STATUS, RESOURCE_STATUS
from reconciler.operator.structural import Schema, structural

GROUP, VERSION = API_VERSION.split("/")
CATEGORY = "gitopschannels"
"""`kubectl get gitopschannels` lists all kinds."""

PROJECT = "Project"
SHORT_NAMES: Mapping[str, tuple[str, ...]] = {PROJECT: ("chproject",), "Subscription": ("chsub",)}
"""Other groups have kinds of these names too, as OpenShift and OLM: `kubectl get chsub` is sure to mean ours."""


def plural_of(kind: str) -> str:
    """A kind's name in addresses of the API: `slackchannels`."""
    return f"{kind.lower()}s"


def build_crds() -> list[dict[str, Any]]:
    """The definition of Project, then those of the kinds in the order of the table."""
    schemas = build_schemas()
    project = _crd(PROJECT, schemas["project"], PROJECT_STATUS, _PROJECT_COLUMNS)
    return [project, *(_crd(kind, schemas[kind], RESOURCE_STATUS, _RESOURCE_COLUMNS) for kind in KINDS)]


def _crd(kind: str, document: Schema, status: Schema, columns: list[dict[str, Any]]) -> dict[str, Any]:
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural_of(kind),
        "singular": kind.lower(),
        "categories": [CATEGORY],
    }
    short = {"shortNames": list(SHORT_NAMES[kind])} if kind in SHORT_NAMES else {}
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _root(document, status)},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [*columns, _AGE],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural_of(kind)}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": {**names, **short}, "versions": [version]},
    }


def _root(document: Schema, status: Schema) -> dict[str, Any]:
    return {
        "description": document["description"],
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(document["properties"]["spec"], document["$defs"]),
            "status": status,
        },
        "x-kubernetes-validations": [_NAME_RULE],
    }


_NAME_RULE = {
    "rule": "size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')",
    "message": "metadata.name must be 1 to 63 lowercase letters, digits or dashes, with a letter or digit at both ends",
}
"""What the server demands of every name leaves only the length and the dot."""


def _column(name: str, path: str, about: str, form: str = "string", priority: int = 0) -> dict[str, Any]:
    return {"name": name, "type": form, "jsonPath": path, "description": about, "priority": priority}


def _condition(kind: str, part: str = "status") -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{part}'


_READY = _column("Ready", _condition("Ready"), "Whether the spec is live on all its targets.")
_REASON = _column("Reason", _condition("Ready", "reason"), "Why it is ready or not.")
_MESSAGE = _column("Message", _condition("Ready", "message"), "What to do.", priority=1)
_AGE = _column("Age", ".metadata.creationTimestamp", "How long the object exists.", "date")
_RESOURCE_COLUMNS = [
    _column("Target", ".status.target", "The targets that it is applied to."),
    _READY,
    _REASON,
    _column("Verified", _condition("Verified"), "Whether a test message went through.", priority=1),
    _column("Last-Test", ".status.lastTestTime", "When the last test message was sent.", "date"),
    _MESSAGE,
]
_PROJECT_COLUMNS = [
    _column("Target", ".status.target", "Its targets."),
    _READY,
    _REASON,
    _column("Resources", ".status.resources.total", "How many resources it has.", "integer"),
    _column("Resources-Ready", ".status.resources.ready", "How many of them are ready.", "integer"),
    _MESSAGE,
]
