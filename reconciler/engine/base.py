"""The project as a commit has it: what `--base` trusts, and what origins are derived from.

A pull request may change every file of the work tree. Under `--base REF` the targets with their credentials, the
secret sources, the safety and lint rules are therefore those of the project file at REF, and so are the files that
they name. Where REF has no such project file nothing is trusted: a file moved or a second project of the same checkout
must not stand in for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from reconciler.checkout import Checkout, started_in
from reconciler.engine.load import build_workspace
from reconciler.engine.options import Selection, Surroundings
from reconciler.git import Commit, Repository, Tree
from reconciler.manifests.load_project import load_project_text
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, ProblemsError, RefusedError
from reconciler.model.fields import rows
from reconciler.model.project import Project
from reconciler.model.resource import Resource
from reconciler.providers import settings_of
from reconciler.secrets.bounds import Bounds

_TRUSTED = ("targets", "secrets", "safety", "lint")
"""What of a project file counts only as the base has it."""

_SHOWN_FIRST = ("owner", "former_owners", "id_prefix", "defaults", "test", "manifests")
"""Settings that a proposal may change although they affect ownership or tests: a change of them is shown first."""

_QUIET = frozenset({"defaults", "manifests"})
"""Settings that are shown by name only, since a default may contain a secret."""


@dataclass(frozen=True, slots=True)
class ProjectPath:
    """A project file in a checkout: `path` is its path from the top, as people name it, links not followed."""

    checkout: Checkout
    path: str

    @property
    def folder(self) -> str:
        """The project's folder from the top; "" for the top itself."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Base:
    """A project at a commit: its project file, what it wanted on each target, and what bounds a proposal to it."""

    commit: Commit
    ref: str
    project: Project
    resources: Mapping[str, Mapping[str, Resource]]
    bounds: Bounds


def find_project_path(config: Path, here: Surroundings) -> ProjectPath:
    """Where a project file is in the checkout around the folder in which the command was started.

    ConfigurationError if it is not in there, or leads out of it or into git's own folder by a link.
    """
    started = started_in(here.folder, here.environ)
    checkout = Checkout.around(started)
    written = Path(os.path.normpath(started / config))
    if not written.is_relative_to(checkout.top):  # the way to the top is a link, and `config` was found without it
        real = Path(os.path.realpath(written.parent)) / written.name
        top = Path(os.path.realpath(checkout.top))
        if not real.is_relative_to(top):
            raise ConfigurationError(f"{config} is not in the repository {checkout.top}, where --base is looked up")
        written = checkout.top / real.relative_to(top)
    path = written.relative_to(checkout.top)
    found = Path(os.path.realpath(written))
    if not checkout.holds(found) or ".git" in {step.casefold() for step in (*path.parts, *found.parts)}:
        raise ConfigurationError(
            f"{config} is a link that leads out of the repository: put the project file itself there"
        )
    return ProjectPath(checkout, path.as_posix())


def read_base(where: ProjectPath, ref: str, here: Surroundings) -> Base | None:
    """The project at a commit; None if it has none there. Manifests that were not usable then count as not there; a
    project file that was not is an error."""
    repository = Repository(where.checkout, here.environ)
    commit = repository.commit(ref)
    text = commit.read(where.path)
    if text is None:
        return None
    project, tree = _project(text, f"{ref}:{where.path}"), Tree(commit)
    files = _Files(commit, tree)
    bounds = Bounds(where.checkout, where.folder, ref, repository.tracked(), files, here.environ)
    return Base(commit, ref, project, _resources(project, where, tree, here), bounds)


@dataclass(frozen=True, slots=True)
class _Files:
    """The base's files, as secret sources ask for them."""

    commit: Commit
    tree: Tree

    def read(self, path: str) -> bytes | None:
        return self.commit.read(path)

    def part(self, paths: Iterable[str]) -> Path:
        return self.tree.part(paths)

    def whole(self) -> Path:
        return self.tree.whole()


def _resources(
    project: Project, where: ProjectPath, tree: Tree, here: Surroundings
) -> Mapping[str, Mapping[str, Resource]]:
    """What a project wanted, built from the commit's files alone."""
    named = [os.path.normpath(f"{where.folder or '.'}/{item}") for item in project.manifests]
    inside = [path for path in named if not path.startswith(("..", "/"))]
    root = tree.part(inside) / where.folder
    manifests = [item for item in project.manifests if (root / item).exists()]
    at_commit = replace(project, manifests=tuple(manifests))
    return build_workspace(at_commit, root, Selection(), here, boundary=tree.folder).desired.resources


def trusted_project(now: Project, base: Base) -> Project:
    """The project with all that is trusted as the commit has it; targets that are new are left for after the merge."""
    then = base.project
    trusted = {row.name: getattr(then, row.name) for row in rows(Project) if row.name in _TRUSTED}
    added = tuple(name for name in now.targets if name not in then.targets)
    return replace(now, **trusted, known_targets=(*now.known_targets, *added))


def changes_since(now: Project, base: Base, environ: Mapping[str, str]) -> list[str]:
    """Lines on what a proposal changes in the project file, the most important first, and other notes."""
    then, ref = base.project, base.ref
    return [
        *_shown_first(now, then, ref),
        *_target_notes(now, then, ref),
        *(
            f"spec.{name} differs from {ref}: the settings of {ref} are used"
            for name in _TRUSTED[1:]
            if getattr(now, name, None) != getattr(then, name, None)
        ),
        *(
            f"{name} is a path inside the checkout, which a proposal can change: use one outside of it"
            for name in base.bounds.checkout.untrusted_settings(environ)
        ),
    ]


def _shown_first(now: Project, then: Project, ref: str) -> Iterator[str]:
    for name in _SHOWN_FIRST:
        before, after = getattr(then, name), getattr(now, name)
        if before != after:
            values = "" if name in _QUIET else f": {_shown(before)} -> {_shown(after)}"
            yield f"spec.{name} has changed since {ref}{values}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {item}" for name, item in value.items()) or "none"
    return str(value or "none")


def _project(text: bytes, label: str) -> Project:
    try:
        return load_project_text(text.decode("utf-8-sig"), label, settings_of)
    except UnicodeDecodeError:
        raise ConfigurationError(f"{label}: is not UTF-8 text") from None
    except ProblemsError as error:
        raise ConfigurationError(f"the project file of that commit cannot be used:\n{error}") from None


def _target_notes(now: Project, then: Project, ref: str) -> Iterator[str]:
    for name in sorted({*now.targets, *then.targets}):
        if name not in then.targets:
            yield f"spec.targets.{name} does not exist at {ref}: it is planned after the merge"
        elif name not in now.targets:
            yield f"spec.targets.{name} was removed since {ref}: it is still planned"
        elif now.targets[name] != then.targets[name]:
            yield f"spec.targets.{name} differs from {ref}: the settings of {ref} are used"


_SHOWN = 10  # characters of a commit's hash


def refuse_unless_head(folder: Path, branch: str, environ: Mapping[str, str]) -> None:
    """RefusedError unless the commit around the folder is the tip of the branch, at `origin` where there is one."""
    repository = Repository(Checkout.around(folder), environ)
    here, tip = repository.head(), repository.tip(branch)
    if not tip:
        raise ConfigurationError(f"--if-head {branch}: git does not know this branch")
    if here != tip:
        raise RefusedError(
            f"--if-head {branch}: this is {here[:_SHOWN]}, but the branch is at {tip[:_SHOWN]} by now: "
            "nothing was written; the newer commit's own run applies it"
        )
