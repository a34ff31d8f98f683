"""What is live on a target, read until nothing a plan concludes is in doubt. Reads only.

Whatever reads a target passes here: its resolver, whose each object is, how its connection is given back. What is
desired is not known here: `targets` brings both together. `live` reads for verbs that make no plan.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from typing import TypeVar

from reconciler.engine.load import Workspace
from reconciler.model.errors import (
    ConfigurationError,
    ForbiddenError,
    TargetError,
    TimedOutError,
)
from reconciler.model.provider import Listing, Provider
from reconciler.model.resource import LiveObject, Resource, Server
from reconciler.plan.changes import TargetPlan, UnreadTarget
from reconciler.plan.marks import Matching, Ownership
from reconciler.plan.match import match_live
from reconciler.plan.sending import ids_taken_away, matters, with_users
from reconciler.secrets.resolver import Resolver
from reconciler.secrets.sources import SecretSettings
from reconciler.tasks import side_by_side

_LOG = logging.getLogger("reconciler.engine")
_CLOSE_SECONDS = 10.0


async def read_whole(provider: Provider) -> tuple[Server, Listing]:
    """What a server is, and all that it holds. TargetError if it cannot be read."""
    await provider.read_server()  # first, since how a list is read can depend on the version
    listing = await provider.read_all()
    server = await provider.read_server()  # once more: every answer of the list may have named the version
    notes = (*server.notes, listing.unreadable) if listing.unreadable else server.notes
    return replace(server, incomplete=listing.unreadable, notes=notes), listing


async def read_again(
    provider: Provider, ids: Collection[str], objects: dict[str, LiveObject], *, lacking: bool = False
) -> dict[str, str]:
    """Read these by id, which is always in real time, and correct what a list gave; the ids that are in no list and
    cannot be read, with the reason: hidden from us or, where the list is known to lack something, broken."""
    ordered = sorted(ids)
    hidden: dict[str, str] = {}

    async def read(object_id: str) -> LiveObject | None:
        try:
            return await provider.read(object_id)
        except ForbiddenError:
            if object_id in objects:
                raise
            hidden[object_id] = _HIDDEN
            return None
        except TargetError as error:
            if object_id in objects or not lacking:
                raise
            hidden[object_id] = f"the server cannot read it ({error}): it must be removed first, by an administrator"
            return None

    for object_id, item in zip(ordered, await side_by_side(map(read, ordered)), strict=True):
        if item is None:
            objects.pop(object_id, None)
        else:
            objects[object_id] = item
    return hidden


_HIDDEN = "your roles may not see it: use a user that shares a backend role with it, or another id"

MakePlan = Callable[[Server, Matching], TargetPlan]


async def read_and_plan(
    provider: Provider,
    resources: Collection[Resource],
    ownership: Ownership,
    make_plan: MakePlan,
    turns: asyncio.Lock | None = None,
) -> tuple[TargetPlan, Matching]:
    """Read a target, match it, and plan. TargetError if it cannot be read.

    Where a list lags or lacks something, whatever a plan concludes anything from is read again by id first, until
    nothing is left that was only seen, or missed, in the list. Planning takes the processor: `turns` lets the answers
    of other targets be taken between two plans, so that no call of theirs runs out of time meanwhile.
    """
    wanted = list(resources)
    server, listing = await read_whole(provider)

    async def plan_of(objects: Iterable[LiveObject]) -> tuple[TargetPlan, Matching]:
        async with turns or nullcontext():
            await asyncio.sleep(0)  # the loop goes round once, and whoever else is to plan waits for the lock
            matching = match_live(wanted, objects, ownership, listing.words)
            return make_plan(server, matching), matching

    plan, matching = await plan_of(listing.objects)
    if not (listing.stale or listing.unreadable):
        return plan, matching
    from reconciler.plan.doubts import doubtful_ids, hold_hidden  # few servers need it, and start-up counts

    objects, asked, hidden = {item.id: item for item in listing.objects}, frozenset[str](), dict[str, str]()
    while doubts := doubtful_ids(plan, matching, wanted, ownership) - asked:
        hidden |= await read_again(provider, doubts, objects, lacking=bool(listing.unreadable))
        asked |= doubts
        plan, matching = await plan_of(objects.values())
    return hold_hidden(plan, hidden), matching


T = TypeVar("T")


def split_targets(targets: Iterable[T | UnreadTarget]) -> tuple[list[T], list[UnreadTarget]]:
    """The targets that were read, in whatever form, and those that could not be."""
    read: list[T] = []
    unread: list[UnreadTarget] = []
    for target in targets:
        match target:
            case UnreadTarget():
                unread.append(target)
            case _:
                read.append(target)
    return read, unread


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
            directory=settings.dir,
            environ=workspace.here.environ,
            bounds=workspace.bounds,
            asked_by_base=for_credentials and workspace.bounds is not None,
            given=workspace.here.sources,
        )
    )


@asynccontextmanager
async def reading_limit(workspace: Workspace, target: str) -> AsyncIterator[None]:
    """TimedOutError if reading a target takes longer in all than its settings allow, however quick each call is."""
    seconds = workspace.project.targets[target].read_timeout_seconds
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        hint = f"is it overloaded, or spec.targets.{target}.read_timeout_seconds too short?"
        raise TimedOutError(f"reading it took more than {seconds} s in all and was given up; {hint}") from None


async def give_back(provider: Provider) -> None:
    """Close a connection, which does not take for ever. An error while closing is logged only, since it does not affect
    what was done before; so is a cancellation that nobody asked this task for, as a package's provider may raise it."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await provider.close()
    except (Exception, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        _LOG.debug("a connection did not close well: %s", type(error).__name__)


def ownership_of(
    workspace: Workspace, provider: Provider, *, adopt: bool = False, enable: frozenset[str] = frozenset()
) -> Ownership:
    project = workspace.project
    prefix = project.id_prefix
    chooses = provider.abilities.chooses_ids
    return Ownership(
        owner=project.owner,
        former_owners=frozenset(project.former_owners),
        key_of=(lambda name: f"{prefix}_{name}") if chooses else Ownership("").key_of,
        adopt=adopt,
        enable=enable,
    )


def refuse_same_systems(workspace: Workspace, servers: Mapping[str, Server]) -> None:
    """ConfigurationError if two targets turn out to be one system: they would overwrite each other."""
    seen: dict[tuple[str, str], str] = {}
    for target, server in servers.items():
        other = seen.setdefault((workspace.project.targets[target].provider, server.identity), target)
        if other != target:
            raise ConfigurationError(
                f"targets {other} and {target} are the same system ({server.identity}): remove one of them"
            )


async def find_users(provider: Provider, plan: TargetPlan) -> TargetPlan:
    """The plan with the users of each changed object. No call is made unless a change takes a channel away or brings
    one back; then one, and a second one if nobody is found to use a channel that is taken away."""
    if not matters(plan):
        return plan
    return with_users(plan, await provider.read_users(ids_taken_away(plan)))
