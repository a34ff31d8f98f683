"""Saved plans to be shown, one or several as one: files and folders in, one plan out. Needs no network and no project.

A file that cannot be read as a plan, among others that can, is a target that could not be read: what it would have said
is unknown, and the others are shown all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.engine.load import load_project_only, match_names, project_file
from reconciler.engine.options import ProjectOptions, Surroundings
from reconciler.engine.saved_plan import read_file
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import (
    ConfigurationError,
    NothingToCompareError,
    Problem,
    ProblemsError,
    ReconcilerError,
    RefusedError,
)
from reconciler.plan.changes import Plan, UnreadTarget
from reconciler.plan.merge import NamedPlan, merge_plans
from reconciler.plan.saved import check_signature, parse_document, parse_plan, plan_key

Texts = Mapping[str, str | ReconcilerError]
"""The text of each file by its name, or why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan to be shown, and the files that were verified by the key of this environment."""

    plan: Plan
    verified: tuple[str, ...] = ()


def expand_files(paths: Sequence[Path], expected: Collection[str] = ()) -> list[Path]:
    """The files, and all `.json` and `.jsonl` files below the folders, sorted; a folder that holds none is an error,
    which names the targets that were `expected` of it."""
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        below = sorted(item for item in path.rglob("*") if item.suffix in (".json", ".jsonl") and item.is_file())
        if not below:
            error = f"{path}: there is no .json file in this folder: did the jobs keep their plans?"
            raise _nothing_to_show([ConfigurationError(error)], expected)
        found += below
    return found


def expected_targets(
    patterns: Collection[str], config: Path | None, base: str | None, here: Surroundings
) -> tuple[str, ...]:
    """The targets of the project file that must be planned; with a `base` those of that commit's, since a target that
    is new in a proposal is planned after the merge. ConfigurationError for a pattern that matches none.

    NothingToCompareError where the base has no project, so that the jobs of a proposal planned nothing.
    """
    if not patterns:
        return ()
    options = ProjectOptions(config=config)
    if not base:
        return match_names("--expect", patterns, load_project_only(options, here).project.targets)
    from reconciler.engine.base import find_project_path, read_base

    found = read_base(find_project_path(project_file(options, here), here), base, here)
    if found is None:
        raise NothingToCompareError(
            f"nothing to compare with yet: {base} has no project file here, so nothing of this proposal was planned"
        )
    return match_names("--expect", patterns, found.project.targets)


def merge_files(texts: Texts, expected: Collection[str], environ: Mapping[str, str]) -> Shown:
    """The plans in these files, by name, as one. A text that could not be read is its error.

    ConfigurationError for a single file that is no plan, and where none of several is one: it then names each file.
    """
    plans: list[NamedPlan] = []
    broken: dict[str, ReconcilerError] = {}
    verified = []
    for name, text in texts.items():
        try:
            plan, is_verified = _read(name, text, environ, alone=len(texts) == 1)
        except ReconcilerError as error:
            broken[name] = error
            continue
        plans.append(NamedPlan(name, plan))
        verified += [name] if is_verified else []
    if not plans:
        raise _nothing_to_show(list(broken.values()), expected)
    lost = [
        UnreadTarget(name, "", str(error).removeprefix(f"{name}: "), is_file=True) for name, error in broken.items()
    ]
    alone = len(texts) == 1 and not expected and bool(plans[0].plan.targets or plans[0].plan.unread)
    return Shown(plans[0].plan if alone else merge_plans(plans, lost, expected), tuple(verified))


def _read(name: str, text: str | ReconcilerError, environ: Mapping[str, str], *, alone: bool) -> tuple[Plan, bool]:
    """A plan, and whether it was verified by its key. One that does not hold is shown with a warning if it is `alone`;
    among others it would lend itself their credit, and is RefusedError."""
    if isinstance(text, ReconcilerError):
        raise text
    document = parse_document(text, name)
    plan = parse_plan(document, name)
    try:
        return plan, check_signature(document, plan_key(environ), name)
    except RefusedError as error:
        if not alone:
            raise
        return replace(plan, notes=(f"warning: {error}", *plan.notes)), False


def _nothing_to_show(errors: list[ReconcilerError], expected: Collection[str]) -> ReconcilerError:
    """What is wrong with each file; and which targets were expected of them."""
    problems = [Problem((), str(error)) for error in errors]
    if expected:
        problems.append(Problem((), f"nothing was planned of {', '.join(expected)}, which --expect names"))
    return errors[0] if len(problems) == 1 else ProblemsError(problems)


def read_texts(paths: Sequence[Path]) -> Texts:
    """The texts of these files."""
    texts: dict[str, str | ReconcilerError] = {}
    for path in paths:
        try:
            texts[str(path)] = read_file(path)
        except ConfigurationError as error:
            texts[str(path)] = error
    return texts
