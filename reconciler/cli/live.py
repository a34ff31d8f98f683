"""Desired meets live: connect to each target, read it, match, resolve secrets, and plan. Reads only.

Here the parts are put together: the one place that knows project, secrets, providers and plans at once.
"""

from __future__ import annotations

import asyncio
import os
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.cli.workspace import Workspace
from reconciler.errors import ConfigurationError, SecretError, TargetError
from reconciler.guards import GuardOptions, hold_back
from reconciler.masking import Masker
from reconciler.ownership import Matching, Ownership
from reconciler.plan import PlanOptions, TargetPlan, make_target_plan
from reconciler.providers.base import Provider
from reconciler.reading import read_and_plan
from reconciler.resources import Resource, SecretReference, SecretText, Server, Value
from reconciler.secrets import Resolver, SecretSettings

__all__ = ["Live", "ReadOptions", "read_targets", "references_in", "resolver_of"]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How targets are read and planned. `must_resolve`: a secret that cannot be resolved is an error."""

    plan: PlanOptions = field(default_factory=PlanOptions)
    guards: GuardOptions = field(default_factory=GuardOptions)
    adopt: bool = False
    must_resolve: bool = False
    parallelism: int | None = None
    timeout: float | None = None


@dataclass(slots=True)
class Live:
    """One target as it was read: its provider (open), what matched, and its plan. After an error only `plan` is set."""

    plan: TargetPlan
    provider: Provider | None = None
    matching: Matching = field(default_factory=Matching)
    ownership: Ownership = field(default_factory=lambda: Ownership(""))
    secrets: Mapping[SecretReference, SecretText] = field(default_factory=dict)


def resolver_of(workspace: Workspace, *, for_credentials: bool = False) -> Resolver:
    """The run's resolver; each distinct secret is read at most once through it.

    `secrets.allow` bounds what a manifest may ask for, not what the project file itself needs to reach its targets.
    """
    settings = workspace.project.secrets
    return Resolver(
        SecretSettings(
            root=workspace.root,
            sources={name: tuple(source.exec) for name, source in settings.sources.items()},
            allow=None if settings.allow is None or for_credentials else tuple(settings.allow),
            environ=os.environ,
        )
    )


async def read_targets(workspace: Workspace, options: ReadOptions, *, only_owned: bool = False) -> list[Live]:
    """Read and plan all targets side by side; one that cannot be read does not hide the others.

    `only_owned` plans as if there were no manifests: everything of ours is a candidate.
    """
    resolver, credentials = resolver_of(workspace), resolver_of(workspace, for_credentials=True)
    masker = Masker(randomness.token_bytes(32))
    values, failures = ({}, {}) if only_owned else await _resolve(workspace, resolver)
    if failures and options.must_resolve:
        raise SecretError("\n".join(f"{reference}: {why}" for reference, why in sorted(failures.items(), key=str)))
    lives = await asyncio.gather(
        *(_read(workspace, name, credentials, values, masker, options, only_owned) for name in workspace.targets)
    )
    _refuse_twins(lives)
    return list(lives)


async def _resolve(
    workspace: Workspace, resolver: Resolver
) -> tuple[Mapping[SecretReference, SecretText], Mapping[SecretReference, str]]:
    wanted: set[SecretReference] = set()
    for target in workspace.targets:
        selected = workspace.selected(target)
        for name, resource in workspace.resources(target).items():
            if selected is None or name in selected:
                wanted |= references_in(resource)
    resolution = await resolver.resolve(wanted)
    return resolution.values, resolution.failures


def references_in(resource: Resource) -> set[SecretReference]:
    """Every secret reference of a resource that has to be resolved; fields that it ignores are never compared."""
    return {
        reference
        for name, value in resource.fields.items()
        if name not in resource.settings.ignore
        for reference in _references(value)
    }


def _references(value: Value) -> list[SecretReference]:
    if isinstance(value, SecretReference):
        return [] if value.is_live else [value]
    if isinstance(value, Mapping):
        return [found for item in value.values() for found in _references(item)]
    return []


async def _read(
    workspace: Workspace,
    target: str,
    credentials: Resolver,
    values: Mapping[SecretReference, SecretText],
    masker: Masker,
    options: ReadOptions,
    only_owned: bool,
) -> Live:
    provider_name = workspace.project.targets[target].provider
    provider: Provider | None = None
    try:
        provider = await _connect(workspace, target, credentials, options)
        ownership = _ownership(workspace, provider, adopt=options.adopt)
        resources = {} if only_owned else workspace.resources(target)
        selected = workspace.selected(target)
        plan_options = replace(options.plan, names=selected, partial=bool(workspace.selection.files))

        def make_plan(server: Server, matching: Matching) -> TargetPlan:
            return make_target_plan(target, provider_name, server, matching, values, masker, plan_options)

        plan, matching = await read_and_plan(provider, list(resources.values()), ownership, make_plan)
    except (TargetError, SecretError, ConfigurationError) as error:
        if provider is not None:
            await provider.close()
        return Live(TargetPlan(target, provider_name, error=str(error)))
    return Live(hold_back(plan, matching, options.guards), provider, matching, ownership, values)


def _ownership(workspace: Workspace, provider: Provider, *, adopt: bool) -> Ownership:
    project = workspace.project
    prefix = project.id_prefix
    chooses = provider.abilities.chooses_ids
    return Ownership(
        owner=project.owner,
        former_owners=frozenset(project.former_owners),
        key_of=(lambda name: f"{prefix}_{name}") if chooses else Ownership("").key_of,
        adopt=adopt,
    )


async def _connect(workspace: Workspace, target: str, credentials: Resolver, options: ReadOptions) -> Provider:
    from reconciler.cli.connecting import connect  # httpx comes with it, which `validate` never needs

    return await connect(workspace, target, credentials, options.parallelism, options.timeout)


def _refuse_twins(lives: list[Live]) -> None:
    """Two targets that turn out to be one system would fight over it."""
    seen: dict[str, str] = {}
    for live in lives:
        server = live.plan.server
        if server is None:
            continue
        other = seen.setdefault(f"{live.plan.provider} {server.identity}", live.plan.target)
        if other != live.plan.target:
            raise ConfigurationError(
                f"targets {other} and {live.plan.target} are the same system ({server.identity}): remove one of them"
            )
