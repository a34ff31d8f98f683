"""What `doctor` found, as text and as a JSON document: subject by subject, with a fix for each problem. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from reconciler.model.errors import Problem
from reconciler.model.evidence import Check, Health, NotTried, Passed
from reconciler.model.text import plural, printable
from reconciler.report.view import Paint, plain

_COLOURS = {Health.OK: "green", Health.WARNING: "yellow", Health.FAILURE: "red", Health.NOT_TRIED: "yellow"}
_WIDEST = max(len(health.value) for health in Health)


def is_healthy(checks: Sequence[Check]) -> bool:
    """Whether no check failed; warnings and checks that were not tried do not count."""
    return all(check.health is not Health.FAILURE for check in checks)


def doctor_document(checks: Sequence[Check]) -> dict[str, Any]:
    """The checks as JSON values; `schemas/v1/doctor.json` describes them."""
    return {"format": "reconciler.doctor/v1", "healthy": is_healthy(checks), "checks": [*map(_row, checks)]}


def _row(check: Check) -> dict[str, str]:
    text, fix = _words(check)
    return {"subject": check.subject, "check": check.name, "health": check.health.value, "text": text, "fix": fix}


def _words(check: Check) -> tuple[str, str]:
    """What was found, and the fix; "" where none is needed."""
    match check.found:
        case Passed(text) | NotTried(text):
            return text, ""
        case Problem(message=message, fix=fix):
            return message, fix


def render_doctor(checks: Sequence[Check], paint: Paint = plain) -> str:
    """A line for each check below its subject, and a last line with the counts. `checks` must not be empty."""
    width = max(len(check.name) for check in checks)
    lines: list[str] = []
    for subject, group in groupby(checks, key=lambda check: check.subject):
        lines.append(paint(printable(subject), "bold"))
        for check in group:
            text, fix = _words(check)
            word = paint(check.health.value.ljust(_WIDEST), _COLOURS[check.health])
            lines.append(f"  {word}  {check.name.ljust(width)}  {printable(text)}")
            lines += [f"  {' ' * _WIDEST}  {' ' * width}  fix: {printable(fix)}"] if fix else []
    return "\n".join([*lines, _counts(checks)]) + "\n"


def _counts(checks: Sequence[Check]) -> str:
    counts = {health: sum(check.health is health for check in checks) for health in Health}
    untried = f", {counts[Health.NOT_TRIED]} not tried" if counts[Health.NOT_TRIED] else ""
    found = f"{plural(counts[Health.WARNING], 'warning')}, {plural(counts[Health.FAILURE], 'failure')}"
    return f"{plural(len(checks), 'check')}: {counts[Health.OK]} ok, {found}{untried}."
