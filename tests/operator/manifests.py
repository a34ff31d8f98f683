"""The manifests of the tests and examples as they can stand in a cluster: their secrets are in Secrets there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from reconciler.model.kinds import API_VERSION, KINDS, Role
from reconciler.model.values import PUBLIC_HEADERS

__all__ = ["ACCEPTED", "PROJECTS", "examples", "in_cluster"]

ROOT = Path(__file__).parent.parent.parent
REFERENCE = {"secret": "channels", "key": "value"}
_STAYS = frozenset({"plain", "live", "vault", "aws_secret", "secret"})


def in_cluster(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same with Kubernetes' own references in place of what no custom resource may say."""
    made: dict[str, Any] = json.loads(json.dumps(document))
    spec = made["spec"]
    if made["kind"] == "Project":
        for target in spec["targets"].values():
            _of_target(target)
        parts = [(kind, fields) for kind, fields in spec.get("defaults", {}).items()]
    else:
        parts = [(made["kind"], part) for part in (spec, *spec.get("overrides", {}).values())]
    for kind, fields in parts:
        _of_fields(kind, fields)
    return made


def _of_fields(kind: str, fields: dict[str, Any]) -> None:
    for field in KINDS[kind].fields:
        value = fields.get(field.name)
        if field.role is Role.SECRET and value is not None:
            fields[field.name] = _reference(value)
        if field.role is Role.SECRETS and value is not None:
            public = {name: text for name, text in value.items() if name.lower() in PUBLIC_HEADERS}
            fields[field.name] = {name: public.get(name) or _reference(text) for name, text in value.items()}


def _of_target(target: dict[str, Any]) -> None:
    target["headers"] = {name: _reference(value) for name, value in target.get("headers", {}).items()}
    for way in target.get("auth", {}).values():
        for name, value in way.items():
            if isinstance(value, dict) or name in ("username", "password", "token", "subject_token"):
                way[name] = _reference(value)


def _reference(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, dict) and "format" in value:
        return {**value, "from": _reference(value["from"])}
    return value if isinstance(value, dict) and set(value) & _STAYS else REFERENCE


def _documents(paths: Iterator[Path]) -> list[dict[str, Any]]:
    found = [item for path in sorted(paths) for item in yaml.safe_load_all(path.read_text("utf-8"))]
    ours = [item for item in found if isinstance(item, dict) and item.get("apiVersion") == API_VERSION]
    return [in_cluster(item) for item in ours]


ACCEPTED = _documents((ROOT / "tests/manifests/accepted").glob("every-kind.yaml"))
PROJECTS = _documents((ROOT / "tests/manifests/projects_accepted").glob("*.yaml"))


def examples() -> list[dict[str, Any]]:
    """Every manifest and project file below `examples/`."""
    return _documents((ROOT / "examples").rglob("*.yaml"))
