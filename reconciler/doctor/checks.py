"""The outcome of one check: fine, worth knowing, or broken; and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Check", "Health", "failure", "ok", "warning"]


class Health(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `subject` is a target or `project`, `name` what was looked at, `mend` what to do about it."""

    subject: str
    name: str
    health: Health
    text: str
    mend: str = ""


def ok(subject: str, name: str, text: str) -> Check:
    """A check that found nothing wrong."""
    return Check(subject, name, Health.OK, text)


def warning(subject: str, name: str, text: str, mend: str = "") -> Check:
    """Something that works, but should be known."""
    return Check(subject, name, Health.WARNING, text, mend)


def failure(subject: str, name: str, text: str, mend: str = "") -> Check:
    """Something that stops a run."""
    return Check(subject, name, Health.FAILURE, text, mend)
