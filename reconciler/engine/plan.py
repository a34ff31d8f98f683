"""What `plan`, `apply`, `drift` and their like share: from flags to a plan of all targets, and its exit code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import __version__
from reconciler.engine.load import Selection, Workspace, build_workspace, check_names
from reconciler.engine.read import Live, ReadOptions
from reconciler.manifests.load_project import find_project, load_project
from reconciler.model.errors import ConfigurationError, RefusedError
from reconciler.model.resource import When
from reconciler.plan.changes import Plan
from reconciler.plan.guards import GuardOptions
from reconciler.plan.make import PlanOptions

if TYPE_CHECKING:
    from reconciler.engine.saved_plan import SavedPlan

_FORMS_THAT_NAME_A_COMMIT = ("out", "as_json", "summary", "comment")

Flags = Mapping[str, Any]
"""The parsed flags of a verb, by parameter name."""

_SCOPE_FLAGS = (
    "prune",
    "adopt",
    "rewrite_secrets",
    "test_when",
    "allow_replace",
    "allow_empty",
    "allow_in_use",
    "max_deletes",
)


def load_sound(flags: Flags) -> tuple[Workspace, list[str]]:
    """The workspace that the flags select, and what is to be noted about it; all findings are raised. Misused flags are
    refused."""
    selection = Selection(flags["files"], flags["targets"], flags["only"], flags["select"])
    if flags.get("prune") and selection.is_partial:
        raise RefusedError(
            "--prune needs all manifests: it is refused together with -f, --only and --select; --target is fine"
        )
    workspace, notes = _load(flags, selection)
    for finding in workspace.must_be_sound(strict=flags["strict"], allow_empty=flags.get("allow_empty", False)):
        notes.append(f"warning: {finding}")
    for target, skipped in sorted((workspace.desired.skipped or {}).items()):
        notes.append(f"note: {skipped} for target {target}, which is another project file's, skipped")
    return workspace, notes


def _load(flags: Flags, selection: Selection) -> tuple[Workspace, list[str]]:
    """The workspace and notes; with `--base` its targets and secret settings are those of that commit."""
    config = flags["config"] or find_project(Path.cwd())
    project, root = load_project(config), config.resolve().parent
    base, since = flags.get("base"), flags.get("changed_since")
    if not (base or since):
        return build_workspace(project, root, selection), []
    from reconciler.engine.base import read_base, trusted_project

    commits: dict[str, str] = {}
    gathered: list[str] = []
    origins = {}
    for flag, ref in (("base", base), ("changed_since", since)):
        if ref:
            found = read_base(config, ref)
            commits[flag], origins = found.commit.hash, dict(found.resources)
            if flag == "base":
                project, notes = trusted_project(project, root, found)
                gathered.extend(f"note: {words}" for words in notes)
    return replace(build_workspace(project, root, selection), base=origins, commits=commits), gathered


def read_options(
    workspace: Workspace, flags: Flags, *, must_resolve: bool, saved: SavedPlan | None = None
) -> ReadOptions:
    """How to read and plan, from flags and the project's safety rules."""
    safety = workspace.project.safety
    when = flags.get("test_when")
    return ReadOptions(
        plan=PlanOptions(
            prune=flags.get("prune", False),
            when=When(when) if when else None,
            rewrite_secrets=flags.get("rewrite_secrets", False),
        ),
        guards=GuardOptions(
            max_deletes=safety.max_deletes,
            max_delete_percent=safety.max_delete_percent,
            max_deletes_flag=flags.get("max_deletes"),
            allow_replace=flags.get("allow_replace", False),
            allow_in_use=frozenset(flags.get("allow_in_use", ())),
            prune_confirmed=flags.get("prune_confirmed", True),
        ),
        adopt=flags.get("adopt", False),
        must_resolve=must_resolve or flags["strict"],
        parallelism=flags.get("parallelism"),
        timeout=flags.get("timeout"),
        intent_only=bool(flags.get("changed_since")),
        saved={target.target: target for target in saved.plan.targets} if saved else None,
        assumed=_assumed(workspace, flags.get("assume_version", ())),
    )


def _assumed(workspace: Workspace, written: tuple[str, ...]) -> dict[str, str]:
    """`X=3.8` as a target and a version."""
    pairs = dict(item.partition("=")[::2] for item in written)
    check_names("--assume-version", pairs, workspace.project.targets)
    for target, version in pairs.items():
        if not re.fullmatch(r"[0-9]+(\.[0-9]+){0,2}", version):
            raise ConfigurationError(f"--assume-version {target}: write a target and a version, as {target}=3.8")
    return pairs


def assemble(workspace: Workspace, lives: list[Live], flags: Flags, environ: Mapping[str, str]) -> Plan:
    """The plan of all targets that were read."""
    if flags.get("prune") and any(live.plan.error for live in lives):
        raise RefusedError(
            "--prune is refused, since a target could not be read: "
            + "; ".join(f"{live.plan.target}: {live.plan.error}" for live in lives if live.plan.error)
        )
    given = {name: flags.get(name) for name in _SCOPE_FLAGS}
    chosen = {name: _plain(value) for name, value in given.items() if value or (value == 0 and value is not False)}
    return Plan(
        project=workspace.project.name,
        owner=workspace.project.owner,
        targets=tuple(live.plan for live in lives),
        scope={**workspace.selection.as_scope(), **chosen, **workspace.commits},
        created_at=now(environ),
        commit=_commit(workspace, flags),
        tool_version=__version__,
    )


def message_limit(workspace: Workspace, flags: Flags) -> int:
    """How many recipients an apply may send test messages to."""
    limit: int | None = flags["max_messages"]
    return workspace.project.safety.max_messages if limit is None else limit


def _commit(workspace: Workspace, flags: Flags) -> str:
    """The commit that a plan names; asking git takes a process, which a plan that only passes on a screen can spare."""
    if flags.get("output") == "text" and not any(flags.get(name) for name in _FORMS_THAT_NAME_A_COMMIT):
        return ""
    from reconciler.git import head_commit

    return head_commit(workspace.root)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, tuple) else value


def now(environ: Mapping[str, str]) -> str:
    """When a plan was made; SOURCE_DATE_EPOCH fixes it, so that the same inputs give the same bytes."""
    epoch = environ.get("SOURCE_DATE_EPOCH", "")
    if epoch and not epoch.isdigit():
        raise ConfigurationError("SOURCE_DATE_EPOCH is not a number of seconds")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.isoformat(timespec="seconds")


def plan_exit_code(plan: Plan, *, detailed: bool) -> int:
    """1 if a target could not be read or a resource not planned, 3 if it is somebody else's, 2 for changes if asked."""
    refusals = [refusal for target in plan.targets for refusal in target.refusals]
    if any(target.error for target in plan.targets) or any(not refusal.foreign for refusal in refusals):
        return 1
    if refusals:
        return 3
    return 2 if detailed and not plan.is_empty else 0
