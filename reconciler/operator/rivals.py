"""Two projects that would fight over one system: one owner, one system, two namespaces. The younger gives way.

Whoever names the owner of a project that is there as a former one gives way too: it would take over what is that
project's. A suspended project keeps what it owns: it may go on at any time. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.model.errors import ConfigurationError
from reconciler.model.provider import SettingsOf
from reconciler.model.text import normal_address
from reconciler.operator.resources import CustomResource


def rival_of(project: CustomResource, others: Iterable[CustomResource], settings_of: SettingsOf) -> str:
    """Why a project must give way to another one on a system of both, older and with its owner, or with an owner that
    it names as a former one; "" if to none."""
    mine = _systems(project, settings_of)
    for other in sorted(others, key=lambda item: (item.created, item.uid)):
        if other.uid == project.uid:
            continue
        is_former = _owner(other) != _owner(project)
        if is_former and _owner(other) not in _former(project):
            continue
        if not is_former and (other.created, other.uid) >= (project.created, project.uid):
            continue
        shared = sorted(name for name, systems in mine.items() if systems & _all(_systems(other, settings_of)))
        if shared and is_former:
            return (
                f"{_named(other, project)} has the owner {_owner(other)} on the system of {shared[0]}, so its objects "
                "are not this one's: take that name out of spec.former_owners, or delete that Project first"
            )
        if shared:
            return (
                f"{_named(other, project)} is older, and has the owner {_owner(project)} on the system of {shared[0]} "
                "too: give this one an owner of its own, or delete that one, which counts even while it is suspended"
            )
    return ""


def _named(other: CustomResource, project: CustomResource) -> str:
    """The other project, for whoever reads this one: one namespace's tenant learns no name of another's."""
    if other.namespace == project.namespace:
        return f'Project "{other.name}"'
    return "a Project of another namespace (an administrator finds it by `kubectl get chproject -A`)"


def _former(project: CustomResource) -> frozenset[str]:
    written = project.spec.get("former_owners")
    return frozenset(item for item in written if isinstance(item, str)) if isinstance(written, list) else frozenset()


def _owner(project: CustomResource) -> str:
    return str(project.spec.get("owner") or project.name)


def _all(systems: Mapping[str, frozenset[tuple[str, str]]]) -> frozenset[tuple[str, str]]:
    return frozenset(item for found in systems.values() for item in found)


def _systems(project: CustomResource, settings_of: SettingsOf) -> dict[str, frozenset[tuple[str, str]]]:
    """By target, what tells its system: the address where it names one and one address is one system, and the identity
    once that is known."""
    written = project.spec.get("targets")
    targets: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    known = project.status.get("targets")
    identities = {
        item.get("name"): item.get("identity")
        for item in (known if isinstance(known, list) else ())
        if isinstance(item, Mapping)
    }
    systems: dict[str, frozenset[tuple[str, str]]] = {}
    for name, target in targets.items():
        if not isinstance(target, Mapping):
            continue
        tells = {(str(target.get("provider")), str(identities[name]))} if identities.get(name) else set()
        if isinstance(target.get("url"), str) and _one_address_is_one_system(target.get("provider"), settings_of):
            tells.add(("url", normal_address(target["url"])))
        systems[str(name)] = frozenset(tells)
    return systems


def _one_address_is_one_system(provider: object, settings_of: SettingsOf) -> bool:
    """Whether the address tells the system; yes for a provider that nobody knows, since then two are kept apart."""
    try:
        return settings_of(str(provider)).one_address_is_one_system
    except ConfigurationError:
        return True
