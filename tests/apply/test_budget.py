"""Each target of a run waits out of an allowance of its own: a slow one takes nothing from the others."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.engine import connect as connecting
from reconciler.engine.load import load_workspace
from reconciler.engine.options import ManifestOptions, Surroundings
from reconciler.engine.targets import ReadOptions, read_targets
from reconciler.model.errors import ConfigurationError
from reconciler.model.provider import Provider
from reconciler.plan.changes import UnreadTarget
from reconciler.providers import BUILT_IN
from reconciler.providers.connection import Connection
from reconciler.providers.pacing import Retries
from tests.cli.shell import PROJECT

TWO = PROJECT.replace(
    "search: {provider: opensearch}",
    "search: {provider: opensearch, url: 'http://127.0.0.1:1'}\n    other: {provider: opensearch, url: 'http://127.0.0.1:2'}",
)


def test_every_target_is_given_retries_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Retries | None] = []

    def make(connection: Connection, version: str, retries: Retries | None) -> Provider:
        given.append(retries)
        raise ConfigurationError("not connected: only the retries matter here")

    opensearch = replace(BUILT_IN["opensearch"], make=make)
    monkeypatch.setattr(connecting, "provided", lambda _name: opensearch)
    (tmp_path / "channels").mkdir()
    path = tmp_path / "reconciler.yaml"
    path.write_text(TWO, "utf-8")

    async def read() -> None:
        workspace = load_workspace(ManifestOptions(config=path), Surroundings({}, tmp_path))
        async with read_targets(workspace, ReadOptions()) as targets:
            assert all(isinstance(target, UnreadTarget) for target in targets)

    asyncio.run(read())
    first, second = given
    assert first is not None
    assert second is not None
    assert first.budget is not second.budget
