"""Fixtures of the command's tests: a simulator, and a shell in a project that points at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.simulator import Simulator
from tests.cli.shell import PROJECT, SLACK, Shell

SLACK_URL = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(receivers=True) as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path, simulator: Simulator) -> Shell:
    made = Shell(tmp_path, {"OPENSEARCH_URL": simulator.url, "SLACK_URL": SLACK_URL})
    made.write("reconciler.yaml", PROJECT)
    made.write("channels/oncall.yaml", SLACK)
    return made
