"""What cannot be planned: references that lead nowhere, what a server is known to refuse, and what lint rules forbid
once addresses are resolved and the version is read.

`validate` asks the same of what the manifests show by themselves; here is what it cannot see. Unchanged resources are
looked at too: an address that was retired is as dead whether it changes or not. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.errors import Level, Problem
from reconciler.model.lint import LINT_RULES, LintLevel, LintLevels
from reconciler.model.provider import Abilities
from reconciler.model.resource import DUPLICATE, REPLACE, ChangeKey, Resource
from reconciler.model.text import few, suggest
from reconciler.model.values import SecretReference, Value
from reconciler.plan.changes import Action, Change, RefusedResource, TargetPlan
from reconciler.plan.diff import Secrets, references
from reconciler.plan.marks import Match, Matching, Ownership, Refusal, describe, longest_mark


def refuse_dangling(matching: Matching, selected: Collection[str] | None) -> list[Refusal]:
    """The refusals of matches with dangling references, one message per resource.

    `selected` are the names that are planned (None: all). A resource that refers to a refused one that is not live is
    refused too.
    """
    live = set(matching.names.values())
    refused = {refusal.resource.name for refusal in matching.refusals}
    waiting = [match for match in matching.matches if selected is None or match.resource.name in selected]
    refusals: list[Refusal] = []
    while True:  # as often as references lead from kind to kind
        known = live | {match.resource.name for match in waiting}
        missing = {match.resource.name: names for match in waiting if (names := _missing(match, known))}
        if not missing:
            return refusals
        made = _made_by_the_platform(known)
        refusals += [
            Refusal(match.resource, "; ".join(_word(name, made, refused) for name in missing[match.resource.name]))
            for match in waiting
            if match.resource.name in missing
        ]
        waiting = [match for match in waiting if match.resource.name not in missing]


def _missing(match: Match, known: Collection[str]) -> list[str]:
    """The names of dangling references; fields that the manifest ignores are not written, and so not needed."""
    ignored = match.resource.settings.ignore if match.found is not None else frozenset[str]()
    fields = {name: value for name, value in match.resource.fields.items() if name not in ignored}
    return sorted(name for name in references(fields, match.resource.kind) if name not in known)


def _made_by_the_platform(known: Iterable[str]) -> Mapping[str, list[str]]:
    """The roles and users that the platform made a channel for, by prefix: `role:Admin` is `Admin` under `role`."""
    made: dict[str, list[str]] = defaultdict(list)
    for name in known:
        word, colon, who = name.partition(":")
        if colon:
            made[word].append(who)
    return made


def _word(name: str, made: Mapping[str, list[str]], refused: Collection[str]) -> str:
    word, colon, who = name.partition(":")
    if not colon:
        why = "cannot be planned either" if name in refused else "is not selected, or is in no manifest given"
        return f"refers to {name}, which is not live yet and {why}"
    others = made.get(word, [])
    hint = suggest(who, others) or (f"it has one for {few(others)}" if others else f"it has none for any {word}")
    return f"this target has no channel for the {word} {who}: {hint}"


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
    meant = {selector for key in keys for selector in key.selectors}
    for name in sorted(names):
        if name not in meant:
            message = f"the consent to delete {name} permits nothing on any target"
            yield Problem(("spec", "safety", "allow"), message, "idle-consent", "remove it", level=Level.WARNING)


def _found_now(resource: Resource, abilities: Abilities, secrets: Secrets, version: str, claimed: str) -> list[Problem]:
    before = {(problem.path, problem.rule) for problem in abilities.check(resource.kind, resource.fields, claimed)}
    found = abilities.check(resource.kind, with_values(resource.fields, secrets), version)
    return [item for item in found if item.rule in LINT_RULES and (item.path, item.rule) not in before]


def refuse_unsupported(
    plan: TargetPlan, matching: Matching, ownership: Ownership, abilities: Abilities, secrets: Secrets
) -> TargetPlan:
    """The plan of a target without the changes that its server is known to refuse: they are refusals."""
    version = plan.server.version if plan.server and plan.server.certain else ""
    fields = {match.resource.name: match.resource.fields for match in matching.matches}
    refused: dict[str, RefusedResource] = {}
    for change in plan.changes:
        if change.action is Action.DELETE or change.name not in fields:
            continue
        values = with_values(fields[change.name], secrets)
        found = list(_refusals(change.kind, change.name, values, ownership, abilities, version))
        if found:
            refused[change.name] = RefusedResource(change.kind, change.name, " and ".join(found))
    return without_refused(plan, refused)


def without_refused(plan: TargetPlan, refused: Mapping[str, RefusedResource]) -> TargetPlan:
    """The plan without the changes of these resources, by name, but for deletes: they are refusals."""
    if not refused:
        return plan
    return replace(
        plan,
        changes=tuple(item for item in plan.changes if item.action is Action.DELETE or item.name not in refused),
        messages=tuple(message for message in plan.messages if message.name not in refused),
        possible_messages=tuple(message for message in plan.possible_messages if message.name not in refused),
        refusals=(*plan.refusals, *refused.values()),
    )


def with_assumed_version(
    plan: TargetPlan, matching: Matching, ownership: Ownership, abilities: Abilities, secrets: Secrets, version: str
) -> TargetPlan:
    """The plan of a target with what a server of `version` would refuse: desired resources and owned live objects."""
    matched = {match.found.id for match in matching.matches if match.found is not None}
    wanted = [
        (match.resource.kind, match.resource.name, with_values(match.resource.fields, secrets), "")
        for match in matching.matches
    ]
    live = [
        (item.live.kind, item.name, item.live.fields, "as it is live: ")
        for item in matching.found
        if item.live.kind is not None and (ownership.owns(item.mark) or item.id in matched)
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
        if problem.level is Level.ERROR:
            yield problem.text


def with_values(fields: Mapping[str, Value], secrets: Secrets) -> dict[str, Value]:
    """These fields with the values of the references that could be resolved."""
    return {name: _with_value(value, secrets) for name, value in fields.items()}


def _with_value(value: Value, secrets: Secrets) -> Value:
    if isinstance(value, SecretReference):
        return secrets.get(value, value)
    return with_values(value, secrets) if isinstance(value, Mapping) else value
