"""The lint rules again, with resolved addresses and the server's version: what `validate` cannot see. Pure.

Unchanged resources are looked at too: an address that was retired is as dead whether it changes or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from reconciler.model.errors import Level, Problem
from reconciler.model.lint import LINT_RULES, LintLevel, LintLevels
from reconciler.model.provider import Abilities
from reconciler.model.resource import DUPLICATE, REPLACE, ChangeKey, Resource
from reconciler.plan.changes import Action, Change, RefusedResource, TargetPlan
from reconciler.plan.diff import Secrets
from reconciler.plan.marks import Match, Matching
from reconciler.plan.payload import with_values, without_refused


def lint_plan(
    plan: TargetPlan,
    matching: Matching,
    abilities: Abilities,
    secrets: Secrets,
    levels: LintLevels,
    *,
    names: Collection[str] | None = None,
    claimed: str = "",
) -> TargetPlan:
    """The plan with a note for each warning, and a refusal for each error, that `validate` could not find.

    `names` are the resources that are planned (None: all); `claimed` is the version that the project file gives, by
    which the manifests were judged already.
    """
    version = plan.server.version if plan.server and plan.server.certain else ""
    changes = {change.name: change for change in plan.changes if change.action is not Action.DELETE}
    renamed = {key for rename in plan.renames for key in rename.created}
    notes: list[str] = []
    refused: dict[str, RefusedResource] = {}
    for match in matching.matches:
        resource = match.resource
        if names is not None and resource.name not in names:
            continue
        found = _found_now(resource, abilities, secrets, version, claimed)
        for problem in (*found, *_idle_consents(match, changes.get(resource.name), renamed)):
            level = levels.of(problem.rule, resource.name)
            if level is LintLevel.WARNING:
                notes.append(f"{resource}: {problem.text}")
            elif level is LintLevel.ERROR:
                refused.setdefault(resource.name, RefusedResource(resource.kind, resource.name, problem.text))
    return without_refused(replace(plan, notes=(*plan.notes, *notes)), refused)


def _idle_consents(match: Match, change: Change | None, renamed: Collection[ChangeKey]) -> Iterator[Problem]:
    """A `spec.allow` that consents to nothing that is planned."""
    idle = set(match.resource.settings.allow)
    if change is not None and change.action is Action.REPLACE:
        idle.discard(REPLACE)
    if change is not None and (match.alike or change.key in renamed):
        idle.discard(DUPLICATE)
    if idle:
        message = f"[{', '.join(sorted(idle))}] has no effect on this target"
        fix = "remove it, or give it under overrides where it is needed"
        yield Problem(("spec", "allow"), message, "idle-consent", fix, level=Level.WARNING)


def idle_deletes(plans: Collection[TargetPlan], names: Collection[str]) -> Iterator[Problem]:
    """The `safety.allow` of these names that no target has anything to delete for."""
    keys = [
        *(change.key for plan in plans for change in plan.changes if change.action is Action.DELETE),
        *(ChangeKey(plan.target, item.kind, item.name, item.id) for plan in plans for item in plan.candidates),
    ]
    for name in sorted(names):
        if not any(key.is_among({name}) for key in keys):
            message = f"the consent to delete {name} permits nothing on any target"
            yield Problem(("spec", "safety", "allow"), message, "idle-consent", "remove it", level=Level.WARNING)


def _found_now(resource: Resource, abilities: Abilities, secrets: Secrets, version: str, claimed: str) -> list[Problem]:
    before = {(problem.path, problem.rule) for problem in abilities.check(resource.kind, resource.fields, claimed)}
    found = abilities.check(resource.kind, with_values(resource.fields, secrets), version)
    return [item for item in found if item.rule in LINT_RULES and (item.path, item.rule) not in before]
