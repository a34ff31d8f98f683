"""A run that only reads ends, whatever loops or never answers, and says so where an older report would stand."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.cli.main import TimeIsOverError, main, within

PATIENCE = 60
"""Seconds after which what nothing ended fails its test."""


def spin() -> None:
    for _ in range(10**10):
        pass


def wait() -> None:
    threading.Event().wait(PATIENCE)


async def wait_in_a_loop() -> None:
    await asyncio.wait_for(asyncio.Event().wait(), PATIENCE)


async def spin_in_a_task() -> None:
    async def busy() -> None:
        spin()

    await asyncio.gather(asyncio.create_task(busy()), wait_in_a_loop())


@pytest.mark.parametrize(
    "work",
    [spin, wait, lambda: asyncio.run(wait_in_a_loop()), lambda: asyncio.run(spin_in_a_task())],
    ids=["loop", "wait", "event loop", "task"],
)
def test_whatever_takes_too_long_is_ended(work: Callable[[], None]) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TimeIsOverError, match=r"more than 0\.2 seconds"), within(0.2):
        work()
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_what_ends_in_time_is_left_alone() -> None:
    with within(60):
        pass
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@contextmanager
def ring_once_asked(silent: socket.socket) -> Iterator[None]:
    """Let the time be over once a request has come, which is never answered."""
    main_thread = threading.main_thread().ident
    assert main_thread is not None

    def ring() -> None:
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(1)
            signal.pthread_kill(main_thread, signal.SIGALRM)
            connection.recv(100_000)  # what there is; then the end, once the run is over

    silent.settimeout(PATIENCE)
    ringing = threading.Thread(target=ring, daemon=True)
    ringing.start()
    yield
    ringing.join(PATIENCE)


@pytest.mark.parametrize("verb", ["plan", "drift"])
def test_a_plan_against_a_server_that_never_answers_ends_and_its_report_says_so(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    with socket.create_server(("127.0.0.1", 0)) as silent, ring_once_asked(silent):
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
            main([verb, "--time-limit", "250", "--summary"])
    assert ended.value.code == 1
    assert "more than 250 seconds and was stopped" in capfd.readouterr().err
    assert "more than 250 seconds and was stopped" in (tmp_path / "summary.md").read_text()
