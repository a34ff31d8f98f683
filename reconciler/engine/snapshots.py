"""`plan --against`: the plan of a snapshot instead of a live target. Nothing is connected to, no credential is read."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.engine.load import Workspace
from reconciler.engine.read import resolver_of
from reconciler.engine.saved_plan import read_file
from reconciler.engine.targets import ReadOptions, references_in
from reconciler.export.snapshot import Snapshot, SnapshotTarget, parse_snapshot
from reconciler.model.errors import ConfigurationError, RefusedError, UsageError
from reconciler.model.evidence import unknown
from reconciler.model.gaps import UnknownReason
from reconciler.model.kinds import KINDS, Role
from reconciler.model.masking import Masker
from reconciler.model.provider import UserListing
from reconciler.model.resource import Resource, When
from reconciler.plan.changes import SecretField, TargetPlan
from reconciler.plan.guards import hold_back
from reconciler.plan.make import make_target_plan
from reconciler.plan.marks import Match, Matching, Ownership
from reconciler.plan.match import match_live
from reconciler.plan.origin import with_origins
from reconciler.plan.sending import Audience, possible_message, with_users
from reconciler.providers import provided

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_REDACTED = "the live object, which the snapshot does not hold"


async def plan_against(workspace: Workspace, options: ReadOptions, path: Path, longest: str) -> list[TargetPlan]:
    """The plan of each target, as of a snapshot at most `longest` old (`24h`); what it lacks is not compared."""
    snapshot = _read(path, workspace)
    note = _check_age(path, snapshot, longest)
    missing = [name for name in workspace.targets if name not in snapshot.targets]
    if missing:
        raise ConfigurationError(f"{path}: has nothing about target {', '.join(missing)}: take a new one")
    wanted = {
        reference
        for name in workspace.targets
        for resource in workspace.resources(name).values()
        for reference in references_in(resource)
    }
    resolution = await resolver_of(workspace).resolve(wanted)
    masker = Masker(os.urandom(32))
    plans = []
    for name in workspace.targets:
        matching = _match(workspace, snapshot.targets[name], options)
        plan_options = replace(options.plan, names=workspace.selected(name), partial=bool(workspace.selection.files))
        target = snapshot.targets[name]
        lacking = (target.server.incomplete,) if target.server.incomplete else ()
        server = replace(target.server, notes=(note, *lacking))
        plan = make_target_plan(name, target.provider, server, matching, resolution.values, masker, plan_options)
        plan = _with_left_out(plan, matching, workspace, options.plan.when)
        if workspace.base is not None:
            plan = with_origins(plan, workspace.resources(name), workspace.base.get(name, {}))
        plan = with_users(plan, UserListing("a snapshot", gap=unknown(UnknownReason.USERS_NOT_ASKED)))
        plans.append(hold_back(plan, matching, options.guards))
    return plans


def _read(path: Path, workspace: Workspace) -> Snapshot:
    snapshot = parse_snapshot(read_file(path), str(path))
    if snapshot.owner != workspace.project.owner:
        raise RefusedError(
            f"{path}: belongs to the owner {snapshot.owner}; this project's owner is {workspace.project.owner}"
        )
    return snapshot


def _check_age(path: Path, snapshot: Snapshot, longest: str) -> str:
    """The note that tells the age; RefusedError if it is older than allowed."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", longest)
    if found is None:
        raise UsageError(f"--max-age {longest}: write a number and s, m, h or d, such as 24h")
    age = snapshot.age(datetime.now(UTC))
    if age > timedelta(seconds=int(found[1]) * _UNITS[found[2]]):
        raise RefusedError(f"{path}: is {_words(age)} old, more than {longest}: take a new one, or pass --max-age")
    made = snapshot.created_at.astimezone(UTC)
    return f"against a snapshot of {made:%Y-%m-%d %H:%M} UTC ({_words(age)} old), without secrets and recipients"


def _words(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minute{'s' * (minutes != 1)}"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _match(workspace: Workspace, target: SnapshotTarget, options: ReadOptions) -> Matching:
    project = workspace.project
    prefix, chooses = project.id_prefix, provided(target.provider).abilities().chooses_ids
    ownership = Ownership(
        owner=project.owner,
        former_owners=frozenset(project.former_owners),
        key_of=(lambda name: f"{prefix}_{name}") if chooses else Ownership("").key_of,
        adopt=options.adopt,
        enable=options.enable,
    )
    resources = [item for item in workspace.resources(target.target).values() if not KINDS[item.kind].key_field]
    matching = match_live(resources, target.objects, ownership)
    return replace(matching, matches=tuple(_filled(match) for match in matching.matches))


def _redacted_fields(resource: Resource) -> list[str]:
    return [field.name for field in KINDS[resource.kind].fields if field.role is Role.SET]


def _filled(match: Match) -> Match:
    """The match with its redacted fields as desired, so that they show no difference that nobody can know."""
    found, resource = match.found, match.resource
    if found is None or found.live.kind != resource.kind:
        return match
    known = {name: resource.fields[name] for name in _redacted_fields(resource) if name in resource.fields}
    live = replace(found.live, fields={**found.live.fields, **known})
    return replace(match, found=replace(found, live=live))


def _emptied(match: Match) -> Match:
    """The match with no recipients: as many messages as there may be."""
    if match.found is None:
        return match
    unknown = _redacted_fields(match.resource)
    fields = {name: value for name, value in match.found.live.fields.items() if name not in unknown}
    return replace(match, found=replace(match.found, live=replace(match.found.live, fields=fields)))


def _with_left_out(plan: TargetPlan, matching: Matching, workspace: Workspace, when: When | None) -> TargetPlan:
    """The plan with what a snapshot leaves out among what was not compared: recipients, and kinds without a mark."""
    unknown = tuple(
        SecretField(match.resource.name, (name,), _REDACTED)
        for match in matching.matches
        if match.found is not None and match.found.live.kind == match.resource.kind
        for name in _redacted_fields(match.resource)
    )
    unmarked = tuple(
        SecretField(name, (KINDS[resource.kind].key_field,), _REDACTED)
        for name, resource in sorted(workspace.resources(plan.target).items())
        if KINDS[resource.kind].key_field
    )
    names = {item.name for item in unknown} - {item.name for item in (*plan.messages, *plan.possible_messages)}
    changes = {change.name: change for change in plan.changes if change.name in plan.changing}
    audience = Audience.of(matching)
    messages = (
        possible_message(plan.target, _emptied(match), changes.get(match.resource.name), audience, when)
        for match in matching.matches
        if match.resource.name in names
    )
    return replace(
        plan,
        unresolved=(*plan.unresolved, *unknown, *unmarked),
        possible_messages=(*plan.possible_messages, *(message for message in messages if message is not None)),
    )
