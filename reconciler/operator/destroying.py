"""The deletes that were asked for, on one target: what is live and ours is deleted.

Nothing is called gone because a list lacks it, or shows it without our mark: what the status knows by id is read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.apply.results import Status
from reconciler.apply.run import Stop
from reconciler.engine.apply import carry_out
from reconciler.engine.connect import connect
from reconciler.engine.live import ReadTarget
from reconciler.engine.load import Workspace
from reconciler.engine.options import DestroyOptions, ListOptions
from reconciler.engine.read import give_back, resolver_of, split_targets
from reconciler.engine.run import list_objects, planned, run_of
from reconciler.model.errors import TargetError
from reconciler.model.provider import Provider
from reconciler.operator.choosing import Choice
from reconciler.operator.deletion import Deletion
from reconciler.operator.outcomes import in_cluster, why_unread
from reconciler.providers.pacing import RunLimits


async def destroy(
    workspace: Workspace, target: str, choice: Choice, deletes: Mapping[str, Deletion], stop: Stop
) -> dict[str, str]:
    """Delete what is live under these names and ours: by name "" where it is gone, or why it is not."""
    read, unread = split_targets(await list_objects(run_of(workspace, ListOptions(targets=(target,)))))
    if unread:
        return dict.fromkeys(deletes, why_unread(unread[0]))
    owned = {found.name for item in read for found in item.matching.owned}
    live = tuple(sorted(owned & deletes.keys()))
    outcome = dict.fromkeys(deletes, "")
    outcome |= await _remaining(workspace, target, read, {name: deletes[name].id for name in deletes.keys() - owned})
    if not live:
        return outcome
    options = DestroyOptions(
        targets=(target,),
        names=live,
        allow_in_use=tuple(name for name in live if deletes[name].in_use),
        max_deletes=choice.options.max_deletes,
    )
    async with planned(run_of(workspace, options), with_commit=False) as done:
        if done.plan.unread:
            return outcome | dict.fromkeys(live, why_unread(done.plan.unread[0]))
        applied = await carry_out(done, stop)
    for result in (item for item_target in applied.result.targets for item in item_target.results):
        if result.status is not Status.APPLIED and result.change.name in outcome:
            outcome[result.change.name] = in_cluster(result.text or result.status.value)
    return outcome


async def _remaining(
    workspace: Workspace, target: str, read: Collection[ReadTarget], ids: Mapping[str, str]
) -> dict[str, str]:
    """By name, why what the list does not show as ours may be live all the same; "" where it is gone. `ids` are by
    name, "" where none is known."""
    ours = {found.id for item in read for found in item.matching.owned}
    listed = {found.id for item in read for found in item.matching.found}
    incomplete = next((item.server.incomplete for item in read if item.server.incomplete), "")
    why = {name: f"the list may lack it: {incomplete}" for name, known in ids.items() if incomplete and not known}
    asked = {name: known for name, known in ids.items() if known and known not in ours}
    if not asked:
        return why
    provider = await connect(workspace, target, resolver_of(workspace, for_credentials=True), None, None, RunLimits(1))
    try:
        found = {name: await _why_live(provider, known, is_listed=known in listed) for name, known in asked.items()}
    finally:
        await give_back(provider)
    return why | found


async def _why_live(provider: Provider, object_id: str, *, is_listed: bool) -> str:
    try:
        live = await provider.read(object_id)
    except TargetError as error:
        return f"whether {object_id} is gone is unknown: {error}"
    if live is None:
        return ""
    if is_listed:
        return (
            f"{object_id} does not carry this project's mark, so it is not this project's to delete: delete it by hand "
            "if it is to go; after deletion_timeout it stays"
        )
    return f"the target's list does not show {object_id} yet, and so not whose it is: it is tried again"
