"""What a run starts from: the project file, the manifests, the desired state, read once from disk."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.desired import Desired, build_desired
from reconciler.errors import ConfigurationError, Finding, FindingsError, Level, RefusedError
from reconciler.manifests import Loaded, Project, find_project, load_manifests, load_project
from reconciler.providers import ABILITIES
from reconciler.providers.base import Abilities
from reconciler.resources import Resource
from reconciler.secrets.settings import ENTRY_POINT_GROUP

__all__ = ["Selection", "Workspace", "load_project_only", "load_workspace"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run covers. Empty tuples mean everything; `files` replaces the project's manifests."""

    files: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    select: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether some of the project's manifests are left out, so that nothing may be pruned."""
        return bool(self.files or self.only or self.select)

    def as_scope(self) -> dict[str, object]:
        """The flags as a plan remembers them."""
        named = {"files": self.files, "targets": self.targets, "only": self.only, "select": self.select}
        return {name: sorted(value) for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Workspace:
    """A project on disk with its desired state. `root` is the project file's folder."""

    project: Project
    root: Path
    desired: Desired
    findings: tuple[Finding, ...]
    selection: Selection

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that the run covers, sorted."""
        return tuple(sorted(self.selection.targets or self.project.targets))

    def resources(self, target: str) -> Mapping[str, Resource]:
        """Everything desired on a target, selected or not."""
        return self.desired.resources[target]

    def selected(self, target: str) -> frozenset[str] | None:
        """The names that the run covers on a target; None for all."""
        if not (self.selection.only or self.selection.select):
            return None
        return frozenset(name for name, resource in self.resources(target).items() if self._is_selected(resource))

    def _is_selected(self, resource: Resource) -> bool:
        if self.selection.only and resource.name not in self.selection.only:
            return False
        wanted = (item.partition("=") for item in self.selection.select)
        return all(resource.labels.get(key) == value for key, _, value in wanted)

    def must_be_sound(self, *, strict: bool, allow_empty: bool) -> list[Finding]:
        """Raise all findings of level error (warnings too, if strict); the warnings that are left."""
        empty = [finding for finding in self.findings if finding.rule == "no-manifests"]
        findings = [finding for finding in self.findings if finding not in empty]
        errors = [finding for finding in findings if strict or finding.level is Level.ERROR]
        if errors:
            raise FindingsError(errors)
        if not self.desired.manifests and not allow_empty:
            raise RefusedError(
                "nothing left to manage: there is no manifest, so everything owned would be a prune candidate; "
                "check spec.manifests, or pass --allow-empty"
            )
        return [finding for finding in findings if finding.level is Level.WARNING]


def load_workspace(config: Path | None, selection: Selection) -> Workspace:
    """Read project and manifests. Findings are gathered, not raised, but for those of the project file."""
    path = config or find_project(Path.cwd())
    project = load_project(path)
    root = path.resolve().parent
    _check_names("--target", selection.targets, project.targets)
    loaded = _load(project, root, selection)
    abilities: dict[str, Abilities] = {
        name: ABILITIES[name]() for name in {t.provider for t in project.targets.values()}
    }
    desired = build_desired(loaded.manifests, project, abilities, partial=bool(selection.files), refused=loaded.refused)
    _check_names("--only", selection.only, desired.manifests)
    for item in selection.select:
        if "=" not in item:
            raise ConfigurationError(f"--select {item}: write a label and its value, as team=payments")
    findings = sorted([*loaded.findings, *desired.findings], key=lambda finding: finding.sort_key)
    return Workspace(project, root, desired, tuple(findings), selection)


def _load(project: Project, root: Path, selection: Selection) -> Loaded:
    """The manifests. Packages that bring secret sources are looked for only where a source is not known otherwise."""
    written = [item if item == "-" else Path.cwd() / item for item in selection.files]
    paths = written or [root / item for item in project.manifests]
    sources = frozenset(project.secrets.sources)
    loaded = load_manifests(paths, root=root, stdin=sys.stdin.buffer, known_sources=sources, defaults=project.defaults)
    if "-" in selection.files or not any(finding.rule == "unknown-source" for finding in loaded.findings):
        return loaded
    from importlib.metadata import entry_points

    brought = frozenset(point.name for point in entry_points(group=ENTRY_POINT_GROUP))
    return load_manifests(paths, root=root, known_sources=sources | brought, defaults=project.defaults)


def load_project_only(config: Path | None, selection: Selection) -> Workspace:
    """Read the project file but no manifest, for verbs that are about what is live."""
    path = config or find_project(Path.cwd())
    project = load_project(path)
    _check_names("--target", selection.targets, project.targets)
    nothing = Desired({name: {} for name in project.targets}, {})
    return Workspace(project, path.resolve().parent, nothing, (), selection)


def _check_names(flag: str, names: Iterable[str], known: Iterable[str]) -> None:
    from difflib import get_close_matches

    for name in names:
        if name not in known:
            close = get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(known)) or 'none'}"
            raise ConfigurationError(f"{flag} {name}: there is none of that name; {hint}")
