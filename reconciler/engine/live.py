"""What is live on all targets, and who uses it, for verbs that make no plan: `list`, `users`, `export`, `doctor`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack

from reconciler.engine.connect import connect
from reconciler.engine.load import Workspace
from reconciler.engine.options import ReachOptions
from reconciler.engine.read import (
    give_back,
    ownership_of,
    read_again,
    read_whole,
    reading_limit,
    refuse_same_systems,
    resolver_of,
    split_targets,
)
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, SecretError, TargetError, UnauthorizedError
from reconciler.model.provider import Abilities, NotificationType, Provider
from reconciler.model.resource import LiveObject, Server
from reconciler.plan.changes import UnreadTarget
from reconciler.plan.marks import Matching, Ownership
from reconciler.plan.match import Words, described_ids, match_live
from reconciler.plan.sending import can_be_used
from reconciler.plan.users import SeenUsers
from reconciler.providers.pacing import MOST_TARGETS, RunLimits
from reconciler.secrets.resolver import Resolver
from reconciler.tasks import side_by_side


@dataclass(frozen=True, slots=True)
class ReadTarget:
    """A target as it was read, whose each object is, what it can notify of, and who uses its channels where that was
    asked; the connection is closed again. `selected` are the ids of what the selected manifests describe, None where
    none were selected."""

    target: str
    abilities: Abilities
    server: Server
    matching: Matching
    ownership: Ownership
    types: tuple[NotificationType, ...] = ()
    users: SeenUsers | None = None
    selected: frozenset[str] | None = None


async def read_live(
    workspace: Workspace, reach: ReachOptions, *, users: bool = False
) -> list[ReadTarget | UnreadTarget]:
    """Read all targets side by side, for verbs that are about what is live: no plan is made, and of manifests only what
    they select is looked at. `users`: who uses the channels is read too.

    ConfigurationError if two targets turn out to be one system.
    """
    credentials, limits = resolver_of(workspace, for_credentials=True), RunLimits(len(workspace.targets))
    targets = await side_by_side(
        (_read_live(workspace, name, reach, credentials, limits, users=users) for name in workspace.targets),
        MOST_TARGETS,
    )
    read, _ = split_targets(targets)
    refuse_same_systems(workspace, {item.target: item.server for item in read})
    return targets


async def _read_live(
    workspace: Workspace, target: str, reach: ReachOptions, credentials: Resolver, limits: RunLimits, *, users: bool
) -> ReadTarget | UnreadTarget:
    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(reading_limit(workspace, target))
            provider = await connect(workspace, target, credentials, reach.parallelism, reach.timeout, limits)
            stack.push_async_callback(give_back, provider)
            server, listing = await read_whole(provider)
            ownership = ownership_of(workspace, provider)
            matching = match_live([], listing.objects, ownership, listing.words)
            if listing.stale:
                objects = {item.id: item for item in listing.objects}
                await read_again(provider, {item.id for item in matching.owned}, objects)
                matching = match_live([], objects.values(), ownership, listing.words)
            live = (item.live for item in matching.found)
            seen = await see_users(provider, live, server.incomplete) if users else None
            selected = _selected_ids(workspace, target, matching, ownership, listing.words)
            return ReadTarget(target, provider.abilities, server, matching, ownership, listing.types, seen, selected)
    except (TargetError, SecretError, ConfigurationError) as error:
        return UnreadTarget(target, workspace.project.targets[target].provider, str(error))


def _selected_ids(
    workspace: Workspace, target: str, matching: Matching, ownership: Ownership, words: Words
) -> frozenset[str] | None:
    """The live ids of what the selected manifests describe; None where the run selects none."""
    names = workspace.selected(target)
    if names is None:
        return None
    resources = workspace.resources(target)
    return described_ids([resources[name] for name in names], matching.found, ownership, words)


async def see_users(provider: Provider, objects: Iterable[LiveObject], incomplete: str = "") -> SeenUsers:
    """Everybody who uses a channel of a target that holds these objects, and which ids they name though none has them.

    What a list lacks may be hidden from us, or be late: each such id is read. `incomplete`: why it may lack some.
    UnauthorizedError is the only error.
    """
    known = {item.id: item for item in objects}
    listing = await provider.read_users({item.id for item in known.values() if can_be_used(item.kind)})
    named = sorted({channel for user in listing.users for channel in user.channels} - known.keys())
    missing = await side_by_side(_is_missing(provider, object_id) for object_id in named)
    gone = frozenset(name for name, is_gone in zip(named, missing, strict=True) if is_gone)
    return SeenUsers(listing, gone, incomplete)


async def _is_missing(provider: Provider, object_id: str) -> bool:
    """Whether there is certainly no such object."""
    if not object_id:
        return True  # a monitor may name a blank id, which nothing has
    try:
        return await provider.read(object_id) is None
    except UnauthorizedError:
        raise
    except TargetError:
        return False
