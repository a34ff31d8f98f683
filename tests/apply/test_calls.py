"""The happy path costs no more calls than the rules need: those that docs/apply.md names, change by change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.apply.session import SessionOptions
from reconciler.model.resource import OnFailure, Resource, Settings, TestPolicy, When
from reconciler.plan.make import MakeOptions
from reconciler.simulator import Simulator
from tests.apply.runs import PRUNE, Runs
from tests.apply.test_apply import hook, mail
from tests.plan.builders import slack

DOCUMENT = Path(__file__).parents[2] / "docs" / "apply.md"
READING, LAST_LOOK = 2, 1


@pytest.fixture
def runs() -> Iterator[Runs]:
    with Simulator(receivers=True) as simulator:
        yield Runs(simulator)


def documented() -> dict[str, int]:
    """The table of calls, by change."""
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \|", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    table = DOCUMENT.read_text("utf-8").partition("## Calls")[2].partition("## Killed")[0]
    return {name: int(count) for name, count in rows if f"| {name} |" in table}


def calls_of(runs: Runs, resources: list[Resource], options: MakeOptions = MakeOptions()) -> int:
    """The calls of an apply besides reading and the last look."""
    runs.simulator.clear_requests()
    run = runs.apply(resources, options)
    has_written = any(
        call.method in ("PUT", "DELETE") or (call.path.endswith("/configs") and call.method == "POST")
        for call in runs.simulator.requests
    )
    assert run.exit_code in (0, 5)
    return len(runs.simulator.requests) - READING - (LAST_LOOK if has_written else 0)


def test_each_change_costs_what_the_document_says(runs: Runs) -> None:
    first = mail(runs)
    counted = {
        "new channel": calls_of(runs, [hook(runs)]),
        "nothing": calls_of(runs, [hook(runs)]),
        "display name or description": calls_of(runs, [hook(runs, description="words")]),
        "address": calls_of(runs, [hook(runs, path="/ok/2")]),
        "address, test fails": calls_of(runs, [hook(runs, path="/status/404")]),
        "replace": calls_of(runs, [slack("hook")]),
        "unchanged channel under `when: always`": calls_of(runs, [always(slack("hook"))]),
        "delete": calls_of(runs, [], PRUNE),
        "new channel, test fails": calls_of(runs, [hook(runs, path="/status/404")]),
        "new account or group": calls_of(runs, first[:1]),
    }
    runs.apply(first)
    group = replace(first[1], fields={**first[1].fields, "recipients": frozenset({"b@example.org", "c@example.org"})})
    counted["account or group in use"] = calls_of(runs, [first[0], group, first[2]])
    counted["unverified channel, nothing else"] = calls_of_an_unverified(runs)
    assert counted == documented()


def always(resource: Resource) -> Resource:
    return replace(resource, settings=Settings(test=TestPolicy(when=When.ALWAYS)))


def calls_of_an_unverified(runs: Runs) -> int:
    """A channel that was kept though its test failed, and whose receiver is well again."""
    resource = slack("later")
    runs.simulator.outcomes.set("hooks.slack.com", 404, "gone")
    runs.options = SessionOptions(on_failure=OnFailure.KEEP)
    assert runs.apply([resource]).exit_code == 6
    runs.simulator.outcomes.clear()
    return calls_of(runs, [resource])
