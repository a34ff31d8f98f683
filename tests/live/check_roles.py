"""The security plugin: what a user of least rights is shown, and what role filtering hides from them."""

from __future__ import annotations

import pytest

from reconciler.apply.results import Status
from reconciler.model.values import SecretText
from tests.apply.test_all_kinds import all_applied
from tests.live.check_applies import QUIET, QUIET_PRUNE
from tests.live.check_drift import GROUP
from tests.live.check_unowned import group
from tests.live.cluster import CONFIGS
from tests.live.run import LiveRuns, RealTarget, Run
from tests.plan.builders import resource


def need_security(runs: LiveRuns) -> None:
    """Skip where there is no user to have rights."""
    if runs.cluster.call("GET", "/_plugins/_security/authinfo").status_code != 200:
        pytest.skip("no security plugin, or not one that says who we are")


def test_with_full_access_to_notifications_alone_a_dead_receiver_is_caught(
    run: Run, place: RealTarget, least: LiveRuns
) -> None:
    need_security(least)
    place.need_receiver()
    if least.cluster.call("GET", "/").status_code == 200:
        pytest.skip("the user of TEST_LEAST_USERNAME may GET /: give one that has notifications_full_access alone")
    if not run.dead:
        pytest.skip("TEST_DEAD_RECEIVER_URL is not set")
    hook = resource("WebhookChannel", "hook", url=SecretText(run.dead))
    done = least.apply([hook])
    (result,) = done.targets[0].results
    assert (done.exit_code, result.status, result.verified) == (5, Status.ROLLED_BACK, False), result.text
    assert least.is_gone("hook")


def test_with_full_access_to_notifications_alone_a_new_webhook_is_verified(place: RealTarget, least: LiveRuns) -> None:
    need_security(least)
    place.need_receiver()
    hook = resource("WebhookChannel", "hook", url=SecretText(place.sink))
    result = least.results([hook])["hook"]
    assert (result.status, result.verified) == (Status.APPLIED, True), result.text
    assert least.plan([hook]).is_empty


def test_an_id_that_roles_hide_differs_from_one_that_is_absent(run: Run, least: LiveRuns) -> None:
    need_security(least)
    hidden, absent = least.key("team"), least.key("free")
    run.cluster.create(hidden, group("Somebody's"))
    before = run.cluster.read(hidden)
    answer = least.cluster.call("GET", f"{CONFIGS}/{hidden}")
    if answer.status_code == 200:
        pytest.skip("filter_by_backend_roles is off, or the two users share a backend role")
    assert answer.status_code == 403, answer.text
    if least.cluster.call("GET", f"{CONFIGS}/{absent}").status_code == 403:
        pytest.skip("the user of TEST_LEAST_USERNAME has no backend role: with filtering on, nothing may be read")
    done = least.apply([GROUP, resource("EmailGroup", "free", recipients=frozenset({"a@example.org"}))], QUIET)
    results = {result.change.name: result for result in done.targets[0].results}
    assert (results["team"].status, results["free"].status) == (Status.FAILED, Status.APPLIED)
    assert "is there, but your roles may not see it" in results["team"].text
    assert done.exit_code == 4
    assert run.cluster.read(hidden) == before


def test_what_roles_hide_is_not_planned_to_be_deleted(run: Run, least: LiveRuns) -> None:
    need_security(least)
    mine = least.key("mine")
    run.cluster.create(mine, group(f"Somebody's [{least.owner}/mine]"))
    if least.cluster.call("GET", f"{CONFIGS}/{mine}").status_code == 200:
        pytest.skip("filter_by_backend_roles is off, or the two users share a backend role")
    free = resource("EmailGroup", "free", recipients=frozenset({"a@example.org"}))
    assert {change.name for change in least.plan([free], QUIET_PRUNE).changes} == {"free"}
    all_applied(least.apply([free], QUIET_PRUNE))
    assert not run.cluster.is_gone(mine)
