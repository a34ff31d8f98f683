"""`reconciler export`: what is live -> manifests, or a snapshot for plans without credentials. It only reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, option, options
from reconciler.cli.terminal import note, out, show_json
from reconciler.engine.export import live_target, read_everything, take_snapshot, write_manifests
from reconciler.engine.load import Selection, Workspace, load_project_only
from reconciler.engine.read import Live
from reconciler.export.documents import Exported, export_manifests
from reconciler.export.objects import Wanted

_WORDS = ("kind", "name", "id")


@click.command("export")
@options(COMMON, CONNECTING)
@option("--target", "targets", multiple=True, help="Only these targets of the project.")
@option("--owned", is_flag=True, help="Only what bears our mark (the default).")
@option("--all", "everything", is_flag=True, help="Also what bears no mark.")
@option(
    "--select", "patterns", multiple=True, help="Only what matches: kind=Slack*, name=oncall*, id=...; unmarked too."
)
@option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where to write, one file per object."
)
@option("--adopt", is_flag=True, help="Pin unmarked objects by spec.id, so that an apply takes them over.")
@option("--overwrite", is_flag=True, help="Write over files that are there.")
@option("--snapshot", type=click.Path(path_type=Path, dir_okay=False), help="Write a snapshot for plan --against.")
def command(config: Path | None, targets: tuple[str, ...], **flags: Any) -> int:
    """Write manifests of what is live, secrets as {live: true}; a plan of them then finds nothing to do."""
    set_up_logging(flags["verbose"])
    if flags["snapshot"] and (flags["everything"] or flags["patterns"] or flags["adopt"] or flags["folder"]):
        raise click.UsageError("--snapshot holds what is owned, and stands alone: leave out the other flags")
    if flags["owned"] and (flags["everything"] or flags["patterns"]):
        raise click.UsageError("--owned is the opposite of --all and --select: give one of them")
    wanted = Wanted(flags["everything"], tuple(_pattern(text) for text in flags["patterns"]))
    workspace = load_project_only(config, Selection(targets=targets))
    lives = read_everything(workspace, flags)
    if flags["snapshot"]:
        count = take_snapshot(workspace, lives, flags["snapshot"])
        note(f"{flags['snapshot']}: {count} owned object{'s' * (count != 1)}, without secrets and recipients")
        return 0
    return _export(workspace, lives, wanted, flags)


def _pattern(text: str) -> tuple[str, str]:
    word, equals, pattern = text.partition("=")
    if not equals or word not in _WORDS:
        raise click.UsageError(f"--select {text}: write kind=PATTERN, name=PATTERN or id=PATTERN")
    return word, pattern


def _export(workspace: Workspace, lives: list[Live], wanted: Wanted, flags: dict[str, Any]) -> int:
    read = [live_target(live) for live in lives if not live.plan.error]
    exported = export_manifests(read, workspace.project, wanted, adopt=flags["adopt"])
    for text in exported.notes:
        note(f"note: {text}")
    errors = [f"{live.plan.target}: {live.plan.error}" for live in lives if live.plan.error]
    for error in errors:
        note(f"error: {error}")
    _tell(exported, flags)
    return 1 if errors else 0


def _tell(exported: Exported, flags: dict[str, Any]) -> None:
    """Files where a folder is given, else everything on stdout."""
    if flags["as_json"]:
        documents = [manifest.document for manifest in exported.manifests]
        show_json({"format": "reconciler.export/v1", "manifests": documents, "notes": list(exported.notes)})
    if flags["folder"]:
        paths = write_manifests(exported, flags["folder"], overwrite=flags["overwrite"])
        note(f"{len(paths)} manifest{'s' * (len(paths) != 1)} written to {flags['folder']}")
    elif not flags["as_json"]:
        from reconciler.export.texts import render_manifest

        out("---\n".join(render_manifest(manifest) for manifest in exported.manifests) or "# nothing to export\n")
