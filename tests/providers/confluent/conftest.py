"""Prints under how many simulated behaviours an apply was found to end in an empty plan."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Counts what the passed tests of `test_behaviours` recorded; workers hand it to the main process."""
    properties = [text for report in terminalreporter.getreports("passed") for text in report.user_properties]
    alone = {what for name, what in properties if name == "simulated behaviour alone"}
    mixed = {what for name, what in properties if name == "simulated behaviours mixed"}
    if alone or mixed:
        terminalreporter.write_line(
            f"Confluent Cloud: apply -> empty plan under {len(alone | mixed)} simulated behaviours "
            f"({len(alone)} settings alone, {len(mixed)} mixtures that hold every pair of settings)"
        )
