"""The short attack campaign, and that it would notice: each sort of harm, done on purpose, is seen."""

from __future__ import annotations

import random
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.world import World, watched, world_in

PROJECTS, PARTS, SEED = 24, 4, 7


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("attack").resolve()) as made:
        yield made


@pytest.mark.parametrize("part", range(PARTS))
def test_hostile_projects_learn_run_and_hang_nothing(world: World, part: int) -> None:
    assert [line for number in range(part, PROJECTS, PARTS) for line in world.play(number, SEED)] == []


@pytest.mark.parametrize("site", ["github", "gitlab"])
def test_each_form_of_a_run_is_drawn(world: World, site: str) -> None:
    drawn = [world.arguments(random.Random(number), "main", site) for number in range(PROJECTS)]
    words = {word for arguments in drawn for word in arguments}
    assert {"plan", "drift", "validate", "--against", "--comment", "--out", site} <= words


def test_what_leaves_is_seen(world: World) -> None:
    world.number = 10_000
    world.traces.mkdir(parents=True)
    assert [*world._leaks([f"x{world.secrets['SLACK'][3:12]}x"], [])] == ["LEAK of SLACK"]
    with watched() as events:
        subprocess.run(["true"], cwd=world.root.parent, check=True)
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(f"{world.thief}/x", timeout=5)
        seen = list(events)
    assert any("request" in line for line in world._leaks([], seen))
    assert [*world._executions(seen)] == []
    world.root.mkdir()
    (world.root / "evil").write_text("#!/bin/sh\n")
    (world.root / "evil").chmod(0o755)
    with watched() as events:
        subprocess.run([str(world.root / "evil")], check=True)
        seen = list(events)
    assert any("EXECUTION" in line for line in world._executions(seen))
    Path(world.traces / "ran").touch()
    assert "EXECUTION ran" in [*world._executions([])]
