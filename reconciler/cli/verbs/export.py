"""`reconciler export`: writes manifests of what is live, or a snapshot for plans without credentials. It only reads
targets."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import COMMON, CONNECTING, TARGET, option, options, prepared, run_async, takes
from reconciler.cli.publishing import published
from reconciler.cli.terminal import Screen, note, out, set_up_logging, show_json
from reconciler.engine.export import check_export, export_targets, take_snapshot, write_manifests
from reconciler.engine.load import Workspace
from reconciler.engine.options import ExportOptions
from reconciler.engine.read import split_targets
from reconciler.engine.run import list_objects
from reconciler.export.documents import Exported
from reconciler.model.text import plural


@click.command("export")
@options(COMMON, (TARGET,), CONNECTING)
@option("--owned", is_flag=True, help="Only what carries our mark (the default).")
@option("--all", "everything", is_flag=True, help="Also what carries no mark.")
@option(
    "--select", "patterns", multiple=True, help="Only what matches: kind=Slack*, name=oncall*, id=...; unmarked too."
)
@option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where to write, one file per object."
)
@option("--adopt", is_flag=True, help="Pin unmarked objects by spec.id, so that an apply takes them over.")
@option("--overwrite", is_flag=True, help="Overwrite existing files.")
@option("--snapshot", type=click.Path(path_type=Path, dir_okay=False), help="Write a snapshot for plan --against.")
@option(
    "--from-terraform",
    metavar="STATE",
    help="Only what this Terraform or OpenTofu state manages, under its names there (- for stdin).",
)
@takes(ExportOptions, Screen)
@published("export")
def command(options: ExportOptions, screen: Screen) -> int:
    """Write manifests of what is live, secrets as {live: true}; a plan of them then finds nothing to do."""
    set_up_logging(screen.verbose)
    check_export(options)
    run = prepared(options)
    targets = run_async(list_objects(run), len(run.workspace.targets))
    if options.snapshot:
        count = take_snapshot(run.workspace, targets, options.snapshot)
        note(f"{options.snapshot}: {plural(count, 'owned object')}, without secrets and recipients")
        return 0
    read, unread = split_targets(targets)
    exported = export_targets(run.workspace, read, options)
    for text in exported.notes:
        note(f"note: {text}")
    for target in unread:
        note(f"error: {target.problem}")
    _tell(run.workspace, exported, options, screen)
    return 1 if unread else 0


def _tell(workspace: Workspace, exported: Exported, options: ExportOptions, screen: Screen) -> None:
    """Write the manifests to the folder if one was given; else print them all."""
    if options.folder:
        written = write_manifests(workspace, exported, options.folder, overwrite=options.overwrite)
        for text in written.notes:
            note(f"note: {text}")
        unchanged = f", {written.unchanged} unchanged" if written.unchanged else ""
        note(f"{plural(len(written.paths), 'manifest')} written to {options.folder}{unchanged}")
    if screen.as_json:
        documents = [manifest.document for manifest in exported.manifests]
        show_json({"format": "reconciler.export/v1", "manifests": documents, "notes": list(exported.notes)})
    elif not options.folder:
        from reconciler.export.texts import render_manifest

        out("---\n".join(render_manifest(manifest) for manifest in exported.manifests) or "# nothing to export\n")
