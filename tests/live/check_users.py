"""Who uses a channel, on a cluster with Alerting: monitors that are disabled, and removed again."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.engine.read import find_users
from reconciler.model.gaps import UnknownReason
from reconciler.model.provider import UserListing
from reconciler.plan.changes import TargetPlan
from reconciler.plan.guards import GuardOptions, hold_back
from reconciler.plan.sending import used_by
from tests.apply.test_all_kinds import all_applied
from tests.live.check_applies import QUIET, QUIET_PRUNE
from tests.live.cluster import MONITORS
from tests.live.run import LiveRuns
from tests.plan.builders import SECRETS, slack


def need_alerting(runs: LiveRuns) -> None:
    """Skip where there are no monitors, or none may be made."""
    answer = runs.cluster.call("POST", f"{MONITORS}/_search", {"size": 0})
    if answer.status_code == 400 and "no handler found" in answer.text:
        pytest.skip("Alerting is not installed")
    if answer.status_code == 403:
        pytest.skip("monitors may not be searched: grant cluster:admin/opendistro/alerting/monitor/search")


def listing_of(runs: LiveRuns, *channels: str) -> UserListing:
    async def read() -> UserListing:
        provider = runs.provider()
        try:
            return await provider.read_users(channels)
        finally:
            await provider.close()

    return asyncio.run(read())


def planned(runs: LiveRuns) -> TargetPlan:
    """What a prune of everything would do, with the users of what it deletes."""

    async def plan() -> TargetPlan:
        provider = runs.provider()
        try:
            made, matching = await runs.prepare(provider, [], QUIET_PRUNE)
            return hold_back(await find_users(provider, made), matching, GuardOptions())
        finally:
            await provider.close()

    return asyncio.run(plan())


@pytest.mark.parametrize("kind", ["query_level", "bucket_level"])
def test_a_monitor_that_uses_a_channel_is_found_and_holds_its_delete(runs: LiveRuns, kind: str) -> None:
    need_alerting(runs)
    runs.secrets = SECRETS
    all_applied(runs.apply([slack("oncall")], QUIET))
    made = runs.cluster.make_monitor(f"{runs.owner} {kind}", kind, runs.key("oncall"))
    if not made:
        pytest.skip("monitors may not be made")
    (user,) = used_by(listing_of(runs, runs.key("oncall")), runs.key("oncall")).users
    assert (user.kind, user.name, user.id, user.enabled) == ("monitor", f"{runs.owner} {kind}", made, False)
    runs.cluster.wait_until_listed([runs.key("oncall")])
    (change,) = planned(runs).changes
    assert "still in use by 1 monitor" in change.held


def test_nobody_is_said_to_use_a_channel_only_where_it_is_known(runs: LiveRuns) -> None:
    need_alerting(runs)
    listing = listing_of(runs, runs.key("nobody"))
    assert used_by(listing, runs.key("nobody")).users == ()
    if listing.gap is not None:
        assert listing.gap.reason is UnknownReason.USERS_FILTERED
