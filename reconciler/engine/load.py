"""What a run starts from: the project file, the manifests, the desired state, read once from disk; and which of it the
run covers: names with globs, labels, and an error for what matches nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.engine.options import Selection
from reconciler.manifests.files import in_yaml
from reconciler.manifests.lint import Silence, levels_of, silences_of, with_levels
from reconciler.manifests.load import Loaded, Text, load_manifests, load_texts
from reconciler.manifests.load_project import find_project, load_project, load_project_text
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, Level, Problem, ProblemsError, RefusedError
from reconciler.model.lint import LintLevels
from reconciler.model.project import Project
from reconciler.model.provider import Abilities
from reconciler.model.resource import Resource
from reconciler.model.text import few, plural, suggest
from reconciler.plan.desired import Desired, build_desired
from reconciler.providers import provided, settings_of

if TYPE_CHECKING:
    from reconciler.engine.options import ManifestOptions, ProjectOptions, Surroundings
    from reconciler.secrets.bounds import Bounds


@dataclass(frozen=True, slots=True)
class Workspace:
    """A project on disk with its desired state. `root` is the project file's folder.

    `levels` are those of the lint rules, and `silences` what manifests silence of them;
    `others` counts the documents that are not for this tool, by what they are.
    `base` is what a commit wanted on each target, if origins are wanted; `commits` are the hashes of the commits
    that flags named, by flag. `bounds` hold a proposal under `--base`, and `notes` say what it changes of the project
    file.
    """

    project: Project
    root: Path
    desired: Desired
    here: Surroundings
    problems: tuple[Problem, ...]
    selection: Selection
    levels: LintLevels = field(default_factory=LintLevels)
    silences: tuple[Silence, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    base: Mapping[str, Mapping[str, Resource]] | None = None
    commits: Mapping[str, str] = field(default_factory=dict)
    bounds: Bounds | None = None
    notes: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that the run covers, sorted."""
        patterns = self.selection.targets
        return tuple(sorted(name for name in self.project.targets if not patterns or is_named(name, patterns)))

    @property
    def skipped(self) -> Iterator[str]:
        """What was left out of the manifests, a line each."""
        for target, count in sorted((self.desired.skipped or {}).items()):
            yield f"{count} for target {target}, which belongs to another project file, skipped"
        if self.others:
            what = ", ".join(f"{count} {kind}" for kind, count in self.others.items())
            yield f"{plural(sum(self.others.values()), 'document')} for other tools skipped: {what}"
        if count := self.for_the_operator:
            yield f"spec.operator of {plural(count, 'document')} is for the operator alone: only its form was checked"

    @property
    def for_the_operator(self) -> int:
        """The number of documents with settings for the operator, which the command line ignores."""
        project = self.project.operator is not None
        return project + sum("operator" in manifest.spec for manifest in self.desired.manifests.values())

    def resources(self, target: str) -> Mapping[str, Resource]:
        """Everything desired on a target, selected or not."""
        return self.desired.resources[target]

    def selected(self, target: str) -> frozenset[str] | None:
        """The names that the run covers on a target; None for all."""
        if not (self.selection.chosen or self.selection.select or self.selection.exclude):
            return None
        resources = self.resources(target).items()
        return frozenset(name for name, resource in resources if is_selected(resource, self.selection))

    def must_be_sound(self, *, strict: bool, allow_empty: bool) -> list[Problem]:
        """Raise all problems of level error (and warnings, if strict); returns the remaining warnings."""
        empty = [problem for problem in self.problems if problem.rule == "no-manifests"]
        problems = [problem for problem in self.problems if problem not in empty]
        errors = [problem for problem in problems if strict or problem.level is Level.ERROR]
        if errors:
            raise ProblemsError(errors)
        if not self.desired.manifests and not allow_empty:
            raise RefusedError(
                "nothing left to manage: there is no manifest, so everything owned would be a prune candidate; "
                "check spec.manifests; if this is intended, pass --allow-empty to plan or apply"
            )
        return [problem for problem in problems if problem.level is Level.WARNING]


def load_workspace(options: ManifestOptions | ProjectOptions, here: Surroundings) -> Workspace:
    """Read project and manifests. Problems are gathered, not raised, but for those of the project file."""
    path = project_file(options, here)
    return build_workspace(load_project(path, settings_of), path.resolve().parent, options.selection, here)


def project_file(options: ProjectOptions, here: Surroundings) -> Path:
    """The project file that a run is about; ConfigurationError if there is none."""
    return here.folder / options.config if options.config is not None else find_project(here.folder)


def build_workspace(
    project: Project, root: Path, selection: Selection, here: Surroundings, *, boundary: Path | None = None
) -> Workspace:
    """The workspace of a project that was read already; its manifests are below `root`.

    With a `boundary` no path and no link of the project leads out of that folder.
    """
    return _built(project, root, selection, here, _load(project, root, selection, here, boundary))


def workspace_of(project: Text, manifests: Sequence[Text], here: Surroundings) -> Workspace:
    """The workspace of a project whose documents were read elsewhere, as from a cluster. No file is looked at.

    `spec.manifests` is not used. Problems are gathered, not raised, but for those of the project itself.
    """
    read = load_project_text(in_yaml(project.content), project.name, settings_of)
    known_sources = frozenset(read.secrets.sources)
    loaded = load_texts(manifests, known_sources=known_sources, defaults=read.defaults)
    return _built(read, here.folder, Selection(), here, loaded)


def _built(project: Project, root: Path, selection: Selection, here: Surroundings, loaded: Loaded) -> Workspace:
    targets = match_names("--target", selection.targets, project.targets) or tuple(project.targets)
    abilities: dict[str, Abilities] = {
        name: provided(name).abilities() for name in {t.provider for t in project.targets.values()}
    }
    desired = build_desired(loaded.manifests, project, abilities, partial=bool(selection.files), refused=loaded.refused)
    silences = silences_of(loaded.manifests)
    levels = levels_of(project.lint, silences)
    found = [*project.warnings, *loaded.problems, *desired.problems]
    problems = sorted(with_levels(found, levels, loaded.manifests, silences), key=lambda problem: problem.sort_key)
    if all(problem.level is Level.WARNING for problem in problems):  # else nobody knows what there is to select
        check_selection(selection, desired, targets)
    return Workspace(project, root, desired, here, tuple(problems), selection, levels, silences, loaded.others)


def _load(project: Project, root: Path, selection: Selection, here: Surroundings, boundary: Path | None) -> Loaded:
    written = [item if item == "-" else here.folder / item for item in selection.files]
    return load_manifests(
        written or [root / item for item in project.manifests],
        root=root,
        stdin=here.stdin,
        known_sources=frozenset(project.secrets.sources),
        defaults=project.defaults,
        boundary=None if written else boundary,  # a flag is not the proposal's
    )


def load_project_only(options: ProjectOptions, here: Surroundings) -> Workspace:
    """Read the project file but no manifest, for verbs that are about what is live."""
    path = project_file(options, here)
    project = load_project(path, settings_of)
    match_names("--target", options.targets, project.targets)
    nothing = Desired({name: {} for name in project.targets}, {})
    levels = levels_of(project.lint, ())
    warnings = tuple(with_levels(project.warnings, levels, (), ()))
    return Workspace(project, path.resolve().parent, nothing, here, warnings, options.selection, levels)


def check_names(flag: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            hint = suggest(name, sorted(known)) or f"known: {', '.join(sorted(known)) or 'none'}"
            raise ConfigurationError(f"{flag} {name}: nothing has this name; {hint}")


def match_names(flag: str, patterns: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """The known names that the patterns of a flag match, sorted; ConfigurationError for a pattern that matches none.
    `flag` is "" for names that a verb takes without one."""
    found: set[str] = set()
    for pattern in patterns:
        matching = {name for name in known if fnmatchcase(name, pattern)}
        if not matching:
            what = "nothing matches this pattern" if set(pattern) & set("*?[") else "nothing has this name"
            written = f"{flag} {pattern}".lstrip()
            raise ConfigurationError(f"{written}: {what}; {_hint(pattern, known)}")
        found |= matching
    return tuple(sorted(found))


def is_selected(resource: Resource, selection: Selection) -> bool:
    """Whether a run covers a resource."""
    if selection.chosen and not is_named(resource.name, selection.chosen):
        return False
    if is_named(resource.name, selection.exclude):
        return False
    labels = (item.partition("=") for item in selection.select)
    return all(resource.labels.get(key) == value for key, _, value in labels)


def is_named(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns matches a name."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def check_selection(selection: Selection, desired: Desired, targets: Iterable[str]) -> None:
    """ConfigurationError if a run would cover nothing although there are manifests: that is not a success."""
    match_names("", selection.names, desired.manifests)
    match_names("--only", selection.only, desired.manifests)
    labels = {f"{key}={value}" for item in desired.manifests.values() for key, value in item.labels.items()}
    for item in selection.select:
        if "=" not in item:
            raise ConfigurationError(f"--select {item}: write a label and its value, such as team=payments")
        if item not in labels:
            raise ConfigurationError(f"--select {item}: no manifest has this label; {_hint(item, labels)}")
    if not (selection.chosen or selection.select or selection.exclude) or not desired.manifests:
        return
    targets = list(targets)
    if not any(is_selected(item, selection) for target in targets for item in desired.resources[target].values()):
        raise ConfigurationError(
            f"nothing is selected: no manifest for {', '.join(sorted(targets))} matches all of {_given(selection)}"
        )


def check_excluded(selection: Selection, desired: Desired) -> None:
    """ConfigurationError for an exclusion that matches nothing: after a typo, a run would cover more than intended."""
    match_names("--exclude", selection.exclude, desired.manifests)


def _hint(written: str, known: Collection[str]) -> str:
    return suggest(written, known) or f"known: {few(sorted(known)) or 'none'}"


def _given(selection: Selection) -> str:
    flags = (("--only", selection.only), ("--select", selection.select), ("--exclude", selection.exclude))
    return ", ".join([*selection.names, *(f"{flag} {item}" for flag, items in flags for item in items)])
