"""Desired meets live: each target read, matched and planned, its secrets resolved, all side by side. Reads only.

Here the parts are put together: the one place that knows project, secrets, providers and plans at once. What only looks
at what is live is `read`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import field, replace

from reconciler.engine.load import Workspace, is_named
from reconciler.engine.read import (
    find_users,
    give_back,
    ownership_of,
    read_and_plan,
    reading_limit,
    refuse_same_systems,
    resolver_of,
    split_targets,
)
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, RefusedError, SecretError, TargetError
from reconciler.model.masking import PLAN_KEY, Masker
from reconciler.model.provider import Provider
from reconciler.model.resource import Resource, Server
from reconciler.model.text import plural
from reconciler.model.values import SecretReference, SecretText, Value
from reconciler.plan.changes import Action, TargetPlan, UnreadTarget
from reconciler.plan.checks import lint_plan, refuse_unsupported, with_assumed_version
from reconciler.plan.guards import GuardOptions, hold_back
from reconciler.plan.make import MakeOptions, make_target_plan
from reconciler.plan.marks import Matching, Ownership
from reconciler.providers.pacing import MOST_TARGETS, RunLimits
from reconciler.secrets.resolver import Resolver
from reconciler.tasks import side_by_side

_LOG = logging.getLogger("reconciler.engine")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How targets are read and planned. `must_resolve`: a secret that cannot be resolved is an error; without
    `resolve` none is looked for.

    `saved` holds the target plans of a saved plan, which bounds what is carried out; `intent_only` leaves everything
    pending that no manifest changed; `assumed` are versions by target, to be foreseen.
    """

    plan: MakeOptions = field(default_factory=MakeOptions)
    guards: GuardOptions = field(default_factory=GuardOptions)
    adopt: bool = False
    enable: frozenset[str] = frozenset()
    must_resolve: bool = False
    resolve: bool = True
    parallelism: int | None = None
    timeout: float | None = None
    intent_only: bool = False
    saved: Mapping[str, TargetPlan] | None = None
    assumed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Live:
    """One target that was read: its plan, its provider (open), what matched, and the secrets that were resolved.

    `moved` says what is no longer as a saved plan has it. A target that could not be read is an `UnreadTarget`.
    """

    plan: TargetPlan
    provider: Provider
    matching: Matching
    ownership: Ownership
    secrets: Mapping[SecretReference, SecretText]
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Run:
    """What the reading of all targets shares."""

    workspace: Workspace
    options: ReadOptions
    credentials: Resolver
    resolver: Resolver
    values: Mapping[SecretReference, SecretText]
    masker: Masker
    only_owned: bool
    limits: RunLimits
    turns: asyncio.Lock = field(default_factory=asyncio.Lock)  # to plan, one target after the other


@asynccontextmanager
async def read_targets(
    workspace: Workspace, options: ReadOptions, *, only_owned: bool = False
) -> AsyncIterator[list[Live | UnreadTarget]]:
    """All targets, read and planned side by side, in the order of their names; one that cannot be read does not hide
    the others. Their connections are open within, and given back at the end, however it comes.

    `only_owned` plans as if there were no manifests: everything of ours is a candidate.
    """
    resolver, credentials = resolver_of(workspace), resolver_of(workspace, for_credentials=True)
    masker = Masker(os.urandom(32), _pin_key(workspace.here.environ))
    values, failures = ({}, {}) if only_owned or not options.resolve else await _resolve(workspace, resolver, options)
    if failures and options.must_resolve:
        raise SecretError("\n".join(f"{reference}: {why}" for reference, why in sorted(failures.items(), key=str)))
    run = _Run(workspace, options, credentials, resolver, values, masker, only_owned, RunLimits(len(workspace.targets)))
    async with AsyncExitStack() as opened:
        targets = await side_by_side((_read(run, name, opened) for name in workspace.targets), MOST_TARGETS)
        lives, _ = split_targets(targets)
        refuse_same_systems(workspace, {live.plan.target: live.plan.server for live in lives if live.plan.server})
        yield targets


def _pin_key(environ: Mapping[str, str]) -> bytes:
    if PLAN_KEY not in environ:
        return b""
    from reconciler.plan.saved import pin_key, plan_key  # most runs have no such key, and start-up counts

    return pin_key(plan_key(environ))


def refuse_moved(lives: Iterable[Live]) -> None:
    """RefusedError if anything is no longer as in the saved plan: then nothing is carried out."""
    moved = [f"  {live.plan.target}: {text}" for live in lives for text in live.moved]
    if moved:
        raise RefusedError("\n".join(["the plan no longer holds, so nothing was written; plan again:", *moved]))


async def _resolve(
    workspace: Workspace, resolver: Resolver, options: ReadOptions
) -> tuple[Mapping[SecretReference, SecretText], Mapping[SecretReference, str]]:
    wanted: set[SecretReference] = set()
    for target in workspace.targets:
        selected = _needed(workspace, target, options)
        for name, resource in workspace.resources(target).items():
            if selected is None or name in selected:
                wanted |= references_in(resource)
    resolution = await resolver.resolve(wanted)
    return resolution.values, resolution.failures


def _needed(workspace: Workspace, target: str, options: ReadOptions) -> frozenset[str] | None:
    """The resources whose secrets are needed: those selected, and of a saved plan only those that it names. What it
    could not plan is among them, so that an apply refuses it for the same reason, and what it only tests."""
    selected = workspace.selected(target)
    if options.saved is None:
        return selected
    plan = options.saved[target]
    named = frozenset(change.name for change in plan.changes)
    named |= {item.name for item in plan.unresolved} | {item.name for item in plan.refusals}
    named |= {message.name for message in plan.messages}
    return named if selected is None else named & selected


def references_in(resource: Resource, *, new: bool = False) -> set[SecretReference]:
    """Every secret reference of a resource that has to be resolved. Fields that it ignores are never compared, so
    only a `new` object needs them."""
    return {
        reference
        for name, value in resource.fields.items()
        if new or name not in resource.settings.ignore
        for reference in _references(value)
    }


def _references(value: Value) -> list[SecretReference]:
    if isinstance(value, SecretReference):
        return [] if value.is_live else [value]
    if isinstance(value, Mapping):
        return [found for item in value.values() for found in _references(item)]
    return []


async def _read(run: _Run, target: str, opened: AsyncExitStack) -> Live | UnreadTarget:
    workspace, options = run.workspace, run.options
    try:
        async with reading_limit(workspace, target):
            live = await _read_target(run, target, opened)
    except (TargetError, SecretError, ConfigurationError) as error:
        return UnreadTarget(target, workspace.project.targets[target].provider, str(error))
    plan = live.plan
    if version := options.assumed.get(target):
        plan = with_assumed_version(plan, live.matching, live.ownership, live.provider.abilities, live.secrets, version)
    return replace(live, plan=hold_back(plan, live.matching, options.guards))


async def _read_target(run: _Run, target: str, opened: AsyncExitStack) -> Live:
    """One target, read and planned, before any guard is asked; whatever keeps it from being read is raised."""
    workspace, options = run.workspace, run.options
    provider_name = workspace.project.targets[target].provider
    provider = await _connect(run, target)
    opened.push_async_callback(give_back, provider)
    ownership = ownership_of(workspace, provider, adopt=options.adopt, enable=options.enable)
    resources = {} if run.only_owned else workspace.resources(target)
    selected = workspace.selected(target)
    plan_options = replace(options.plan, names=selected, partial=bool(workspace.selection.files))

    values, abilities = run.values, provider.abilities
    claimed = workspace.project.targets[target].version or ""

    def make_plan(server: Server, matching: Matching) -> TargetPlan:
        matching = _without_excluded(matching, workspace.selection.exclude)
        plan = make_target_plan(target, provider_name, server, matching, values, run.masker, plan_options)
        plan = refuse_unsupported(plan, matching, ownership, abilities, values)
        return lint_plan(plan, matching, abilities, values, workspace.levels, names=selected, claimed=claimed)

    plan, matching = await read_and_plan(provider, list(resources.values()), ownership, make_plan, run.turns)
    _LOG.info("%s: read, %s", target, plural(len(matching.found), "live object"))
    late = await _late_values(run, plan, matching)
    if late and plan.server is not None:
        values = {**values, **late}
        plan = make_plan(plan.server, matching)
    plan, moved = _bounded(run, plan, matching)
    if not moved:  # else nothing of it is carried out
        plan = await find_users(provider, plan)
    return Live(plan, provider, matching, ownership, values, moved)


def _without_excluded(matching: Matching, patterns: tuple[str, ...]) -> Matching:
    """The matching without prune candidates that are excluded by name."""
    kept = tuple(item for item in matching.candidates if not is_named(item.name, patterns))
    return replace(matching, candidates=kept)


async def _late_values(run: _Run, plan: TargetPlan, matching: Matching) -> Mapping[SecretReference, SecretText]:
    """The values of ignored fields of objects that turn out to be new, and so need them."""
    needed = _needed(run.workspace, plan.target, run.options)
    new = {change.name for change in plan.changes if change.action in (Action.CREATE, Action.REPLACE)}
    wanted = {
        reference
        for match in matching.matches
        if match.resource.name in new and (needed is None or match.resource.name in needed)
        for reference in references_in(match.resource, new=True) - references_in(match.resource)
        if reference not in run.values
    }
    if not wanted or not run.options.resolve:
        return {}
    resolution = await run.resolver.resolve(wanted)
    if resolution.failures and run.options.must_resolve:
        raise SecretError("; ".join(f"{reference}: {why}" for reference, why in resolution.failures.items()))
    return resolution.values


def _bounded(run: _Run, plan: TargetPlan, matching: Matching) -> tuple[TargetPlan, tuple[str, ...]]:
    """The plan with its origins, and cut down to intent or to a saved plan, where that is asked for."""
    workspace, options, target = run.workspace, run.options, plan.target
    if workspace.base is not None:
        from reconciler.plan.origin import intent_only, with_origins

        plan = with_origins(plan, workspace.resources(target), workspace.base.get(target, {}))
        plan = intent_only(plan) if options.intent_only else plan
    if options.saved is None:
        return plan, ()
    from reconciler.plan.promise import keep_promise

    kept = keep_promise(options.saved[target], plan, matching, workspace.selected(target))
    return kept.plan, kept.moved


async def _connect(run: _Run, target: str) -> Provider:
    from reconciler.engine.connect import connect  # httpx comes with it, which `validate` never needs

    options = run.options
    return await connect(run.workspace, target, run.credentials, options.parallelism, options.timeout, run.limits)
