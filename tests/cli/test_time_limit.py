"""A run that only reads ends, whatever loops or never answers, and says so where an older report would stand."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.main import main
from reconciler.cli.time_limit import TimeIsOverError, within


def spin() -> None:
    while True:
        pass


async def spin_in_a_task() -> None:
    async def busy() -> None:
        spin()

    await asyncio.gather(asyncio.create_task(busy()), asyncio.sleep(60))


@pytest.mark.parametrize(
    "work",
    [spin, lambda: time.sleep(60), lambda: asyncio.run(asyncio.sleep(60)), lambda: asyncio.run(spin_in_a_task())],
    ids=["loop", "sleep", "event loop", "task"],
)
def test_whatever_takes_too_long_is_ended(work: Callable[[], None]) -> None:
    before = signal.getsignal(signal.SIGALRM)
    begin = time.monotonic()
    with pytest.raises(TimeIsOverError, match=r"more than 0\.2 seconds"), within(0.2):
        work()
    assert time.monotonic() - begin < 10
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_what_ends_in_time_is_left_alone() -> None:
    with within(60):
        pass
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@pytest.mark.parametrize("verb", ["plan", "drift"])
def test_a_plan_against_a_server_that_never_answers_ends_and_its_report_says_so(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (tmp_path / "reconciler.yaml").write_text(
            "apiVersion: channels.gitops/v1\nkind: Project\nmetadata: {name: acme}\nspec:\n  manifests: [m.yaml]\n"
            "  targets:\n    search: {provider: opensearch, "
            f"url: 'http://127.0.0.1:{silent.getsockname()[1]}', timeout_seconds: 300}}\n"
        )
        (tmp_path / "m.yaml").write_text(
            "apiVersion: channels.gitops/v1\nkind: EmailGroup\nmetadata: {name: ops}\n"
            "spec: {recipients: [ops@example.org], targets: [search]}\n"
        )
        with pytest.raises(SystemExit) as ended:
            main([verb, "--time-limit", "0.5", "--summary"])
    assert ended.value.code == 1
    assert "more than 0.5 seconds and was ended" in capfd.readouterr().err
    assert "more than 0.5 seconds and was ended" in (tmp_path / "summary.md").read_text()
