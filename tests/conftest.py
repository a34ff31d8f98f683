"""What the whole suite shares: Ctrl-C reaches the commands under test, and the fault campaign's counts at the end."""

from __future__ import annotations

import importlib
import pkgutil
import signal
import threading

import pytest
from hypothesis import HealthCheck, settings

import reconciler

# No test is timed: a busy machine is no defect, so neither an example's time nor that of making it counts. And the same
# code is given the same examples each time, here and in CI: `--hypothesis-profile random` looks for others.
settings.register_profile(
    "same", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None
)
settings.register_profile("random", settings.get_profile("same"), derandomize=False)
settings.load_profile("same")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    # A suite that a script starts in the background has SIGINT ignored, and would pass that on to every command under
    # test. A handler, unlike that, is not inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load the whole package before the first property is tried: the constants of what is loaded are among the values
    that hypothesis tries, and what is loaded would depend on the tests that this process happened to be given before.
    """
    if any(item.get_closest_marker("hypothesis") for item in session.items):
        for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
            importlib.import_module(module.name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add up what the parts of the campaign recorded, in whatever process they ran."""
    counts = {"campaign_cases": 0, "campaign_wrong": 0}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, value in report.user_properties:
                    counts[name] = counts.get(name, 0) + (value if isinstance(value, int) else 0)
    if counts["campaign_cases"]:
        text = f"fault campaign: {counts['campaign_cases']} cases, {counts['campaign_wrong']} wrong"
        terminalreporter.write_line(text)
