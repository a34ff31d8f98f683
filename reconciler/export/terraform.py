"""A state of Terraform or OpenTofu -> the live objects that it manages, by id, and names for their manifests. Pure.

Only addresses, types, names and ids are taken from a state; what the objects hold is read live, as for any export,
since a state has every secret in clear and may be out of date. The form is version 4 of the state
(`internal/states/statefile/version4.go` in the source of either program).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError
from reconciler.model.provider import TerraformType
from reconciler.model.text import printable

_VERSION = 4


@dataclass(frozen=True, slots=True)
class StateObject:
    """One object that a state manages: its address and type there, its id in the live system, and the name that
    Terraform's configuration gives it."""

    address: str
    type: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class State:
    """The objects of a state that can become manifests, notes on those that cannot, and how many resources are about
    something else."""

    objects: tuple[StateObject, ...]
    notes: tuple[str, ...] = ()
    others: int = 0


def removal_of(objects: Iterable[StateObject]) -> str:
    """The arguments of `terraform state rm` for these objects, quoted for a shell."""
    return " ".join(shlex.quote(item.address) for item in objects)


def read_state(text: str, types: Mapping[str, TerraformType], label: str) -> State:
    """The objects of a state. `types` holds the resource types that are about notification channels.

    ConfigurationError, which names `label`, if the text is not a state.
    """
    document = _checked(text, label)
    objects: list[StateObject] = []
    notes: list[str] = []
    others = 0
    for resource in _list(document.get("resources")):
        kind = resource.get("type")
        if resource.get("mode") != "managed" or not isinstance(kind, str):
            continue
        if kind not in types:
            others += 1
            continue
        for instance in _list(resource.get("instances")):
            address = _address(resource, instance)
            why = types[kind].obstacle or _obstacle(instance)
            if why:
                notes.append(f"{printable(address)} is left out: {why}")
            else:
                name = f"{resource.get('name', '')}-{instance.get('index_key', '')}".strip("-")
                object_id = types[kind].id_prefix + instance["attributes"]["id"]
                objects.append(StateObject(address, kind, object_id, name))
    return State(tuple(objects), tuple(notes), others)


def _checked(text: str, label: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ConfigurationError(f"{label}: is not a Terraform or OpenTofu state, which is JSON; {_PULL}")
    if "encrypted_data" in document:
        raise ConfigurationError(f"{label}: is encrypted; {_PULL}")
    if "format_version" in document:
        raise ConfigurationError(f"{label}: is the output of `show -json`, not a state; {_PULL}")
    if document.get("version") != _VERSION:
        raise ConfigurationError(f"{label}: is not a state of version {_VERSION} (Terraform 0.12 or newer, OpenTofu)")
    return document


_PULL = "write one with `terraform state pull` or `tofu state pull`"


def _list(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict))


def _address(resource: Mapping[str, Any], instance: Mapping[str, Any]) -> str:
    """The address as Terraform writes it: `module.a.opensearch_channel_configuration.oncall["b"]`."""
    module = f"{resource['module']}." if resource.get("module") else ""
    key = instance.get("index_key")
    index = "" if key is None else f"[{json.dumps(key, ensure_ascii=False)}]"
    return f"{module}{resource['type']}.{resource.get('name', '')}{index}"


def _obstacle(instance: Mapping[str, Any]) -> str:
    if "deposed" in instance:
        return "it was replaced, and Terraform is still to destroy it"
    attributes = instance.get("attributes")
    found = attributes.get("id") if isinstance(attributes, dict) else None
    return "" if isinstance(found, str) and found else "the state has no id for it"
