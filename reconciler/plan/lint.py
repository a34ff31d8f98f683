"""The lint rules again, with resolved addresses and the server's version: what `validate` cannot see. Pure.

Unchanged resources are looked at too: an address that was retired is as dead whether it changes or not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.model.errors import Problem
from reconciler.model.lint import LINT_RULES, LintLevel, LintLevels
from reconciler.model.provider import Abilities
from reconciler.model.resource import Resource
from reconciler.plan.changes import RefusedResource, TargetPlan
from reconciler.plan.diff import Secrets
from reconciler.plan.marks import Matching
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
    notes: list[str] = []
    refused: dict[str, RefusedResource] = {}
    for match in matching.matches:
        resource = match.resource
        if names is not None and resource.name not in names:
            continue
        for problem in _found_now(resource, abilities, secrets, version, claimed):
            level = levels.of(problem.rule, resource.name)
            if level is LintLevel.WARNING:
                notes.append(f"{resource}: {problem.text}")
            elif level is LintLevel.ERROR:
                refused.setdefault(resource.name, RefusedResource(resource.kind, resource.name, problem.text))
    return without_refused(replace(plan, notes=(*plan.notes, *notes)), refused)


def _found_now(resource: Resource, abilities: Abilities, secrets: Secrets, version: str, claimed: str) -> list[Problem]:
    before = {(problem.path, problem.rule) for problem in abilities.check(resource.kind, resource.fields, claimed)}
    found = abilities.check(resource.kind, with_values(resource.fields, secrets), version)
    return [item for item in found if item.rule in LINT_RULES and (item.path, item.rule) not in before]
