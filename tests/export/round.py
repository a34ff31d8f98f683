"""A whole round: what is live -> manifests -> files -> desired state -> the plan, which must be empty."""

from __future__ import annotations

from pathlib import Path

from reconciler.engine.read import read_and_plan
from reconciler.export.documents import Exported, export_manifests
from reconciler.export.objects import LiveTarget, Wanted
from reconciler.export.texts import render_manifest
from reconciler.manifests.load import load_manifests
from reconciler.manifests.load_project import load_project_text
from reconciler.model.errors import Level
from reconciler.model.project import Project
from reconciler.model.provider import Provider
from reconciler.model.resource import Server
from reconciler.plan.changes import TargetPlan
from reconciler.plan.desired import build_desired
from reconciler.plan.make import make_target_plan
from reconciler.plan.marks import Matching, Ownership
from reconciler.plan.match import read_found
from reconciler.providers import settings_of
from tests.plan.builders import MASKER

PROJECT = """apiVersion: channels.gitops/v1
kind: Project
metadata: {{name: acme}}
spec:
  default_targets: [here]
  targets: {{here: {{provider: {provider}}}}}
"""


async def export_of(provider: Provider, ownership: Ownership, wanted: Wanted, *, adopt: bool = False) -> Exported:
    """What an export of the target gives."""
    listing = await provider.read_all()
    found = tuple(read_found(item) for item in listing.objects)
    aliases = {item.id: item.alias for item in listing.objects if item.alias}
    place = LiveTarget("here", "here", ownership, found, aliases)
    abilities = {provider.abilities.provider: provider.abilities}
    return export_manifests([place], _project(provider), wanted, abilities, adopt=adopt)


def _project(provider: Provider) -> Project:
    return load_project_text(PROJECT.format(provider=provider.abilities.provider), "reconciler.yaml", settings_of)


async def plan_of_export(provider: Provider, ownership: Ownership, exported: Exported, folder: Path) -> TargetPlan:
    """Write the manifests, read them again as `plan` does, and plan. AssertionError for any problem."""
    for manifest in exported.manifests:
        (folder / f"{manifest.name}.yaml").write_text(render_manifest(manifest), "utf-8")
    loaded = load_manifests([folder], root=folder)
    assert not loaded.problems, "\n".join(map(str, loaded.problems))
    abilities = {provider.abilities.provider: provider.abilities}
    desired = build_desired(loaded.manifests, _project(provider), abilities)
    errors = [problem for problem in desired.problems if problem.level is Level.ERROR]
    assert not errors, "\n".join(map(str, errors))

    def make_plan(server: Server, matching: Matching) -> TargetPlan:
        return make_target_plan("here", provider.abilities.provider, server, matching, {}, MASKER)

    return (await read_and_plan(provider, list(desired.resources["here"].values()), ownership, make_plan))[0]
