"""Canaries that a killed run left: removed though nothing else is to be written, once no other run can need them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.operator.leftovers import OLD_SECONDS, Leftovers
from tests.operator.fake import ADDRESS, World

CANARY = "acme_oncall_canary_0000abcd"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, "east", "west") as made:
        made.secret("slack", url=ADDRESS)
        made.project()
        made.slack("oncall")
        made.look()
        yield made


def leave(world: World, canary: str = CANARY, mark: str = "[acme/oncall canary]", target: str = "east") -> None:
    """What a run that was killed leaves on a target."""
    config = {**world.live(target)["acme_oncall"], "name": f"oncall {canary}", "description": f"x {mark}"}
    world.systems[target].store.seed([{"config_id": canary, "config": config}])


def test_a_leftover_canary_is_removed_once_it_was_seen_for_long_though_nothing_else_is_written(world: World) -> None:
    leave(world)
    leave(world, "acme_oncall_canary_0000dcba", target="west")
    messages = world.messages("east"), world.messages("west")
    after = world.look()
    assert 0 < (after["east"].seconds or 0) <= OLD_SECONDS
    world.now = OLD_SECONDS - 1
    assert world.look()["east"].seconds == 1.0
    assert CANARY in world.live("east")
    world.writes()
    world.now = OLD_SECONDS
    world.look()
    assert list(world.live("east")) == list(world.live("west")) == ["acme_oncall"]
    assert (world.messages("east"), world.messages("west")) == messages
    assert world.events.count("Normal Leftover acme") == 2
    assert any("/leases" in path for _, path in world.writes())
    world.look()
    assert world.writes() == []


def test_an_operator_that_restarts_counts_from_the_start(world: World) -> None:
    leave(world)
    world.look()
    world.now = OLD_SECONDS
    world.restart()
    world.look()
    assert CANARY in world.live("east")
    world.now = 2 * OLD_SECONDS
    world.look()
    assert CANARY not in world.live("east")


@pytest.mark.parametrize("mark", ["[acme/oncall canary protected]", "[other/oncall canary]", "canary"])
def test_what_is_protected_or_not_ours_is_no_leftover(world: World, mark: str) -> None:
    leave(world, mark=mark)
    world.look()
    world.writes()
    world.now = OLD_SECONDS
    world.look()
    assert CANARY in world.live("east")
    assert world.writes() == []


def test_one_that_cannot_be_removed_is_said_and_not_tried_again_at_once(world: World) -> None:
    leave(world)
    world.look()
    world.systems["east"].faults.add("answer", method="DELETE", path="*", status=403, times=100)
    world.now = OLD_SECONDS
    world.look()
    world.now += 60
    world.look()
    assert CANARY in world.live("east")
    assert world.events.count("Normal Leftover acme") == 1
    world.systems["east"].faults.clear()
    world.now = 2 * OLD_SECONDS
    world.look()
    assert CANARY not in world.live("east")


def test_a_suspended_project_keeps_its_leftovers(world: World) -> None:
    leave(world)
    world.look()
    world.project(operator={"suspend": True})
    world.now = OLD_SECONDS
    world.look()
    assert CANARY in world.live("east")


_NAMES = st.sampled_from(["a", "b", "c"])


@given(st.lists(st.tuples(st.floats(0, 2000), st.sets(_NAMES))))
def test_what_is_old_was_there_at_every_look_for_so_long(looks: list[tuple[float, set[str]]]) -> None:
    left, now = Leftovers(), 0.0
    history: list[tuple[float, set[str]]] = []
    for passed, ids in looks:
        now += passed
        left.see(ids, now)
        history.append((now, ids))
        for name in left.old(now):
            recent = [seen for when, seen in history if when >= now - OLD_SECONDS]
            assert all(name in seen for seen in recent)
            assert any(name in seen for when, seen in history if when <= now - OLD_SECONDS)
        assert (left.due_in(now) is None) == (not ids)
