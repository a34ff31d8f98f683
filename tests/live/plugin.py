"""What the checks are given, and what became of each: a pytest plugin, registered by `__main__` alone."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import pytest

from tests.live.run import LiveRuns, RealTarget, Run

__all__ = ["LivePlugin"]


@dataclass(eq=False)
class LivePlugin:
    """Fixtures of one run, and its record: (check, "" or why it failed or was skipped)."""

    live_run: Run
    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    @pytest.fixture
    def run(self) -> Run:
        """The whole run."""
        return self.live_run

    @pytest.fixture
    def runs(self) -> LiveRuns:
        """Plans and applies of this check's own."""
        return self.live_run.runs()

    @pytest.fixture
    def least(self) -> LiveRuns:
        """Plans and applies of this check's own, as the user of least rights."""
        return self.live_run.least_runs()

    @pytest.fixture
    def place(self) -> RealTarget:
        """The cluster, for one check of the provider's tour."""
        return self.live_run.place()

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self) -> Generator[None, object, object]:
        """Let an interrupted check end the run, whatever it ended with, and start no further one."""
        interruption = self.live_run.cluster.interruption
        interruption.check()
        try:
            return (yield)
        finally:
            interruption.check()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what became of a check."""
        name = report.nodeid.rpartition("::")[2].removeprefix("test_")
        words, bracket, parameter = name.partition("[")
        check = words.replace("_", " ") + (f" {bracket}{parameter}" if bracket else "")
        if report.skipped:
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self.skipped.append((check, str(why).removeprefix("Skipped: ")))
        elif report.failed:
            self.failed.append(check)
        elif report.when == "call":
            self.passed.append(check)
