"""SIGKILL of the real command at every line of its journal; the next run finishes the work."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from reconciler.apply.journal import parse_journal
from reconciler.simulator import Simulator
from tests.apply.processes import Ended, Process, make_project

LINES = 19
"""Of the journal of an apply that creates, changes and deletes a webhook each, one after the other."""

APPLY = ("apply", "--yes", "--prune", "--parallelism", "1", "--journal", "journal.jsonl")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


def run(simulator: Simulator, folder: Path, path: str, command: Sequence[str]) -> Ended:
    with Process(simulator, folder, [sys.executable, "-m", *command], path=path) as process:
        return process.end()


def prepare(simulator: Simulator, folder: Path) -> None:
    """Two webhooks are live; one is then changed and one removed, and there is a new one."""
    simulator.seed(
        {
            "config_id": f"acme_{name}",
            "config": {
                "name": name,
                "description": f"[acme/{name}]",
                "config_type": "webhook",
                "is_enabled": True,
                "webhook": {"url": f"{simulator.receiver.url}/ok/1", "method": "POST", "header_params": {}},
            },
        }
        for name in ("changed", "removed")
    )
    make_project(folder, ["changed", "added"])


def live(simulator: Simulator) -> dict[str, tuple[str, str]]:
    items = [json.loads(document.text) for document in simulator.store.all()]
    return {item["config_id"]: (item["config"]["description"], item["config"]["webhook"]["url"]) for item in items}


def wanted(simulator: Simulator, description: str = "") -> dict[str, tuple[str, str]]:
    url = f"{simulator.receiver.url}/ok/2"
    return {f"acme_{name}": (f"[acme/{name}]", url) for name in ("added", "changed")}


@pytest.mark.parametrize("line", range(1, LINES + 1))
def test_killed_at_any_line_it_converges(
    simulator: Simulator, tmp_path: Path, line: int, record_property: Callable[[str, object], None]
) -> None:
    prepare(simulator, tmp_path)
    killed = run(simulator, tmp_path, "/ok/2", ["tests.campaign.killed", str(line), *APPLY])
    assert killed.code == -signal.SIGKILL
    assert len(parse_journal((tmp_path / "journal.jsonl").read_text("utf-8"), "journal")) == line
    simulator.clock.advance(16 * 60)
    again = run(simulator, tmp_path, "/ok/2", ["reconciler", *APPLY])
    left = [object_id for object_id in live(simulator) if "_canary_" in object_id]
    if left:  # nothing else was left to write: the next apply that writes removes it
        make_project(tmp_path, ["added"], description="words")
        again = run(simulator, tmp_path, "/ok/2", ["reconciler", *APPLY])
        make_project(tmp_path, ["added"])
        again = run(simulator, tmp_path, "/ok/2", ["reconciler", *APPLY])
    assert again.code == 0, again.out + again.err
    assert live(simulator) == wanted(simulator)
    record_property("campaign_cases", 1)


def test_the_number_of_lines_is_that_of_a_whole_apply(simulator: Simulator, tmp_path: Path) -> None:
    prepare(simulator, tmp_path)
    assert run(simulator, tmp_path, "/ok/2", ["reconciler", *APPLY]).code == 0
    assert len((tmp_path / "journal.jsonl").read_text("utf-8").splitlines()) == LINES
