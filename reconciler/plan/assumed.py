"""What a server would not take: this one, now that its version and the secrets are known, or one of another version.

`validate` judges without a server; here the same rules are asked again with all that a plan knows. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.diff import Secrets
from reconciler.ownership import Found, Matching, Ownership, describe, longest_mark
from reconciler.plan.model import Action, RefusedResource, TargetPlan
from reconciler.providers.base import Abilities
from reconciler.resources import SecretReference, Value

__all__ = ["refuse_unholdable", "with_assumed_version"]


def refuse_unholdable(
    plan: TargetPlan, matching: Matching, ownership: Ownership, abilities: Abilities, secrets: Secrets
) -> TargetPlan:
    """The plan of a target without the changes that its server is known to refuse: they are refusals."""
    version = plan.server.version if plan.server and plan.server.certain else ""
    fields = {match.resource.name: match.resource.fields for match in matching.matches}
    refused: dict[str, RefusedResource] = {}
    for change in plan.changes:
        if change.action is Action.DELETE or change.name not in fields:
            continue
        values = _with_values(fields[change.name], secrets)
        found = list(_refusals(change.kind, change.name, values, ownership, abilities, version))
        if found:
            refused[change.name] = RefusedResource(change.kind, change.name, " and ".join(found))
    if not refused:
        return plan
    return replace(
        plan,
        changes=tuple(item for item in plan.changes if item.action is Action.DELETE or item.name not in refused),
        messages=tuple(message for message in plan.messages if message.name not in refused),
        refusals=(*plan.refusals, *refused.values()),
    )


def with_assumed_version(
    plan: TargetPlan, matching: Matching, ownership: Ownership, abilities: Abilities, secrets: Secrets, version: str
) -> TargetPlan:
    """The plan of a target with what a server of `version` would refuse: desired resources and owned live objects."""
    wanted = [
        (match.resource.kind, match.resource.name, _with_values(match.resource.fields, secrets), "")
        for match in matching.matches
    ]
    live = [
        (item.live.kind, item.name, item.live.fields, "as it is live: ")
        for item in matching.found
        if item.live.kind is not None and _is_ours(item, matching, ownership)
    ]
    found: dict[tuple[str, str, str], RefusedResource] = {}
    for kind, name, fields, where in (*wanted, *live):
        for message in _refusals(kind, name, fields, ownership, abilities, version):
            found.setdefault((kind, name, message), RefusedResource(kind, name, where + message))
    return replace(plan, assumed=version, would_refuse=tuple(found[key] for key in sorted(found)))


def _refusals(
    kind: str, name: str, fields: Mapping[str, Value], ownership: Ownership, abilities: Abilities, version: str
) -> Iterator[str]:
    mark = longest_mark(ownership.owner, name, protected=False)
    marked = {**fields, "description": describe(str(fields.get("description") or ""), mark)}
    for problem in abilities.check(kind, marked, version):
        if not problem.warning:
            yield f"{problem.field}: {problem.message}" + (f"; {problem.hint}" if problem.hint else "")


def _is_ours(item: Found, matching: Matching, ownership: Ownership) -> bool:
    return ownership.owns(item.mark) or any(match.found is item for match in matching.matches)


def _with_values(fields: Mapping[str, Value], secrets: Secrets) -> dict[str, Value]:
    return {name: _with_value(value, secrets) for name, value in fields.items()}


def _with_value(value: Value, secrets: Secrets) -> Value:
    if isinstance(value, SecretReference):
        return secrets.get(value, value)
    return _with_values(value, secrets) if isinstance(value, Mapping) else value
