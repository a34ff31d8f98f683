"""Paths -> checked manifests, and all problems of all of them at once.

Here the steps are put together: find files, parse, check against the schema, lint, look for names that occur twice. A
file or document that cannot be used is a problem and does not stop the others; only too much to read raises.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from reconciler.manifests.documents import Document, parse_documents
from reconciler.manifests.files import STDIN, Budget, FileError, Found, find_files, in_yaml, label_of, read_text
from reconciler.manifests.lint import lint_manifest, lint_spec
from reconciler.manifests.manifest import Manifest, Source, check_manifest, located, subject_of
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Level, Location, Problem
from reconciler.model.kinds import API_VERSION, KINDS
from reconciler.model.text import printable

_NO_LABELS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Loaded:
    """The manifests that can be used, and all problems, sorted by location.

    `refused` holds the names of manifests that exist but cannot be used, so that a reference to one is not called
    dangling. `others` counts the documents of other tools, by kind.
    """

    manifests: tuple[Manifest, ...]
    problems: tuple[Problem, ...] = ()
    refused: frozenset[str] = frozenset()
    others: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """A YAML or JSON text that was read elsewhere; problems name `name` in place of a file."""

    name: str
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Given:
    """Gives a text that was read already."""

    content: str

    def __call__(self) -> str:
        return self.content


@dataclass()
class _Loading:
    """What one call of `load_manifests` or `load_texts` has found so far."""

    known_sources: frozenset[str]
    defaults: Mapping[str, Mapping[str, Any]]
    manifests: list[Manifest] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    others: Counter[str] = field(default_factory=Counter)
    budget: Budget = field(default_factory=Budget)


def load_manifests(
    paths: Sequence[Path | str],
    *,
    root: Path,
    stdin: IO[bytes] | IO[str] | None = None,
    known_sources: frozenset[str] = frozenset(),
    defaults: Mapping[str, Mapping[str, Any]] | None = None,
    boundary: Path | None = None,
) -> Loaded:
    """The manifests in files (YAML or JSON), in folders with all below them, and on stdin (`-`).

    Relative paths start at `root`. `known_sources` are the secret sources that the project defines; `defaults` are its
    defaults by kind, whose fields a manifest may omit. A project file found in a folder is left out. For `boundary` see
    `find_files`. Raises only TooMuchError, if there is more than a run may read.
    """
    loading = _Loading(known_sources, defaults or {})
    read_text.cache_clear()
    with _without_collector():
        for found in find_files(paths, root, stdin, loading.budget, boundary):
            if isinstance(found, Found):
                _load_file(found, loading)
            else:
                label, unreadable = found
                loading.problems.append(unreadable.problem.in_file(label))
    if not (loading.manifests or loading.problems):
        loading.problems.append(_nothing(paths, root))
    return _loaded(loading)


def load_texts(
    texts: Sequence[Text],
    *,
    known_sources: frozenset[str] = frozenset(),
    defaults: Mapping[str, Mapping[str, Any]] | None = None,
) -> Loaded:
    """Like `load_manifests`, for texts that were read elsewhere; but no manifest at all is no problem here."""
    loading = _Loading(known_sources, defaults or {})
    with _without_collector():
        for text in texts:
            _load_file(Found(text.name, _Given(in_yaml(text.content))), loading)
    return _loaded(loading)


def _loaded(loading: _Loading) -> Loaded:
    unique = _unique(loading)
    problems = sorted(loading.problems, key=lambda problem: problem.sort_key)
    return Loaded(tuple(unique), tuple(problems), frozenset(loading.refused), dict(sorted(loading.others.items())))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Without the garbage collector, which would scan all the values again and again though all are kept."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _load_file(found: Found, loading: _Loading) -> None:
    try:
        text = found.read()
    except FileError as unreadable:
        loading.problems.append(unreadable.problem.in_file(found.label))
        return
    loading.budget.spend("characters", len(text))
    for document in parse_documents(text, loading.budget):
        if isinstance(document, Document):
            loading.budget.spend("documents")
            _load_document(document, found, loading)
        else:
            loading.problems.append(document.in_file(found.label))


def _load_document(document: Document, found: Found, loading: _Loading) -> None:
    value = document.value
    if found.in_folder and isinstance(value, dict) and value.get("kind") == "Project":
        return
    if _is_list_of_ours(value):
        problem = Problem(("kind",), _LIST, "unknown-kind", _LIST_FIX)
        loading.problems.append(located(problem, Source.of(found.label, found.read, document), value))
        return
    if other := _other_tool(value, found):
        loading.others[other] += 1
        return
    source = Source.of(found.label, found.read, document)
    kind = value.get("kind") if isinstance(value, dict) else None
    supplied = frozenset(loading.defaults.get(kind, ())) if isinstance(kind, str) and loading.defaults else frozenset()
    shape = check_manifest(value, supplied)
    rules = [*shape, *_lint(value, shape, loading.known_sources, supplied)]
    problems = [problem.in_file(found.label, subject_of(value)) for problem in document.problems]
    reported = {problem.location for problem in problems}
    loading.budget.spend("problems", len(rules))
    for rule in rules:
        loading.budget.spend("problems", 0)  # checks the deadline, since locating each problem takes time
        problem = located(rule, source, value)
        problems += [problem] if problem.location not in reported else []
    loading.problems += problems
    if all(problem.level is Level.WARNING for problem in problems):
        loading.manifests.append(_manifest(value, source))
    else:
        loading.refused |= _name_of(value)


def _lint(
    value: Any, problems: Sequence[Problem], known_sources: frozenset[str], supplied: frozenset[str]
) -> Iterator[Problem]:
    """The lint problems: all of them for a manifest that passed its schema, else those of secrets in the fields that
    did."""
    if not problems:
        yield from lint_manifest(value, known_sources, supplied)
        return
    spec = value.get("spec") if isinstance(value, dict) else None
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(spec, dict) or not isinstance(kind, str) or kind not in KINDS:
        return
    paths = [problem.path for problem in problems]
    unsound = {path[1] for path in paths if len(path) > 1 and path[0] == "spec"}
    sound = {name: item for name, item in spec.items() if name not in unsound}
    yield from lint_spec(kind, sound, ("spec",), known_sources)


_OURS = API_VERSION.partition("/")[0]
_KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})


def _other_tool(value: Any, found: Found) -> str:
    """The kind of a document that is for another tool, such as a Deployment; "" for one that should be a manifest.

    One of our kinds under another apiVersion is a mistake to report, so it counts as a manifest."""
    if not isinstance(value, dict):
        return ""
    if found.in_folder and found.label.rpartition("/")[2] in _KUSTOMIZATIONS:
        return "Kustomization"
    kind, version = value.get("kind"), value.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str) or not kind or kind in (*KINDS, "Project"):
        return ""
    return "" if version.partition("/")[0] == _OURS else printable(kind)


_LIST = "a List is not supported: a document holds one manifest"
_LIST_FIX = (
    "write each of its items as a document of its own: `kubectl get gitopschannels -o yaml | yq '.items[] | split_doc'`"
)


def _is_list_of_ours(value: Any) -> bool:
    """Whether a document is a List as `kubectl get -o yaml` prints it, with at least one of our kinds in it."""
    items = value.get("items") if isinstance(value, dict) and value.get("kind") == "List" else None
    return isinstance(items, list) and any(
        isinstance(item, dict) and str(item.get("apiVersion")).partition("/")[0] == _OURS for item in items
    )


def _manifest(document: Mapping[str, Any], source: Source) -> Manifest:
    metadata = document["metadata"]
    return Manifest(
        kind=document["kind"],
        name=metadata["name"],
        labels=metadata.get("labels") or _NO_LABELS,
        spec=document["spec"],
        source=source,
    )


def _name_of(document: Any) -> set[str]:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return {name} if isinstance(name, str) else set()


def _unique(loading: _Loading) -> list[Manifest]:
    """The manifests whose name no other has; each of the rest gets a problem that names another one of that name."""
    by_name: dict[str, list[Manifest]] = {}
    for manifest in loading.manifests:
        by_name.setdefault(manifest.name, []).append(manifest)
    if len(by_name) == len(loading.manifests):
        return loading.manifests
    for name, group in by_name.items():
        if len(group) > 1:
            loading.refused.add(name)
            for index, manifest in enumerate(group):
                loading.problems.append(_same_name(manifest, group[index - 1 if index else 1]))
    return [group[0] for group in by_name.values() if len(group) == 1]


def _same_name(manifest: Manifest, other: Manifest) -> Problem:
    message = f"another manifest has this name: {other.kind} at {other.source.location('metadata', 'name')}"
    fix = "a name is unique in the project, whatever the kind"
    return manifest.problem(message, "duplicate-name", path=("metadata", "name"), fix=fix)


def _nothing(paths: Sequence[Path | str], root: Path) -> Problem:
    label = STDIN if paths and str(paths[0]) == "-" else label_of(root / paths[0] if paths else root)
    fix = "write a manifest there, or correct spec.manifests or --file"
    return Problem((), "there is no manifest", "no-manifests", fix, location=Location(label))
