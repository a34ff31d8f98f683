"""From what was read to an export's files: manifests in a folder, or a snapshot. It never overwrites unasked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from reconciler.engine.load import Workspace
from reconciler.engine.options import ExportOptions
from reconciler.engine.plan import now
from reconciler.engine.read import ReadTarget, UnreadTarget, split_targets
from reconciler.engine.run import Run, list_objects
from reconciler.export.documents import Exported, export_manifests
from reconciler.export.objects import LiveTarget, Wanted
from reconciler.export.snapshot import snapshot_document
from reconciler.export.texts import render_manifest
from reconciler.model.errors import ConfigurationError, TargetError, UsageError
from reconciler.model.version import __version__


def export_targets(workspace: Workspace, targets: Iterable[ReadTarget], options: ExportOptions) -> Exported:
    """The manifests of what is live on these targets, as far as the options want it; UsageError for a bad pattern."""
    wanted = Wanted(options.everything, tuple(_pattern(text) for text in options.patterns))
    return export_manifests([_live_target(item) for item in targets], workspace.project, wanted, adopt=options.adopt)


async def export_live(run: Run, options: ExportOptions) -> Exported:
    """The manifests of what is live. TargetError if a target cannot be read; UsageError as `check_export`."""
    check_export(options)
    read, unread = split_targets(await list_objects(run))
    if unread:
        raise TargetError("; ".join(f"{target.name}: {target.error}" for target in unread))
    return export_targets(run.workspace, read, options)


def check_export(options: ExportOptions) -> None:
    """UsageError for options that contradict each other, before anything is read."""
    if options.snapshot and (options.everything or options.patterns or options.adopt or options.folder):
        raise UsageError("--snapshot holds what is owned, and stands alone: leave out the other flags")
    if options.owned and (options.everything or options.patterns):
        raise UsageError("--owned is the opposite of --all and --select: give one of them")
    for text in options.patterns:
        _pattern(text)


_WORDS = ("kind", "name", "id")


def _pattern(text: str) -> tuple[str, str]:
    word, equals, pattern = text.partition("=")
    if not equals or word not in _WORDS:
        raise UsageError(f"--select {text}: write kind=PATTERN, name=PATTERN or id=PATTERN")
    return word, pattern


def _live_target(target: ReadTarget) -> LiveTarget:
    """A target as it was read, in the export's words."""
    server, found = target.server, target.matching.found
    version = f" ({server.product} {server.version})" if server.version else ""
    aliases = {item.id: item.live.alias for item in found if item.live.alias}
    return LiveTarget(target.name, f"{target.name}{version}", target.ownership, found, aliases)


def write_manifests(exported: Exported, folder: Path, *, overwrite: bool) -> list[Path]:
    """One file for each object. Unless told to overwrite, a file that is there and differs stops all of it."""
    texts = {folder / f"{manifest.name}.yaml": render_manifest(manifest) for manifest in exported.manifests}
    if not overwrite:
        _refuse_overwriting(texts.items())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    return list(texts)


def _refuse_overwriting(texts: Iterable[tuple[Path, str]]) -> None:
    there = [path for path, text in texts if path.exists() and path.read_text("utf-8", errors="replace") != text]
    if there:
        names = ", ".join(str(path) for path in there[:5]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
        raise ConfigurationError(
            f"{len(there)} files are there already, with other content: {names}; nothing was written: "
            "choose another --dir, or pass --overwrite"
        )


def take_snapshot(workspace: Workspace, targets: Iterable[ReadTarget | UnreadTarget], path: Path) -> int:
    """Write the snapshot of all targets; how many objects it holds. A target that could not be read spoils it."""
    read, unread = split_targets(targets)
    if unread:
        errors = "; ".join(f"{item.name}: {item.error}" for item in unread)
        raise ConfigurationError(f"no snapshot was written, since a target could not be read: {errors}")
    document = snapshot_document(
        workspace.project.owner,
        now(workspace.here.environ),
        [(_live_target(item), item.abilities.provider, item.server) for item in read],
        __version__,
    )
    try:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
    return sum(len(target["objects"]) for target in document["targets"])
