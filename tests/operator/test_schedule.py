"""Marks, waits and retries; what failed its test, and what is due."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.operator_settings import LONGEST_DELETION_TIMEOUT, SHORTEST_TEST_EVERY
from reconciler.model.schemas import build_schemas
from reconciler.operator.entries import Entry, entries_of
from reconciler.operator.resources import Behaviour, CustomResource, behaviour_of, seconds, text_of
from reconciler.operator.schedule import (
    FIRST_RETRY,
    LONGEST_RETRY,
    TEST_FAILED,
    Key,
    Queue,
    is_held_by_its_test,
    is_test_due,
    jittered,
    since_1970,
)

A, B = Key("team", "a"), Key("team", "b")
NOON = since_1970("2026-01-01T12:00:00Z")


def test_a_mark_is_due_once_it_is_quiet_and_at_the_latest_after_ten_seconds() -> None:
    queue = Queue()
    queue.mark(A, 0.0)
    assert queue.take(0.9) is None
    assert queue.waits(0.9) == pytest.approx(0.1)
    for tenth in range(1, 200):
        queue.mark(A, tenth / 10)
        if tenth < 100:
            assert queue.take(tenth / 10) is None
    assert queue.take(10.0) == A


def test_a_burst_of_marks_is_one_look_and_no_key_is_given_out_twice() -> None:
    queue = Queue()
    for _ in range(500):
        queue.mark(A, 0.0)
    assert queue.take(1.0) == A
    queue.mark(A, 1.5)
    assert queue.take(5.0) is None
    queue.done(A, 6.0, 600.0)
    assert queue.take(6.0) == A


def test_the_one_that_waited_longest_comes_first() -> None:
    queue = Queue()
    queue.mark(B, 0.0)
    queue.mark(A, 1.0)
    assert [queue.take(9.0), queue.take(9.0), queue.take(9.0)] == [B, A, None]


def test_an_interval_and_a_growing_wait() -> None:
    queue = Queue()
    queue.mark(A, 0.0)
    assert queue.take(1.0) == A
    queue.done(A, 1.0, 600.0)
    assert queue.waits(1.0) == 600.0
    waits = []
    for _ in range(12):
        queue.mark(A, 0.0)
        assert queue.take(10_000.0) == A
        waits.append(queue.failed(A, 10_000.0, chance=0.0))
    assert waits[:3] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
    assert waits[-1] == LONGEST_RETRY
    queue.mark(A, 0.0)
    assert queue.take(20_000.0) == A
    queue.done(A, 0.0, 1.0)
    assert queue.take(20_000.0) == A
    assert queue.failed(A, 0.0, chance=1.0) == pytest.approx(FIRST_RETRY * 0.9)


def test_what_is_forgotten_is_not_looked_at_unless_it_was_marked_meanwhile() -> None:
    queue = Queue()
    queue.soon(A, 0.0)
    assert queue.take(0.0) == A
    queue.forget(A)
    assert queue.waits(0.0) is None
    queue.soon(A, 0.0)
    assert queue.take(0.0) == A
    queue.mark(A, 0.5)
    queue.forget(A)
    assert queue.take(2.0) == A


def test_jitter_only_shortens() -> None:
    assert [jittered(600, 0.0), jittered(600, 1.0)] == [600, 540]


RESOURCE = CustomResource("SlackChannel", "team", "oncall", generation=3)
PROJECT = CustomResource("Project", "team", "acme", generation=5)
FAILED = Entry(
    "search",
    reason=TEST_FAILED,
    stalled=True,
    generation=3,
    project_generation=5,
    secrets={"slack": "7"},
    test_time="2026-01-01T12:00:00Z",
)


def held(entry: Entry = FAILED, **more: Any) -> bool:
    given: dict[str, Any] = {
        "resource": RESOURCE,
        "secrets": {"slack": "7"},
        "project": PROJECT,
        "behaviour": Behaviour(),
        "now": NOON + 3600,
        **more,
    }
    return is_held_by_its_test(entry, **given)


def test_what_failed_its_test_waits_until_something_changed() -> None:
    assert held()
    assert not held(resource=replace(RESOURCE, generation=4))
    assert not held(project=replace(PROJECT, generation=6))
    assert not held(secrets={"slack": "8"})
    assert not held(resource=replace(RESOURCE, annotations={"channels.gitops/requested-at": "now"}))
    assert not held(project=replace(PROJECT, annotations={"channels.gitops/requested-at": "now"}))
    assert not held(now=NOON + 86_400)
    assert held(now=NOON + 86_400, behaviour=Behaviour(test_every=7 * 86_400.0))
    assert not held(replace(FAILED, reason="Held"))


def test_it_waits_after_a_restart_too() -> None:
    again = replace(RESOURCE, status={"targets": [FAILED.to_json(), "nonsense", {"name": 5}]})
    assert entries_of(again) == {"search": FAILED}


def test_a_test_is_due_by_its_interval_or_by_a_wish() -> None:
    entry = Entry("search", test_time="2026-01-01T12:00:00Z", test_requested_at="monday")
    assert not is_test_due(entry, RESOURCE, Behaviour(), NOON * 2)
    assert not is_test_due(entry, RESOURCE, Behaviour(test_every=60.0), NOON + 59)
    assert is_test_due(entry, RESOURCE, Behaviour(test_every=60.0), NOON + 60)
    wished = replace(RESOURCE, annotations={"channels.gitops/test-requested-at": "tuesday"})
    assert is_test_due(entry, wished, Behaviour(), NOON)
    assert not is_test_due(replace(entry, test_requested_at="tuesday"), wished, Behaviour(), NOON)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("90s", 90.0), ("10m", 600.0), ("24h", 86_400.0), ("7d", 604_800.0), ("", None), ("7w", None), (5, None)],
)
def test_durations(written: object, expected: float | None) -> None:
    assert seconds(written) == expected


def test_a_resource_says_how_it_is_treated_and_else_its_project() -> None:
    general = replace(PROJECT, spec={"operator": {"deletion_policy": "delete", "interval": "1h", "test_every": "7d"}})
    own = replace(RESOURCE, spec={"operator": {"deletion_policy": "orphan", "suspend": True, "interval": "1s"}})
    assert behaviour_of(RESOURCE, general) == Behaviour(deletes=True, interval=3600.0, test_every=604_800.0)
    assert behaviour_of(own, general) == Behaviour(suspend=True, interval=10.0, test_every=604_800.0)
    assert behaviour_of(RESOURCE, None) == Behaviour()


@pytest.mark.parametrize("kind", ["manifest", "project"])
def test_the_schemas_take_the_durations_within_the_bounds_and_no_others(kind: str) -> None:
    record = build_schemas()[kind]["$defs"]["ResourceOperator" if kind == "manifest" else "ProjectOperator"]
    bounds = {"test_every": (SHORTEST_TEST_EVERY, 1e15), "deletion_timeout": (1.0, LONGEST_DELETION_TIMEOUT)}
    for name, (least, most) in bounds.items():
        pattern = re.compile(record["properties"][name]["pattern"])
        for unit in "smhd":
            size = seconds(f"1{unit}") or 0.0
            edges = [int(bound / size) + step for bound in (least, most) for step in (-1, 0, 1)]
            numbers = [*range(1, 1200), *edges, *(10**power + step for power in range(2, 9) for step in (-1, 0, 1))]
            for number in filter(lambda number: 0 < number < 10**9, numbers):
                assert bool(pattern.search(f"{number}{unit}")) == (least <= number * size <= most), f"{number}{unit}"


def test_what_older_definitions_took_is_bounded_all_the_same() -> None:
    hasty = replace(RESOURCE, spec={"operator": {"test_every": "1s", "deletion_timeout": "999999999d"}})
    found = behaviour_of(hasty, None)
    assert (found.test_every, found.deletion_timeout) == (SHORTEST_TEST_EVERY, LONGEST_DELETION_TIMEOUT)


@pytest.mark.parametrize(
    ("resource", "project"),
    [
        ({"test": {"when": "always"}}, {}),
        ({"overrides": {"kafka": {"test": {"when": "always"}}}}, {}),
        ({}, {"test": {"when": "always"}}),
        ({}, {"defaults": {"SlackChannel": {"test": {"when": "always"}}}}),
    ],
)
def test_always_means_on_change_and_in_intervals(resource: dict[str, Any], project: dict[str, Any]) -> None:
    own, general = replace(RESOURCE, spec=resource), replace(PROJECT, spec=project)
    assert behaviour_of(own, general).test_every == 86_400.0
    assert "always" not in text_of(own).content + text_of(general).content
    asked = replace(own, spec={**resource, "test": {"when": "change"}})
    if "overrides" not in resource:
        assert behaviour_of(asked, general).test_every is None
