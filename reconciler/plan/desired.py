"""Manifests -> the desired state of each target: defaults, overrides, references, and what a target can hold.

Pure: secrets stay references here, ids are not known yet, and nothing is read. Every problem of every manifest is
gathered, since a person wants to see all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.manifests.manifest import NOT_OF_A_TARGET, Manifest, check_spec
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Problem
from reconciler.model.fields import read_record
from reconciler.model.kinds import KINDS, Role
from reconciler.model.project import Project
from reconciler.model.provider import Abilities
from reconciler.model.resource import Resource, Settings
from reconciler.model.text import suggest
from reconciler.model.values import Value
from reconciler.plan.claims import listed
from reconciler.plan.marks import describe, longest_mark


@dataclass(frozen=True, slots=True)
class Desired:
    """The desired state: for each target its resources by name; the manifests they came from; what is wrong.

    `skipped` counts, by target, the resources meant for targets of other project files.
    """

    resources: Mapping[str, Mapping[str, Resource]]
    manifests: Mapping[str, Manifest]
    problems: tuple[Problem, ...] = ()
    skipped: Mapping[str, int] | None = None


def build_desired(
    manifests: Iterable[Manifest],
    project: Project,
    abilities: Mapping[str, Abilities],
    *,
    partial: bool = False,
    refused: frozenset[str] = frozenset(),
) -> Desired:
    """The desired state of every target of the project.

    `abilities` are by provider name. `partial`: the manifests are not all there are (`-f`), so a reference that
    leads outside them is looked up among the owned live objects later, and is no problem here. `refused` are the
    names of manifests that are there but unusable: a reference to one of them dangles only because of that.
    """
    manifests = list(manifests)
    by_name = {manifest.name: manifest for manifest in manifests}
    problems: list[Problem] = []
    skipped: dict[str, int] = {}
    state: dict[str, dict[str, Resource]] = {name: {} for name in project.targets}
    for manifest in manifests:
        for target in _targets_of(manifest, project, problems):
            if target not in project.targets:
                skipped[target] = skipped.get(target, 0) + 1
                continue
            resource = _resource(manifest, target, project, problems)
            if resource is not None:
                state[target][resource.name] = resource
                problems += _unsupported(manifest, resource, target, project, abilities)
    problems += _wrong_renames(state, by_name)
    for target, resources in state.items():
        problems += _shared_ids(resources, target, by_name)
        problems += _wrong_references(resources, target, by_name, refused, partial=partial)
    return Desired(state, by_name, tuple(sorted(problems, key=lambda problem: problem.sort_key)), skipped)


def _targets_of(manifest: Manifest, project: Project, problems: list[Problem]) -> list[str]:
    written = manifest.spec.get("targets")
    names = list(written) if written is not None else list(project.default_targets)
    if not names:
        problems.append(
            manifest.problem(
                "names no target, and the project has no default_targets",
                "no-target",
                path=("spec", "targets") if written is not None else (),
                fix="write spec.targets, or spec.default_targets in the project file",
            )
        )
    known = {*project.targets, *project.known_targets}
    for index, name in enumerate(names):
        if name not in known:
            problems.append(_unknown_target(manifest, name, index, known))
    for name in manifest.spec.get("overrides", {}):
        if name not in known:
            problems.append(_unknown_target(manifest, name, None, known))
    return [name for name in names if name in known]


def _unknown_target(manifest: Manifest, name: str, index: int | None, known: Iterable[str]) -> Problem:
    written = manifest.spec.get("targets") is not None
    path: tuple[str | int, ...] = ("spec", "overrides", name)
    if index is not None:
        path = ("spec", "targets", index) if written else ()
    return manifest.problem(
        f"the project has no target {name}",
        "unknown-target",
        path=path,
        fix=suggest(name, sorted(known)) or "add it to its spec.targets, or to its spec.known_targets to skip it",
    )


def _resource(manifest: Manifest, target: str, project: Project, problems: list[Problem]) -> Resource | None:
    defaults = project.defaults.get(manifest.kind, {})
    override = manifest.spec.get("overrides", {}).get(target, {})
    spec: Mapping[str, Any] = {key: value for key, value in manifest.spec.items() if key not in NOT_OF_A_TARGET}
    if project.test or defaults or override:  # else it passed its schema as it is
        test = {"test": project.test} if project.test else {}
        spec = _without_nulls(_merge(_merge(test, defaults), _merge(spec, override)))
        wrong = check_spec(manifest.kind, spec)
        problems += [_of_merged(manifest, target, problem) for problem in wrong]
        if wrong:
            return None
    return Resource(
        kind=manifest.kind,
        name=manifest.name,
        fields=KINDS[manifest.kind].read(spec, manifest.name),
        settings=read_record(Settings, spec),
        labels=manifest.labels,
    )


def _of_merged(manifest: Manifest, target: str, problem: Problem) -> Problem:
    return manifest.problem(
        f"{problem.message} (for target {target})",
        problem.rule,
        path=_written_at(manifest, target, problem.path),
        fix=problem.fix,
    )


_MAPS = ("headers", "test")
"""The fields that are maps. Their keys are data, whatever they are called: a header may be named `test`."""


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merges maps; everything else replaces. A null is kept for `_without_nulls`, since it means the default."""
    merged = {**base, **over}
    for key in _MAPS:
        before, value = base.get(key), over.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[key] = {**before, **value}
    return merged


def _without_nulls(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_nulls(value) if isinstance(value, Mapping) else value
        for key, value in fields.items()
        if value is not None
    }


def _written_at(manifest: Manifest, target: str, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    overridden = manifest.spec.get("overrides", {}).get(target, {})
    if path and path[0] in overridden:
        return ("spec", "overrides", target, *path)
    return ("spec", *path)


def _unsupported(
    manifest: Manifest, resource: Resource, target: str, project: Project, abilities: Mapping[str, Abilities]
) -> Iterator[Problem]:
    """What the target does not support: the kind, a field, or a text that is too long with its mark."""
    settings = project.targets[target]
    able = abilities[settings.provider]
    if resource.kind not in able.kinds:
        yield manifest.problem(
            f"target {target} ({settings.provider}) has no {resource.kind}",
            "unsupported-kind",
            path=("kind",),
            fix=f"leave {target} out of spec.targets",
        )
        return
    mark = longest_mark(
        project.owner,
        resource.name,
        protected=resource.settings.protected,
        disabled=resource.fields.get("enabled") is False,
    )
    fields = {**resource.fields, "description": describe(str(resource.fields.get("description") or ""), mark)}
    for problem in able.check(resource.kind, fields, settings.version or ""):
        yield manifest.problem(
            f"{problem.message} (target {target})",
            problem.rule,
            path=problem.path if problem.path == ("kind",) else _written_at(manifest, target, problem.path),
            fix=problem.fix,
            level=problem.level,
        )


def _wrong_renames(state: Mapping[str, Mapping[str, Resource]], by_name: Mapping[str, Manifest]) -> Iterator[Problem]:
    """Former names that another manifest uses on the same target: it cannot be known whose the live object is."""
    reported: set[tuple[str, str]] = set()
    for target, resources in state.items():
        for resource in resources.values():
            for former in resource.settings.renamed_from:
                if former == resource.name or former not in resources or (resource.name, former) in reported:
                    continue
                reported.add((resource.name, former))
                manifest = by_name[resource.name]
                yield manifest.problem(
                    f"renamed from {former}, but another manifest has that name ({by_name[former].source.location()})",
                    "rename-clash",
                    path=_written_at(manifest, target, ("renamed_from",)),
                    fix="give the other manifest another name, or remove renamed_from once it was applied",
                )


def _shared_ids(resources: Mapping[str, Resource], target: str, by_name: Mapping[str, Manifest]) -> Iterator[Problem]:
    """Manifests that pin one live object of a target: which of them describes it nobody knows."""
    pinned: dict[str, list[str]] = {}
    for name in sorted(resources):
        if (object_id := resources[name].settings.id) is not None:
            pinned.setdefault(object_id, []).append(name)
    for names in pinned.values():
        if len(names) == 1:
            continue
        for name in names:
            others = [f"{other} ({by_name[other].source.location()})" for other in names if other != name]
            yield by_name[name].problem(
                f"pins the same live object of target {target} as {listed(others)}",
                "shared-id",
                path=_written_at(by_name[name], target, ("id",)),
                fix="correct spec.id, or remove one of the manifests",
            )


def _wrong_references(
    resources: Mapping[str, Resource],
    target: str,
    by_name: Mapping[str, Manifest],
    refused: frozenset[str],
    *,
    partial: bool,
) -> Iterator[Problem]:
    for resource in resources.values():
        for field in KINDS[resource.kind].fields:
            if field.role not in (Role.REFERENCE, Role.REFERENCES):
                continue
            for name in _names(resource.fields.get(field.name)):
                if name in refused:
                    continue
                problem = _wrong_reference(name, resources.get(name), field.refers, target, by_name, partial=partial)
                if problem:
                    message, fix = problem
                    path = _written_at(by_name[resource.name], target, (field.name,))
                    yield by_name[resource.name].problem(message, "dangling-reference", path=path, fix=fix)


def _names(value: Value) -> list[str]:
    if isinstance(value, frozenset):
        return sorted(name for name in value if ":" not in name)  # `role:X` and `user:X` belong to the platform
    return [value] if isinstance(value, str) else []


def _wrong_reference(
    name: str,
    found: Resource | None,
    kinds: frozenset[str],
    target: str,
    by_name: Mapping[str, Manifest],
    *,
    partial: bool,
) -> tuple[str, str] | None:
    wanted = " or ".join(sorted(kinds))
    if found is not None:
        if found.kind in kinds:
            return None
        return f'"{name}" is a {found.kind}, not a {wanted}', f"name a {wanted}"
    if name in by_name:
        return f'"{name}" is not on target {target}', f"add {target} to the targets of {name}"
    if partial:
        return None
    return f'there is no manifest "{name}"', f"write a {wanted} of that name, or correct the name"
