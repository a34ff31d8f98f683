"""Saved plans as files: written whole or not at all, read with a bound, and the flags that a plan holds within.

What a file says is believed only as far as it does no harm: what narrows a run counts from it; what widens or softens
counts if the file is verified by its key, or if the flag is given again.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.engine.load import is_named
from reconciler.engine.options import SCOPE, ApplyOptions, Effect
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, RefusedError
from reconciler.model.project import Project
from reconciler.model.text import few
from reconciler.plan.changes import Plan, TargetPlan
from reconciler.plan.saved import check_signature, parse_document, parse_plan, plan_document, plan_key, signed

MAX_BYTES = 64 * 2**20
"""The largest plan file that is read: 64 MiB, some hundred thousand changes."""

_SHAPING = frozenset({"files", "adopt", "destroy", "enable", "rewrite_secrets", "test_when"})
"""Options that widen or soften by changing what is planned; the others lift guards, which hold without them."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan that was read from the file `name`. `verified`: it is as somebody with the key signed it; `signed`: it
    carries a signature, verified or not."""

    plan: Plan
    name: str
    verified: bool
    signed: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the targets that it was made for, those that could not be read among them."""
        read, unread = self.plan.targets, self.plan.unread
        return (*(target.target for target in read), *(target.target for target in unread))

    @property
    def promises(self) -> dict[str, TargetPlan]:
        """What it says of each target; of one that could not be read, nothing."""
        nothing = {target.target: TargetPlan(target.target, target.provider) for target in self.plan.unread}
        return nothing | {target.target: target for target in self.plan.targets}


def write_plan(plan: Plan, path: Path, environ: Mapping[str, str]) -> None:
    """Write the plan, signed if there is a key. The file is whole or as it was, and only its owner may read it."""
    document = signed(plan_document(plan), plan_key(environ))
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    name = ""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            name = file.name
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise ConfigurationError(f"{path}: the plan cannot be written there: {error.strerror}") from None


def read_plan(path: Path, environ: Mapping[str, str]) -> SavedPlan:
    """A plan file, checked: ConfigurationError if it is not one, RefusedError if its signature does not hold."""
    name = str(path)
    document = parse_document(read_file(path), name)
    verified = check_signature(document, plan_key(environ), name)
    saved = SavedPlan(parse_plan(document, name), name, verified, "signature" in document)
    _check_scope(saved)
    return saved


def read_file(path: Path) -> str:
    """The text of a file that may be a plan, a journal or a snapshot; ConfigurationError if it cannot be one.

    Only a regular file has an end that can be known: a pipe may never be written, a device never stop.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ConfigurationError(f"{path}: is not a regular file: save its content in one, and pass that")
        if found.st_size > MAX_BYTES:
            raise ConfigurationError(f"{path}: is larger than {MAX_BYTES >> 20} MiB: that is not a plan; make it again")
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"{path}: is not UTF-8 text: it is not a plan, or it is damaged; make it again"
        ) from None


def with_scope(saved: SavedPlan, options: ApplyOptions) -> tuple[ApplyOptions, bool]:
    """The options of an apply with those that the plan was made with, and whether deletes are wanted by whoever runs it
    and not by the file alone. RefusedError for an option that contradicts the plan.

    What widens or softens is taken from the file only if it is verified: what changes the plan itself is then refused,
    and a guard's consent is left out, so that the guard holds. Commits are checked by `check_commits`.
    """
    scope = saved.plan.scope
    merged: dict[str, Any] = {"targets": _some_targets(saved, options.targets)}
    for name, rule in SCOPE.items():
        if rule.is_commit or name == "targets":
            continue
        given, within = getattr(options, name), rule.from_json(scope.get(name))
        if given != rule.default and rule.to_json(given) != rule.to_json(within):
            raise RefusedError(
                f"{rule.flag} contradicts the plan in {saved.name}, which was made "
                f"{'with another' if name in scope else 'without it'}: leave it out, or make the plan again"
            )
        if saved.verified or rule.effect is Effect.NARROWS or given == within:
            merged[name] = within
        elif name in _SHAPING:
            raise RefusedError(
                f"{saved.name}: was made with {rule.flag}, for which the file alone is not enough: give the flag "
                "again, or set the RECONCILER_PLAN_KEY that it was signed with"
            )
        elif name == "prune":
            merged[name] = within  # what it deletes is held unless the flag is given: the plan itself says so
    return replace(options, **merged), saved.verified or options.prune or options.destroy


def _some_targets(saved: SavedPlan, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The plan's targets that these patterns match, all where there are none: a plan may be applied in waves."""
    for pattern in patterns:
        if not any(is_named(name, [pattern]) for name in saved.targets):
            raise RefusedError(
                f"--target {pattern} contradicts the plan in {saved.name}, which has no such target; it has: "
                f"{few(saved.targets)}"
            )
    return tuple(name for name in saved.targets if not patterns or is_named(name, patterns))


def check_project(saved: SavedPlan, project: Project) -> None:
    """RefusedError if the plan was made for another project, owner, or for a target that is not there."""
    plan = saved.plan
    if (plan.project, plan.owner) != (project.name, project.owner):
        raise RefusedError(
            f"{saved.name}: was made for the project {plan.project} (owner {plan.owner}), and this is {project.name} "
            f"(owner {project.owner}): apply it to the project that it was made for"
        )
    missing = sorted(target for target in saved.targets if target not in project.targets)
    if missing:
        names = ", ".join(missing)
        raise RefusedError(f"{saved.name}: was made for the target {names}, which this project does not define")


def check_commits(saved: SavedPlan, commits: Mapping[str, str]) -> None:
    """RefusedError if an apply's `--base` or `--changed-since` is another commit than the plan's, by hash."""
    for name, commit in commits.items():
        if saved.plan.scope.get(name) != commit:
            raise RefusedError(
                f"{SCOPE[name].flag} contradicts the plan in {saved.name}, which was made with another commit or "
                "without it: leave it out, or make the plan again"
            )


def _check_scope(saved: SavedPlan) -> None:
    names = saved.targets
    if len(set(names)) != len(names):
        raise ConfigurationError(f"{saved.name}: is not a valid plan (a target appears twice): make it again")
    for option, value in saved.plan.scope.items():
        try:
            SCOPE[option].from_json(value)
        except (KeyError, ValueError):
            raise ConfigurationError(f"{saved.name}: is not a valid plan (at scope): make it again") from None
    if not names:
        raise ConfigurationError(f"{saved.name}: names no target, so there is nothing to apply: make it again")
