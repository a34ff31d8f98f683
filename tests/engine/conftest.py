"""A project with one simulator, and one with two; git looks at nothing outside of the test's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.projects import Project, simulators


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Project]:
    with simulators("search") as running:
        made = Project(tmp_path, monkeypatch, capfd, running)
        made.write_project()
        yield made


@pytest.fixture
def two_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Project]:
    with simulators("east", "west") as running:
        made = Project(tmp_path, monkeypatch, capfd, running)
        made.write_project(default_targets=["east", "west"])
        yield made
