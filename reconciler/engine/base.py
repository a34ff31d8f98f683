"""The project as a commit has it: what `--base` trusts, and what origins are told against.

A pull request may change every file of the work tree. Under `--base REF` the targets, with their credentials, and the
secret sources are therefore those of the project file at REF, and so are the files that they name.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.engine.load import build_workspace
from reconciler.engine.options import Selection, Surroundings
from reconciler.git import Commit, Repository
from reconciler.manifests.load_project import load_project_text
from reconciler.model.errors import ConfigurationError, FindingsError, RefusedError
from reconciler.model.project import Project
from reconciler.model.resource import Resource


@dataclass(frozen=True, slots=True)
class Base:
    """A project at a commit: its project file, and what it wanted on each target."""

    commit: Commit
    ref: str
    project: Project
    resources: Mapping[str, Mapping[str, Resource]]


def find_commit(config: Path, ref: str) -> Commit:
    """The commit that a flag names, in the repository of the project file."""
    return Repository.around(config.resolve().parent).commit(ref)


def read_base(config: Path, ref: str, here: Surroundings) -> Base:
    """The project at a commit. Manifests that were not usable then count as not there; a project file that was not
    is an error."""
    path = config.resolve()
    commit = find_commit(config, ref)
    inside = path.relative_to(commit.repository.root.resolve()).as_posix()
    former = commit.former_path(inside)
    text = commit.read(former)
    if text is None:
        raise ConfigurationError(
            f"{inside} is not there at {ref}: there is nothing to compare with, leave the flag out"
        )
    project = _project(text, f"{ref}:{former}")
    with tempfile.TemporaryDirectory(prefix="reconciler-base-") as name:
        folder = Path(name).resolve()
        root = folder / Path(former).parent
        root.mkdir(parents=True, exist_ok=True)
        commit.write_files(_below(folder, [root / item for item in project.manifests]), folder)
        manifests = [item for item in project.manifests if (root / item).exists()]
        at_commit = project.model_copy(update={"manifests": tuple(manifests)})
        workspace = build_workspace(at_commit, root, Selection(), here)
    return Base(commit, ref, project, workspace.desired.resources)


def trusted_project(now: Project, root: Path, base: Base) -> tuple[Project, list[str]]:
    """The project with targets and secret settings of the commit, and in words what the work tree would change.

    `root` is the project file's folder. RefusedError if a file that those settings name is not as the commit has it.
    """
    then = base.project
    _refuse_changed_files(root, base)
    project = now.model_copy(
        update={
            "targets": then.targets,
            "secrets": then.secrets,
            "known_targets": (*now.known_targets, *(name for name in now.targets if name not in then.targets)),
        }
    )
    notes = [*_target_notes(now, then, base.ref)]
    if now.secrets != then.secrets:
        notes.append(f"spec.secrets is not as at {base.ref}: the settings of {base.ref} are used")
    return project, notes


def _project(text: bytes, label: str) -> Project:
    try:
        return load_project_text(text.decode("utf-8-sig"), label)
    except UnicodeDecodeError:
        raise ConfigurationError(f"{label}: is not text in UTF-8") from None
    except FindingsError as error:
        raise ConfigurationError(f"the project file of that commit cannot be used:\n{error}") from None


def _below(folder: Path, paths: list[Path]) -> list[str]:
    """Paths in the repository; what lies outside of it is not in any commit."""
    inside = [Path(os.path.normpath(path)) for path in paths]
    return [path.relative_to(folder).as_posix() for path in inside if path.is_relative_to(folder)]


def _target_notes(now: Project, then: Project, ref: str) -> Iterator[str]:
    for name in sorted({*now.targets, *then.targets}):
        if name not in then.targets:
            yield f"spec.targets.{name} is not there at {ref}: it is left out of this plan"
        elif name not in now.targets:
            yield f"spec.targets.{name} was removed since {ref}: it is still planned"
        elif now.targets[name] != then.targets[name]:
            yield f"spec.targets.{name} is not as at {ref}: the settings of {ref} are used"


def _refuse_changed_files(root: Path, base: Base) -> None:
    top = base.commit.repository.root.resolve()
    named = [Path(os.path.normpath(root / name)) for name in _named_files(base.project)]
    inside = [path.relative_to(top).as_posix() for path in named if path.is_relative_to(top) and path != top]
    changed = base.commit.differing(inside)
    if changed:
        raise RefusedError(
            f"{', '.join(changed)}: used to reach targets or secrets, and not as at {base.ref}: such a change has to "
            f"be in {base.ref} before a plan can use it"
        )


def _named_files(project: Project) -> Iterator[str]:
    """Files that the settings of targets and secrets name: authorities, certificates, keys, words of commands."""
    for target in project.targets.values():
        certificate = target.auth.client_cert if target.auth else None
        names = [target.tls.ca_file, *([certificate.cert_file, certificate.key_file] if certificate else [])]
        yield from (name for name in names if name)
    for source in project.secrets.sources.values():
        yield from (word for word in source.exec if not word.startswith("-") and "\0" not in word)


_SHOWN = 10  # characters of a commit's hash


def refuse_unless_head(folder: Path, branch: str) -> None:
    """RefusedError unless the commit around the folder is the tip of the branch, at `origin` where there is one."""
    repository = Repository.around(folder)
    here, tip = repository.commit("HEAD").hash, repository.tip(branch)
    if not tip:
        raise ConfigurationError(f"--if-head {branch}: git knows no such branch")
    if here != tip:
        raise RefusedError(
            f"--if-head {branch}: this is {here[:_SHOWN]}, and the branch is at {tip[:_SHOWN]} by now: "
            "nothing was written; the newer commit's own run applies it"
        )
