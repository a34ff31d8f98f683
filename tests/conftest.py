"""What the whole suite shares: the fault campaign's counts, in one line at the end."""

from __future__ import annotations

import pytest


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
