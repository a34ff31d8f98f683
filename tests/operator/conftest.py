"""A stand-in of a cluster for each test, and one real API server for all of `cluster`, which only `make test-operator`
collects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operator.apiserver import ApiServer
from tests.operator.fake import ADDRESS, World

collect_ignore = ["cluster"]  # unless it is asked for by name


@pytest.fixture(scope="session")
def apiserver() -> Iterator[ApiServer]:
    """A real Kubernetes API server on loopback."""
    with ApiServer() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A stand-in cluster with one target and the Secret of a Slack channel."""
    with World(tmp_path) as made:
        made.secret("slack", url=ADDRESS)
        yield made
