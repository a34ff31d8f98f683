"""Operators that are killed or stopped in the middle of an apply, and two of them for the same projects."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.simulator import Simulator
from tests.operator.apiserver import ApiServer, wait_until
from tests.operator.cluster.faults import Gate, ShardTeam
from tests.operator.cluster.running import Operator


@pytest.fixture
def team(cluster: ApiServer) -> Iterator[ShardTeam]:
    with Simulator() as search:
        yield ShardTeam(cluster, "processes", search)


@pytest.fixture
def first(team: ShardTeam, tmp_path: Path) -> Iterator[Operator]:
    with _operator(team, tmp_path, "first") as running:
        yield running


def _operator(team: ShardTeam, folder: Path, name: str) -> Operator:
    (folder / name).mkdir()
    return Operator(team.cluster, folder / name, f"--shard={team.shard}", f"--namespace={team.namespace}")


def test_one_that_was_stopped_never_finishes_an_old_generation(
    team: ShardTeam, first: Operator, tmp_path: Path
) -> None:
    team.begin()
    team.created("oncall")
    gate = Gate(team.search)
    team.rotate("B0OLDOLD1")
    gate.reached()
    first.signal(signal.SIGSTOP)
    team.rotate("B0NEWNEW1")
    with _operator(team, tmp_path, "second"):  # it waits for the Lease to end; its own test opens the gate
        team.is_exactly(["oncall"], "B0NEWNEW1")
        team.is_verified("oncall")
        first.signal(signal.SIGCONT)
        wait_until(lambda: "the lease was lost" in first.log.read_text("utf-8"), "the stopped one did not go on")
        team.is_exactly(["oncall"], "B0NEWNEW1")
        team.annotate("SlackChannel", "oncall", requested_at="once more")
        wait_until(lambda: _handled(team, "once more"), "nobody looked again")
    team.is_exactly(["oncall"], "B0NEWNEW1")
    assert team.messages() == {"B0BBBBBB1": 1, "B0OLDOLD1": 1, "B0NEWNEW1": 1}


def _handled(team: ShardTeam, request: str) -> bool:
    found = team.get("SlackChannel", "oncall") or {}
    return bool(found["status"].get("lastHandledRequestedAt") == request)


def test_one_that_was_killed_is_continued_by_its_successor(team: ShardTeam, first: Operator) -> None:
    team.begin()
    team.created("oncall")
    gate = Gate(team.search)
    team.rotate("B0NEWNEW1")
    gate.reached()
    first.stop(signal.SIGKILL)
    first.start()
    team.is_exactly(["oncall"], "B0NEWNEW1")
    team.is_verified("oncall")
    assert team.messages() == {"B0BBBBBB1": 1, "B0NEWNEW1": 2}  # of the first one nobody was left to hear the answer


def test_one_that_is_asked_to_end_finishes_first(team: ShardTeam, first: Operator) -> None:
    team.begin()
    team.created("oncall")
    gate = Gate(team.search)
    team.rotate("B0NEWNEW1")
    gate.reached()
    first.signal(signal.SIGTERM)
    gate.open()
    assert first.process is not None
    assert first.process.wait(60) == 0
    first.start()
    team.is_exactly(["oncall"], "B0NEWNEW1")
    team.is_verified("oncall")


def test_two_for_the_same_projects_do_everything_once(team: ShardTeam, first: Operator, tmp_path: Path) -> None:
    names = [f"channel-{number}" for number in range(6)]
    with _operator(team, tmp_path, "second"):
        team.begin()
        for name in names:
            team.slack(name)
        for name in names:
            team.is_verified(name)
        team.is_exactly(names)
        assert team.messages() == {"B0BBBBBB1": 6}
        team.rotate("B0NEWNEW1")
        team.is_exactly(names, "B0NEWNEW1")
        for name in names:
            team.is_verified(name)
        wait_until(lambda: team.messages()["B0NEWNEW1"] >= 6, "not all were tested")
    assert team.messages() == {"B0BBBBBB1": 6, "B0NEWNEW1": 6}
