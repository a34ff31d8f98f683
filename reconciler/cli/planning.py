"""What `plan`, `apply`, `drift` and their like share: from flags to a plan of all targets, and its exit code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler import __version__
from reconciler.cli.live import Live, ReadOptions
from reconciler.cli.terminal import note
from reconciler.cli.workspace import Selection, Workspace, load_workspace
from reconciler.errors import ConfigurationError, RefusedError
from reconciler.guards import GuardOptions
from reconciler.plan import Plan, PlanOptions
from reconciler.resources import When

__all__ = ["Flags", "assemble", "load_sound", "plan_exit_code", "read_options"]

Flags = Mapping[str, Any]
"""The parsed flags of a verb, by parameter name."""


def load_sound(flags: Flags) -> Workspace:
    """The workspace that the flags select; all findings are raised, warnings noted. Misused flags are refused."""
    selection = Selection(flags["files"], flags["targets"], flags["only"], flags["select"])
    if flags.get("prune") and selection.is_partial:
        raise RefusedError(
            "--prune needs all manifests: it is refused together with -f, --only and --select; --target is fine"
        )
    workspace = load_workspace(flags["config"], selection)
    for finding in workspace.must_be_sound(strict=flags["strict"], allow_empty=flags.get("allow_empty", False)):
        note(f"warning: {finding}")
    for target, skipped in sorted((workspace.desired.skipped or {}).items()):
        note(f"note: {skipped} for target {target}, which is another project file's, skipped")
    return workspace


def read_options(workspace: Workspace, flags: Flags, *, must_resolve: bool) -> ReadOptions:
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
        ),
        adopt=flags.get("adopt", False),
        must_resolve=must_resolve or flags["strict"],
        parallelism=flags.get("parallelism"),
        timeout=flags.get("timeout"),
    )


def assemble(workspace: Workspace, lives: list[Live], flags: Flags, environ: Mapping[str, str]) -> Plan:
    """The plan of all targets that were read."""
    if flags.get("prune") and any(live.plan.error for live in lives):
        raise RefusedError(
            "--prune is refused, since a target could not be read: "
            + "; ".join(f"{live.plan.target}: {live.plan.error}" for live in lives if live.plan.error)
        )
    chosen = {name: flags[name] for name in ("prune", "adopt", "rewrite_secrets", "test_when") if flags.get(name)}
    return Plan(
        project=workspace.project.name,
        owner=workspace.project.owner,
        targets=tuple(live.plan for live in lives),
        scope=workspace.selection.as_scope() | chosen,
        created_at=_now(environ),
        tool_version=__version__,
    )


def _now(environ: Mapping[str, str]) -> str:
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
