"""Drift that is to stay: what is live, written into the manifests, as a patch to review. It writes no file itself."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.engine.load import Workspace, match_names
from reconciler.export.editing import REMOVED, Edit, NotEditableError, edit_document
from reconciler.manifests.documents import Document, parse_documents
from reconciler.manifests.files import STDIN
from reconciler.manifests.manifest import Manifest, check_manifest
from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import KINDS, Role
from reconciler.model.masking import Json
from reconciler.plan.diff import FieldChange
from reconciler.plan.origin import Drift, Drifted


@dataclass(frozen=True, slots=True)
class Accepted:
    """The new texts of files, by their names, the old ones, and what of the drift is not in them: why not. Not
    `all_compared`: more may have drifted."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    refused: tuple[str, ...]
    all_compared: bool

    @property
    def patch(self) -> str:
        """All of it as a unified diff, for `git apply` and `patch -p1` in the folder of the run."""
        return "".join(_patch(file, self.before[file], text) for file, text in sorted(self.after.items()))


@dataclass(frozen=True, slots=True)
class _Found:
    """A field that moved on a target, with what is live, as a manifest has it."""

    target: str
    path: tuple[str, ...]
    value: Any


def accept_drift(workspace: Workspace, drift: Drift, patterns: Iterable[str]) -> Accepted:
    """What is live of these resources (names, with globs), in their manifests. ConfigurationError for a name that none
    has. A secret is never among it."""
    names = match_names("--accept", patterns, workspace.desired.manifests)
    refused: list[str] = []
    edits: dict[str, list[tuple[Manifest, list[Edit]]]] = defaultdict(list)
    for name in names:
        manifest = workspace.desired.manifests[name]
        found: list[_Found] = []
        for item in (item for item in drift.moved if item.change.name == name):
            for value in _found(item):
                if isinstance(value, _Found):
                    found.append(value)
                else:
                    refused.append(f"{item.target}: {manifest}: {value}")
        if found and manifest.source.file == STDIN:
            refused.append(f"{manifest}: came from standard input, where nothing can be written")
        elif found:
            edits[manifest.source.file].append((manifest, list(_edits(manifest, found, workspace))))
    before = {file: changes[0][0].source.read() for file, changes in edits.items()}
    after: dict[str, str] = {}
    for file, changes in edits.items():
        text, wrong = _edited(before[file], changes)
        refused += wrong
        if text != before[file]:
            after[file] = text
    gaps = {gap.name for target in drift.plan.targets for gap in target.not_compared}
    all_compared = not drift.plan.problems and gaps.isdisjoint({"", *names})  # a list that is incomplete has no name
    return Accepted(before, after, tuple(refused), all_compared)


def _found(item: Drifted) -> Iterator[_Found | str]:
    """What is live, field by field, or why it cannot be accepted."""
    if item.is_missing:
        yield "is not live: to accept that, remove its manifest"
        return
    kind = KINDS[item.change.kind]
    fields = {field.name: field for field in kind.fields}
    for change in item.change.fields:
        where = f"spec.{'.'.join(change.path)}"
        if change.path[0] not in fields:
            yield f"{change.path[0]} is kept in the mark, and not in a manifest: apply writes it"
        elif change.secret or isinstance(change.before, dict):
            yield f"{where}: a secret is never written down: change it where it is kept, or use {{live: true}}"
        elif lost := [name for name in _names(change, fields[change.path[0]].role) if name.startswith("id:")]:
            yield f"{where}: live refers to {', '.join(lost)}, which no manifest describes: export it first"
        else:
            yield _Found(item.target, change.path, _written(change.before, fields[change.path[0]].role))


def _names(change: FieldChange, role: Role) -> list[str]:
    if role not in (Role.REFERENCE, Role.REFERENCES):
        return []
    return [str(item) for item in (change.before if isinstance(change.before, list) else [change.before])]


def _written(value: Json, role: Role) -> Any:
    """A live value as a manifest has it; REMOVED for what is not there."""
    if value is None:
        return REMOVED
    if role is Role.REFERENCES and isinstance(value, list):
        parts = [str(item).partition(":") for item in value]
        return [{word: rest} if colon else word for word, colon, rest in parts]
    return value


def _edits(manifest: Manifest, found: list[_Found], workspace: Workspace) -> Iterator[Edit]:
    """Where each value belongs: to `spec` if it is so on all of the manifest's targets, else to `overrides`."""
    everywhere = {name for name, resources in workspace.desired.resources.items() if manifest.name in resources}
    overrides: Mapping[str, Mapping[str, Any]] = manifest.spec.get("overrides", {})
    by_path: dict[tuple[str, ...], dict[str, Any]] = defaultdict(dict)
    for item in found:
        by_path[item.path][item.target] = item.value
    for path, values in by_path.items():
        overridden = any(path[0] in override for override in overrides.values())
        first, *others = values.values()
        if not overridden and values.keys() == everywhere and all(other == first for other in others):
            yield Edit(("spec", *path), first)
            continue
        for target, value in values.items():
            yield Edit(("spec", "overrides", target, *path), None if value is REMOVED else value)


def _edited(text: str, changes: list[tuple[Manifest, list[Edit]]]) -> tuple[str, list[str]]:
    """A file's text with the edits of its documents, from the last to the first, so that their places hold."""
    refused: list[str] = []
    for manifest, edits in sorted(changes, key=lambda change: -change[0].source.start):
        source = manifest.source
        try:
            new = edit_document(text[source.start : source.end], edits)
        except NotEditableError:
            refused.append(f"{manifest}: shares values with other places through YAML anchors: edit it by hand")
            continue
        if wrong := _problems(new):
            refused.append(f"{manifest}: what is live does not make a valid manifest: {'; '.join(wrong)}")
        else:
            text = text[: source.start] + new + text[source.end :]
    return text, refused


def _problems(text: str) -> list[str]:
    (document,) = (item for item in parse_documents(text) if isinstance(item, Document))
    return [problem.text for problem in check_manifest(document.value)]


def _patch(file: str, before: str, after: str) -> str:
    name = file.lstrip("/")
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
