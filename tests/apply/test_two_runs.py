"""Two applies at once, another writer, and a failed rollback: every object stays whole, and what was lost is named."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.apply.journal import Journal
from reconciler.apply.results import ChangeResult, RunResult, Status
from reconciler.apply.run import Stop, apply_targets
from reconciler.apply.session import Session
from reconciler.model.resource import Resource
from reconciler.plan.make import MakeOptions
from reconciler.report.result_text import render_result
from reconciler.simulator import Simulator
from tests.apply.runs import Runs
from tests.apply.test_apply import hook


@pytest.fixture
def runs() -> Iterator[Runs]:
    with Simulator() as simulator:
        yield Runs(simulator)


async def prepared(runs: Runs, resources: list[Resource]) -> Session:
    """A run that has planned and asked, and has not begun to write."""
    provider = runs.provider()
    plan, matching = await runs.prepare(provider, resources, MakeOptions())
    return Session(provider, plan, matching, runs.secrets, runs.ownership, Journal())


def side_by_side(runs: Runs, first: list[Resource], second: list[Resource]) -> tuple[RunResult, RunResult]:
    """Both plan before either writes."""

    async def both() -> tuple[RunResult, RunResult]:
        sessions = [await prepared(runs, first), await prepared(runs, second)]
        one, two = await asyncio.gather(*(apply_targets([session], Stop()) for session in sessions))
        for session in sessions:
            await session.provider.close()
        return one, two

    return asyncio.run(both())


def only(run: RunResult) -> ChangeResult:
    return run.targets[0].results[0]


def test_two_applies_at_once_leave_the_object_whole_and_one_of_them_reports_it(runs: Runs) -> None:
    runs.apply([hook(runs)])
    one, two = [hook(runs, path="/ok/one")], [hook(runs, path="/ok/two")]
    first, second = side_by_side(runs, one, two)
    url = runs.configs()["acme_hook"]["webhook"]["url"]
    assert url.endswith(("/ok/one", "/ok/two"))
    assert 4 in {first.exit_code, second.exit_code}
    assert {first.exit_code, second.exit_code} <= {0, 4}
    assert set(runs.configs()) == {"acme_hook"}


def test_two_applies_that_create_the_same_leave_one_object(runs: Runs) -> None:
    first, second = side_by_side(runs, [hook(runs)], [hook(runs)])
    assert set(runs.configs()) == {"acme_hook"}
    assert sorted([first.exit_code, second.exit_code]) == [0, 4]


def test_neither_of_two_applies_removes_the_others_canary(runs: Runs) -> None:
    runs.apply([hook(runs), hook(runs, "other")])
    runs.simulator.clear_requests()
    changed = [hook(runs, path="/ok/1"), hook(runs, "other", path="/ok/1")]
    side_by_side(runs, [changed[0], hook(runs, "other")], [hook(runs), changed[1]])
    deleted = [call.path for call in runs.simulator.requests if call.method == "DELETE"]
    assert len(deleted) == len(set(deleted)) == 2
    assert runs.plan(changed).is_empty


def overwrite(runs: Runs, **fields: Any) -> None:
    """Another hand changes the live object."""
    entry = {"config_id": "acme_hook", "config": runs.configs()["acme_hook"] | fields}
    runs.simulator.store.seed([entry])


def test_what_changed_after_the_plan_is_not_written_over(runs: Runs) -> None:
    runs.apply([hook(runs)])

    async def late() -> RunResult:
        session = await prepared(runs, [hook(runs, path="/ok/new")])
        overwrite(runs, name="By hand")
        result = await apply_targets([session], Stop())
        await session.provider.close()
        return result

    run = asyncio.run(late())
    assert only(run).status is Status.FAILED
    assert "changed since it was planned (display_name)" in only(run).text
    assert runs.configs()["acme_hook"]["name"] == "By hand"
    assert runs.sent() == [("POST", "acme_hook")]  # nothing was verified for nothing


def test_what_somebody_changed_during_its_test_is_neither_marked_nor_rolled_back(runs: Runs) -> None:
    send = runs.simulator.sender.send

    async def meddle(*arguments: Any, **more: Any) -> Any:
        overwrite(runs, name="By hand")
        return await send(*arguments, **more)

    runs.simulator.sender.send = meddle  # type: ignore[method-assign]  # a hand that is quick enough
    for path in ("/ok", "/status/404"):
        runs.simulator.store.clear()
        run = runs.apply([hook(runs, path=path)])
        assert only(run).status is Status.FAILED
        assert "changed by somebody else meanwhile (display_name)" in only(run).text
        assert runs.configs()["acme_hook"]["name"] == "By hand"
        assert run.exit_code == 4


def test_an_undo_that_fails_is_said_first_in_capitals_with_a_command(runs: Runs) -> None:
    runs.simulator.faults.add("answer", method="DELETE", path="*", status=403, times=100)
    run = runs.apply([hook(runs, path="/status/404"), hook(runs, "fine")])
    assert run.exit_code == 6
    first, second, *_ = render_result(run).splitlines()
    assert first.startswith('search: + WebhookChannel "hook" ROLLBACK FAILED')
    assert second.strip().startswith("fix it with: reconciler apply --only hook")
    assert runs.configs()["acme_hook"]["description"] == "[acme/hook unverified]"


def test_a_canary_whose_create_was_cut_off_is_removed(runs: Runs) -> None:
    runs.apply([hook(runs)])
    runs.simulator.faults.add("answer_after", method="POST", path="*/configs", status=502)
    runs.simulator.faults.add("answer", method="GET", path="*_canary_*", status=403, times=100)
    run = runs.apply([hook(runs, path="/ok/new")])
    assert only(run).status is Status.FAILED
    assert set(runs.configs()) == {"acme_hook"}


def test_a_canary_that_cannot_be_removed_is_named_and_later_planned_for(runs: Runs) -> None:
    runs.apply([hook(runs)])
    runs.simulator.faults.add("answer", method="DELETE", path="*", status=403, times=100)
    run = runs.apply([hook(runs, path="/ok/new")])
    assert only(run).status is Status.APPLIED
    assert "_canary_" in run.targets[0].notes[0]
    assert [item.flags for item in runs.plan([hook(runs, path="/ok/new")]).leftovers] == [("canary",)]


def test_what_was_written_and_cannot_be_read_back_is_said(runs: Runs) -> None:
    runs.simulator.faults.add("answer", method="GET", path="*/acme_hook", status=403, times=100)
    run = runs.apply([hook(runs)])
    assert only(run).status is Status.FAILED
    assert "was written, but could not be read back" in only(run).text
    runs.simulator.faults.clear()
    assert [reason.value for reason in runs.plan([hook(runs)]).changes[0].reasons] == ["unverified"]
