"""What becomes of problems by the project's lint levels and the manifests' silences. Pure.

It stands behind all checks, since the levels that count may be another commit's: under `--base` they are the base's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.manifests.manifest import Manifest
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Level, Problem
from reconciler.model.lint import LINT_RULES, LintLevel, LintLevels
from reconciler.model.text import printable


@dataclass(frozen=True, slots=True)
class Silence:
    """A rule that a manifest silences, and its reason for it."""

    manifest: Manifest
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"{self.manifest}: {self.rule} is silenced: {printable(self.reason)}"


def silences_of(manifests: Iterable[Manifest]) -> tuple[Silence, ...]:
    """What these manifests silence, sorted by name and rule."""
    named = sorted(manifests, key=lambda manifest: manifest.name)
    return tuple(
        Silence(manifest, rule, value["off"])
        for manifest in named
        for rule, value in sorted(manifest.spec.get("lint", {}).items())
    )


def levels_of(levels: Mapping[str, LintLevel], silences: Iterable[Silence]) -> LintLevels:
    """What counts: the project's levels, and what its manifests silence."""
    return LintLevels(levels, frozenset((silence.manifest.name, silence.rule) for silence in silences))


def with_levels(
    problems: Iterable[Problem], levels: LintLevels, manifests: Iterable[Manifest], silences: Iterable[Silence]
) -> Iterator[Problem]:
    """The problems at the levels that count, without what is off; and one for each silence that the project forbids."""
    names = {str(manifest): manifest.name for manifest in manifests}
    for problem in problems:
        if problem.rule not in LINT_RULES:
            yield problem
            continue
        level = levels.of(problem.rule, names.get(problem.subject, ""))
        if level is not LintLevel.OFF:
            yield replace(problem, level=Level(level.value))
    for silence in silences:
        if levels.of(silence.rule) is LintLevel.ERROR:
            yield silence.manifest.problem(
                f"the project sets {silence.rule} to error, so that no manifest can silence it",
                "not-to-be-silenced",
                path=("spec", "lint", silence.rule),
                fix="correct what it finds, or have spec.lint of the project file changed first",
            )
