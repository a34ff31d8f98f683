"""Structural schemas, as a server reads them: what is in them, and what it would drop or refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

__all__ = ["nodes", "openapi", "problems"]


def nodes(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every schema within a schema, with the fields that lead to it."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, (*path, name))
    for key in ("items", "additionalProperties", "not"):
        yield from nodes(schema.get(key), path)


def problems(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    """What a server would drop or refuse, as far as types and fields go."""
    if value is None:
        if not schema.get("nullable"):
            yield f"{path} is null"
    elif "type" not in schema:
        return
    elif schema["type"] == "object":
        fields, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, item in value.items():
            if name not in fields and others is None:
                yield f"{path}.{name} is dropped"
            yield from problems(fields.get(name, others or {}), item, f"{path}.{name}")
    elif schema["type"] == "array":
        for item in value:
            yield from problems(schema["items"], item, f"{path}[]")
    else:
        types = {"string": str, "boolean": bool, "integer": int}
        if not isinstance(value, types[schema["type"]]):
            yield f"{path} is no {schema['type']}"


def openapi(crds: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What a server publishes of definitions: of 1.37 recorded, as far as it is read here."""
    schemas: dict[str, Any] = {"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "object"}}
    for crd in crds:
        spec = crd["spec"]
        kind, group, version = spec["names"]["kind"], spec["group"], spec["versions"][0]
        names = [{"group": group, "kind": kind, "version": version["name"]}]
        whole = deepcopy(version["schema"]["openAPIV3Schema"])
        schemas[f"gitops.channels.v1.{kind}"] = {**whole, "x-kubernetes-group-version-kind": names}
        lists = [{**names[0], "kind": f"{kind}List"}]
        schemas[f"gitops.channels.v1.{kind}List"] = {"type": "object", "x-kubernetes-group-version-kind": lists}
    return {"openapi": "3.0.0", "components": {"schemas": schemas}}
