"""Checks whether exported manifests pass `validate`: with the same checks, on the texts that would be written."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.export.texts import ManifestDocument, render_manifest
from reconciler.manifests.load import load_manifests
from reconciler.manifests.manifest import Manifest
from reconciler.model.errors import Level, Problem
from reconciler.model.project import Project
from reconciler.model.provider import Abilities
from reconciler.plan.desired import build_desired


def find_unsound(
    manifests: Iterable[ManifestDocument], project: Project, abilities: Mapping[str, Abilities]
) -> dict[str, str]:
    """What is wrong with each manifest that `validate` would refuse, by name. `abilities` is by provider."""
    wrong: dict[str, list[Problem]] = {}
    usable: list[Manifest] = []
    names: dict[str, str] = {}
    for manifest in manifests:
        names[f'{manifest.kind} "{manifest.name}"'] = manifest.name
        loaded = load_manifests(
            ["-"],
            root=Path(),
            stdin=io.StringIO(render_manifest(manifest)),
            known_sources=frozenset(project.secrets.sources),
            defaults=project.defaults,
        )
        errors = [problem for problem in loaded.problems if problem.level is Level.ERROR]
        if errors:
            wrong[manifest.name] = errors
        usable += loaded.manifests
    desired = build_desired(usable, project, abilities, refused=frozenset(wrong))
    for problem in desired.problems:
        if problem.level is Level.ERROR:
            wrong.setdefault(names[problem.subject], []).append(problem)
    return {name: "; ".join(dict.fromkeys(map(_words, problems))) for name, problems in wrong.items()}


def _words(problem: Problem) -> str:
    return f"{problem.field}: {problem.message}" if problem.field else problem.message
