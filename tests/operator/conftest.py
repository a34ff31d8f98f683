"""One real API server for all tests of `cluster`, which only `make test-operator` collects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.operator.apiserver import ApiServer

collect_ignore = ["cluster"]  # unless it is asked for by name


@pytest.fixture(scope="session")
def apiserver() -> Iterator[ApiServer]:
    """A real Kubernetes API server on loopback."""
    with ApiServer() as running:
        yield running
