"""Merges an exported manifest into an existing one, and keeps what only a person can know. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.export.documents import LIVE, Spec
from reconciler.export.texts import ManifestDocument
from reconciler.manifests.manifest import Manifest
from reconciler.model.kinds import KINDS, Role

_WHERE = frozenset({"targets", "overrides"})


def merge_with(exported: ManifestDocument, written: Manifest) -> ManifestDocument:
    """The exported manifest with these parts of the written one: labels, fields that say how it is managed and tested,
    and references to secrets (an export only knows that a secret is live)."""
    fields = {field.name for field in KINDS[exported.kind].fields}
    own = exported.document["spec"]
    kept = {key: value for key, value in written.spec.items() if key not in fields | _WHERE}
    spec = {**kept, **_with_secrets(exported.kind, own, written.spec)}
    theirs = written.spec.get("overrides", {})
    if "overrides" in own:
        spec["overrides"] = {
            target: _with_secrets(exported.kind, override, theirs.get(target, {}))
            for target, override in own["overrides"].items()
        }
    metadata = {**exported.document["metadata"], **({"labels": dict(written.labels)} if written.labels else {})}
    return replace(exported, document={**exported.document, "metadata": metadata, "spec": spec})


def says_the_same(exported: ManifestDocument, written: Manifest) -> bool:
    """Whether both have the same kind, labels and spec, so that writing the file again would only change its form."""
    document = exported.document
    labels = document["metadata"].get("labels", {})
    return (exported.kind, labels, document["spec"]) == (written.kind, dict(written.labels), dict(written.spec))


def _with_secrets(kind: str, spec: Spec, written: Mapping[str, Any]) -> Spec:
    merged = dict(spec)
    for field in KINDS[kind].fields:
        value, before = spec.get(field.name), written.get(field.name)
        if field.role is Role.SECRET and value == LIVE and before is not None:
            merged[field.name] = before
        elif field.role is Role.SECRETS and isinstance(value, dict) and isinstance(before, Mapping):
            merged[field.name] = _with_headers(value, before)
    return merged


def _with_headers(headers: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    by_name = {name.lower(): value for name, value in written.items()}
    return {name: by_name.get(name.lower()) or value if value == LIVE else value for name, value in headers.items()}
