"""Merges the plans of a CI's matrix of jobs, each of some targets of one project and commit, into one. Pure.

What cannot be known stays unknown: a file without a plan, a plan of another commit or project, and a target that no
plan or more than one names, all become targets that could not be read, so that no summary or exit code hides them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.plan.changes import Plan, TargetPlan, UnreadTarget


@dataclass(frozen=True, slots=True)
class NamedPlan:
    """A plan and the name of its file."""

    file: str
    plan: Plan


_Found = tuple[str, TargetPlan | UnreadTarget]  # with the file that it stands in


def merge_plans(plans: Sequence[NamedPlan], broken: Iterable[UnreadTarget], expected: Collection[str] = ()) -> Plan:
    """The plans as one; there must be one at least, and the first says which project and commit the others are held to.

    `broken` are files that hold no plan, named in place of a target, and `expected` are targets that must be planned.
    """
    first = plans[0]
    unread, fitting = list(broken), [first]
    for item in plans[1:]:
        if misfit := _misfit(item, first):
            unread.append(UnreadTarget(item.file, "", misfit, is_file=True))
        else:
            fitting.append(item)
    by_target: dict[str, list[_Found]] = {}
    for item in fitting:
        if not (item.plan.targets or item.plan.unread):
            unread.append(UnreadTarget(item.file, "", "it is a plan that names no target", is_file=True))
        spoken: tuple[TargetPlan | UnreadTarget, ...] = (*item.plan.targets, *item.plan.unread)
        for target in spoken:
            by_target.setdefault(target.target, []).append((item.file, target))
    single = _without_same_systems(_once(found) for found in by_target.values())
    missing = sorted(set(expected) - set(by_target))
    unread += [UnreadTarget(name, "", "no plan of it is among these files: did its job fail?") for name in missing]
    scope, notes = _scope([item.plan.scope for item in fitting])
    return Plan(
        project=first.plan.project,
        owner=first.plan.owner,
        targets=tuple(item for item in single if isinstance(item, TargetPlan)),
        unread=tuple(sorted([*(item for item in single if isinstance(item, UnreadTarget)), *unread], key=_name)),
        scope=scope,
        created_at=min(item.plan.created_at for item in fitting),  # nothing newer vouches for all of it
        commit=first.plan.commit,
        tool_version=first.plan.tool_version,
        notes=(*dict.fromkeys(note for item in fitting for note in item.plan.notes), *notes, *_versions(fitting)),
    )


def _name(target: UnreadTarget) -> str:
    return target.target


def _misfit(item: NamedPlan, first: NamedPlan) -> str:
    """Why a plan does not belong to the first one; "" if it does."""
    plan, other = item.plan, first.plan
    if (plan.project, plan.owner) != (other.project, other.owner):
        return (
            f"it is a plan of the project {plan.project} (owner {plan.owner}), and {first.file} is one of "
            f"{other.project} (owner {other.owner})"
        )
    if plan.commit != other.commit:
        return f"it was made at {_commit(plan)}, and {first.file} at {_commit(other)}: make all of them at one commit"
    return ""


def _commit(plan: Plan) -> str:
    return f"commit {plan.commit}" if plan.commit else "no commit"


def _once(found: Sequence[_Found]) -> TargetPlan | UnreadTarget:
    """The plan of a target; an UnreadTarget if more than one plan contains it."""
    _, target = found[0]
    if len(found) == 1:
        return target
    files = ", ".join(file for file, _ in found)
    return UnreadTarget(target.target, target.provider, f"it is planned more than once, in {files}: plan it in one job")


def _without_same_systems(targets: Iterable[TargetPlan | UnreadTarget]) -> list[TargetPlan | UnreadTarget]:
    """The targets by name. Those that turn out to be one system would overwrite each other, so none of them counts."""
    ordered = sorted(targets, key=lambda item: item.target)
    systems: dict[tuple[str, str], list[str]] = {}
    for item in ordered:
        if isinstance(item, TargetPlan) and item.server is not None:
            systems.setdefault((item.provider, item.server.identity), []).append(item.target)
    shared = {name: (*names, identity) for (_, identity), names in systems.items() if len(names) > 1 for name in names}
    return [
        UnreadTarget(item.target, item.provider, _same_system(*shared[item.target])) if item.target in shared else item
        for item in ordered
    ]


def _same_system(*words: str) -> str:
    *names, identity = words
    return f"targets {' and '.join(names)} are the same system ({identity}): remove one of them"


def _scope(scopes: Sequence[Mapping[str, object]]) -> tuple[dict[str, object], list[str]]:
    """The flags that all plans were made with, and notes on those that only some were; targets are combined."""
    shared: dict[str, Any] = {}
    differing = []
    for name in sorted({name for scope in scopes for name in scope}):
        values = [scope.get(name) for scope in scopes]
        if name == "targets":
            shared |= _all_targets(values)
        elif all(value == values[0] for value in values):
            shared[name] = values[0]
        else:
            differing.append(name)
    words = f"the plans were not all made with the same flags: {', '.join(differing)}"
    return shared, [words] if differing else []


def _all_targets(values: Sequence[object]) -> Iterator[tuple[str, object]]:
    """No limit if one of the plans had none."""
    if all(isinstance(value, list) for value in values):
        yield "targets", sorted({item for value in values if isinstance(value, list) for item in value})


def _versions(plans: Iterable[NamedPlan]) -> Iterator[str]:
    versions = sorted({item.plan.tool_version for item in plans})
    if len(versions) > 1:
        yield f"the plans were made by different versions of reconciler: {', '.join(versions)}"
