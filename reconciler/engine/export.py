"""From what was read to an export's files: manifests in a folder, or a snapshot. It never overwrites unasked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from reconciler.engine.live import ReadTarget
from reconciler.engine.load import Workspace
from reconciler.engine.options import ExportOptions
from reconciler.engine.plan import now
from reconciler.engine.read import split_targets
from reconciler.engine.run import Run, list_objects
from reconciler.engine.terraform import names_of, read_terraform, state_notes
from reconciler.export.documents import Exported, export_manifests
from reconciler.export.merging import merge_with, says_the_same
from reconciler.export.objects import LiveTarget, Wanted, known_words
from reconciler.export.snapshot import snapshot_document
from reconciler.export.texts import ManifestDocument, render_manifest
from reconciler.manifests.documents import Document, parse_documents
from reconciler.manifests.load import load_manifests
from reconciler.manifests.manifest import Manifest
from reconciler.model import __version__
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, TargetError, UsageError
from reconciler.model.provider import Abilities
from reconciler.model.text import plural, printable, suggest
from reconciler.plan.changes import UnreadTarget
from reconciler.providers import provided


def export_targets(workspace: Workspace, targets: Iterable[ReadTarget], options: ExportOptions) -> Exported:
    """The manifests of the live objects on these targets that the options select. UsageError for a bad pattern,
    ConfigurationError if patterns match nothing, or if a file is not a Terraform state."""
    targets = list(targets)
    state = read_terraform(workspace, options.from_terraform) if options.from_terraform else None
    wanted = Wanted(options.everything, tuple(_pattern(text) for text in options.patterns), names_of(state, targets))
    places = [_live_target(item) for item in targets]
    abilities: dict[str, Abilities] = {
        name: provided(name).abilities() for name in {target.provider for target in workspace.project.targets.values()}
    }
    exported = export_manifests(places, workspace.project, wanted, abilities, adopt=options.adopt or state is not None)
    lacking = (f"{item.target}: {item.server.incomplete}" for item in targets if item.server.incomplete)
    exported = replace(
        exported, notes=(*exported.notes, *(f"this is not everything that is live on {one}" for one in lacking))
    )
    if state is not None:
        return replace(exported, notes=(*exported.notes, *state_notes(state, targets)))
    if wanted.patterns and places and not (exported.manifests or exported.notes):
        given = " ".join(f"--select {word}={pattern}" for word, pattern in wanted.patterns)
        raise ConfigurationError(f"{given}: nothing live matches; {_hint(places, wanted)}")
    return exported


async def export_live(run: Run, options: ExportOptions) -> Exported:
    """The manifests of what is live. TargetError if a target cannot be read; UsageError as `check_export`."""
    check_export(options)
    read, unread = split_targets(await list_objects(run))
    if unread:
        raise TargetError("; ".join(f"{target.target}: {target.error}" for target in unread))
    return export_targets(run.workspace, read, options)


def check_export(options: ExportOptions) -> None:
    """UsageError for options that contradict each other, before anything is read."""
    if options.snapshot and (options.everything or options.patterns or options.adopt or options.folder):
        raise UsageError("--snapshot takes what is owned, and cannot be combined with other flags: leave them out")
    if options.from_terraform and (options.snapshot or options.owned or options.everything or options.patterns):
        raise UsageError("--from-terraform says what to export: leave out --all, --owned, --select and --snapshot")
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
    """A target that was read, in the form that the export takes."""
    server, found = target.server, target.matching.found
    version = f" ({server.product} {server.version})" if server.version else ""
    aliases = {item.id: item.live.alias for item in found if item.live.alias}
    return LiveTarget(target.target, f"{target.target}{version}", target.ownership, found, aliases)


@dataclass(frozen=True, slots=True)
class Written:
    """The files that were written, the number of manifests that were already up to date, and what was not written."""

    paths: tuple[Path, ...]
    unchanged: int
    notes: tuple[str, ...]


def _hint(places: list[LiveTarget], wanted: Wanted) -> str:
    words = known_words(places, wanted.patterns[0][0])
    return suggest(wanted.patterns[0][1], words) or f"known: {', '.join(map(printable, words[:12])) or 'none'}"


def write_manifests(workspace: Workspace, exported: Exported, folder: Path, *, overwrite: bool) -> Written:
    """One file for each object, or the file that holds its manifest already, which keeps what only a person can know.
    Unless overwriting is allowed, an existing file that differs stops the whole export."""
    loaded = _load_written(workspace, folder)
    texts: dict[Path, str] = {}
    notes: list[str] = []
    unchanged = 0
    for manifest in exported.manifests:
        there = loaded.get(manifest.name)
        if there is None:
            texts[folder / f"{manifest.name}.yaml"] = render_manifest(manifest)
        elif says_the_same(merged := merge_with(manifest, there), there):
            unchanged += 1
        elif why := _keeps_its_file(manifest, there, workspace):
            notes.append(f"{manifest.name} is not written: {why}")
        else:
            texts[Path(there.source.file)] = render_manifest(merged)
    _refuse_overwriting(texts, exported, loaded, overwrite=overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    return Written(tuple(texts), unchanged, tuple(notes))


def _load_written(workspace: Workspace, folder: Path) -> dict[str, Manifest]:
    """The manifests that the project, or the folder, holds already, by name."""
    paths = [workspace.root / item for item in workspace.project.manifests]
    project = workspace.project
    loaded = load_manifests(
        [path for path in (*paths, workspace.here.folder / folder) if path.exists()],
        root=workspace.root,
        known_sources=frozenset(project.secrets.sources),
        defaults=project.defaults,
    )
    return {manifest.name: manifest for manifest in loaded.manifests}


def _keeps_its_file(exported: ManifestDocument, there: Manifest, workspace: Workspace) -> str:
    """Why the manifest that is there cannot be written over; "" if it can."""
    location = there.source.location()
    if there.kind != exported.kind:
        return f"{location} is a {there.kind}of that name, but the live object is a {exported.kind}"
    if sum(isinstance(item, Document) for item in parse_documents(there.source.read())) > 1:
        return f"{location} holds other manifests too: put it into a file of its own, or edit it there"
    default = workspace.project.default_targets
    lost = set(there.spec.get("targets", default)) - set(exported.document["spec"].get("targets", default))
    return f"{location} is for {', '.join(sorted(lost))} too, where it was not found" if lost else ""


def _refuse_overwriting(
    texts: Mapping[Path, str], exported: Exported, loaded: Mapping[str, Manifest], *, overwrite: bool
) -> None:
    names = {manifest.name for manifest in exported.manifests}
    others = {Path(item.source.file).absolute(): item for name, item in loaded.items() if name not in names}
    for path in texts:
        if other := others.get(path.absolute()):
            raise ConfigurationError(f"{path}: holds {other}; nothing was written: choose another --dir")
    differing = [path for path, text in texts.items() if path.exists() and _differs(path, text)]
    if differing and not overwrite:
        shown = ", ".join(str(path) for path in differing[:5])
        shown += f" and {len(differing) - 5} more" if len(differing) > 5 else ""
        raise ConfigurationError(
            f"{plural(len(differing), 'file')} already there, with other content: {shown}; nothing was written: "
            "choose another --dir, or pass --overwrite"
        )


def _differs(path: Path, text: str) -> bool:
    return path.read_text("utf-8", errors="replace") != text


def take_snapshot(workspace: Workspace, targets: Iterable[ReadTarget | UnreadTarget], path: Path) -> int:
    """Write the snapshot of all targets; how many objects it holds. A target that could not be read spoils it."""
    read, unread = split_targets(targets)
    if unread:
        errors = "; ".join(f"{item.target}: {item.error}" for item in unread)
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
