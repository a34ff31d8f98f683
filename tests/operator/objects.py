"""Kubernetes objects over plain HTTP: where each is written, and server-side apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

__all__ = ["apply_object", "collection_path", "create_object", "object_path", "served_paths"]


def collection_path(api: httpx.Client, one: Mapping[str, Any], namespace: str) -> str:
    """Where objects of its kind are listed and created; `namespace` is for one that names none. The server says which
    resource the kind is."""
    group = one["apiVersion"]
    root = f"/apis/{group}" if "/" in group else f"/api/{group}"
    resources = api.get(root).raise_for_status().json()["resources"]
    found = [item for item in resources if item["kind"] == one["kind"] and "/" not in item["name"]]
    assert found, f"the server has no {one['kind']} in {group}"
    (resource,) = found
    if not resource["namespaced"]:
        return f"{root}/{resource['name']}"
    return f"{root}/namespaces/{one['metadata'].get('namespace', namespace)}/{resource['name']}"


def object_path(api: httpx.Client, one: Mapping[str, Any], namespace: str) -> str:
    """Where the object itself is."""
    return f"{collection_path(api, one, namespace)}/{one['metadata']['name']}"


def apply_object(api: httpx.Client, one: Mapping[str, Any], namespace: str) -> httpx.Response:
    """Server-side apply with strict decoding, as `kubectl apply --server-side` does it."""
    return api.patch(
        object_path(api, one, namespace),
        params={"fieldManager": "tests", "force": "true", "fieldValidation": "Strict"},
        headers={"Content-Type": "application/apply-patch+yaml"},
        json=one,
    )


def create_object(api: httpx.Client, one: Mapping[str, Any], namespace: str, **parameters: str) -> httpx.Response:
    """Create it with strict decoding, as `kubectl create` does it; `dryRun="All"` writes nothing."""
    path = collection_path(api, one, namespace)
    return api.post(path, params={"fieldValidation": "Strict", **parameters}, json=one)


def served_paths(definition: Mapping[str, Any]) -> list[str]:
    """Where a CRD's objects are listed, once it is served."""
    spec = definition["spec"]
    versions = [item["name"] for item in spec["versions"] if item["served"]]
    return [f"/apis/{spec['group']}/{version}/{spec['names']['plural']}" for version in versions]
