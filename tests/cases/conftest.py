"""Fixtures of the cases: a project with one target of either provider, or with both, and a simulator behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.simulator import Simulator
from tests.cases.projects import KEY, SECRET, Project, project


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(confluent_credentials=(KEY, SECRET), receivers=True) as running:
        yield running


@pytest.fixture
def opensearch(tmp_path: Path, simulator: Simulator) -> Project:
    """A project whose one target is an OpenSearch cluster, with one Slack channel."""
    return project(tmp_path, simulator, search="opensearch")


@pytest.fixture
def confluent(tmp_path: Path, simulator: Simulator) -> Project:
    """A project whose one target is a Confluent organisation, with one Slack channel."""
    return project(tmp_path, simulator, kafka="confluent")


@pytest.fixture
def both(tmp_path: Path, simulator: Simulator) -> Project:
    """A project with a target of either provider, and one Slack channel for both."""
    return project(tmp_path, simulator, search="opensearch", kafka="confluent")
