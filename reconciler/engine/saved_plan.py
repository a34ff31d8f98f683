"""Saved plans as files: written whole or not at all, read with a bound, and the flags that a plan holds within.

What a file says is believed only as far as it does no harm: flags that lift a guard count if the file is verified.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.model.errors import ConfigurationError, RefusedError
from reconciler.model.project import Project
from reconciler.plan.changes import Plan
from reconciler.plan.saved import check_signature, parse_document, parse_plan, plan_document, plan_key, signed

MAX_BYTES = 64 * 2**20
"""The largest plan file that is read: 64 MiB, some hundred thousand changes."""

_LISTS, _TEXTS, _SWITCHES, _NUMBERS = (list, ()), (str, None), (bool, False), (int, None)
_SELECTING = dict.fromkeys(("files", "targets", "only", "select"), _LISTS)
_PLANNING = {"prune": _SWITCHES, "adopt": _SWITCHES, "rewrite_secrets": _SWITCHES, "test_when": _TEXTS}
_LIFTING = {"allow_replace": _SWITCHES, "allow_empty": _SWITCHES, "allow_in_use": _LISTS, "max_deletes": _NUMBERS}
_COMMITS = {"base": _TEXTS, "changed_since": _TEXTS}
_SCOPE = _SELECTING | _PLANNING | _LIFTING | _COMMITS


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan that was read from the file `name`. `verified`: it is as somebody with the key signed it; `signed`: it
    bears a signature, verified or not."""

    plan: Plan
    name: str
    verified: bool
    signed: bool = False


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
    """The text of a file that may be a plan; ConfigurationError if it cannot be one."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(f"{path}: is larger than {MAX_BYTES >> 20} MiB: that is no plan, make it again")
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not text in UTF-8: it is no plan, or damaged; make it again") from None


def with_scope(saved: SavedPlan, flags: Mapping[str, Any]) -> dict[str, Any]:
    """The flags of an apply with those that the plan was made with; RefusedError for one that contradicts them.

    Guards are lifted by the file only if it is verified; commits are checked where the repository is known.
    """
    scope = saved.plan.scope
    merged = dict(flags)
    for flag, (_, default) in (_SELECTING | _PLANNING | _LIFTING).items():
        given, within = flags.get(flag, default), _value(scope, flag)
        if given != default and _plain(given) != _plain(within):
            raise RefusedError(
                f"--{_written(flag)} contradicts the plan in {saved.name}, which was made "
                f"{'with another' if flag in scope else 'without it'}: leave it out, or make the plan again"
            )
        if saved.verified or flag not in _LIFTING:
            merged[flag] = within
    merged["targets"] = tuple(target.target for target in saved.plan.targets)
    merged["prune_confirmed"] = saved.verified or bool(flags.get("prune"))
    return merged


def check_project(saved: SavedPlan, project: Project) -> None:
    """RefusedError if the plan was made for another project, owner, or for a target that is not there."""
    plan = saved.plan
    if (plan.project, plan.owner) != (project.name, project.owner):
        raise RefusedError(
            f"{saved.name}: was made for the project {plan.project} (owner {plan.owner}), and this is {project.name} "
            f"(owner {project.owner}): apply it where it was made for"
        )
    missing = sorted(target.target for target in plan.targets if target.target not in project.targets)
    if missing:
        raise RefusedError(f"{saved.name}: was made for the target {', '.join(missing)}, which this project has not")


def check_commits(saved: SavedPlan, commits: Mapping[str, str]) -> None:
    """RefusedError if an apply's `--base` or `--changed-since` is another commit than the plan's, by hash."""
    for flag, commit in commits.items():
        if saved.plan.scope.get(flag) != commit:
            raise RefusedError(
                f"--{_written(flag)} contradicts the plan in {saved.name}, which was made with another commit or "
                "without it: leave it out, or make the plan again"
            )


def _check_scope(saved: SavedPlan) -> None:
    names = [target.target for target in saved.plan.targets]
    if len(set(names)) != len(names):
        raise ConfigurationError(f"{saved.name}: is not a valid plan (a target is there twice): make it again")
    for flag, value in saved.plan.scope.items():
        kind = _SCOPE.get(flag, (type(None), None))[0]
        sound = type(value) is kind and (not isinstance(value, list) or all(isinstance(item, str) for item in value))
        if not sound:
            raise ConfigurationError(f"{saved.name}: is not a valid plan (at scope): make it again")


def _value(scope: Mapping[str, Any], flag: str) -> Any:
    value = scope.get(flag, _SCOPE[flag][1])
    return tuple(value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, tuple) else value


def _written(flag: str) -> str:
    return {"files": "file", "targets": "target"}.get(flag, flag.replace("_", "-"))
