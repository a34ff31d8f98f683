"""A snapshot -> what can be planned of it on each target, and what cannot and why.

It decides nothing about live systems. The only thing that it asks of the world is what Vault, AWS and the DNS say.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path

from reconciler.engine.load import Workspace, workspace_of
from reconciler.engine.options import Surroundings
from reconciler.engine.read import resolver_of
from reconciler.engine.targets import references_in
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, Level, Problem
from reconciler.model.resource import Resource
from reconciler.model.values import SecretReference
from reconciler.operator import permissions
from reconciler.operator.addresses import host_of, is_local
from reconciler.operator.outcomes import INVALID, NOT_ALLOWED
from reconciler.operator.resources import CustomResource, Snapshot, text_of
from reconciler.operator.secrets import READ_BEFORE, sources_of
from reconciler.providers import settings_of


@dataclass(frozen=True, slots=True)
class Block:
    """Why a resource, or a whole project, is left out. `stalled`: until somebody changes something."""

    reason: str
    message: str
    stalled: bool = True


@dataclass(frozen=True, slots=True)
class Prepared:
    """A project that can be planned: `resources` by name, those left out in `blocks`, `unread` what of Vault or AWS
    could not be read, and what `spec.secrets.allow` does not allow, by reference."""

    snapshot: Snapshot
    project: CustomResource
    workspace: Workspace
    resources: Mapping[str, CustomResource]
    blocks: Mapping[str, Block]
    unread: Mapping[SecretReference, str] = field(default_factory=dict)

    def references(self, target: str, name: str) -> set[SecretReference]:
        """The references that a resource has on a target."""
        resource = self.wanted(target).get(name)
        return references_in(resource, new=True) if resource is not None else set()

    def wanted(self, target: str) -> Mapping[str, Resource]:
        """What is desired on a target, by name."""
        return self.workspace.resources(target)


def problem_text(problems: Iterable[Problem]) -> str:
    """Problems of one object in one text, without the place in a file that there is not."""
    texts = []
    for problem in problems:
        where = f"{problem.field}: " if problem.path else ""
        texts.append(f"{where}{problem.message}" + (f"; {problem.fix}" if problem.fix else ""))
    return " / ".join(dict.fromkeys(texts))


async def prepare(
    snapshot: Snapshot, project: CustomResource, policy: permissions.Policy, environ: Mapping[str, str], folder: Path
) -> Prepared | Block:
    """The project of a snapshot, ready to be planned; or why it cannot be. `folder` is an empty one."""
    allowed = policy.of(snapshot.namespace)
    if refused := await asyncio.to_thread(permissions.problems_of, project, allowed, settings_of):
        return Block(NOT_ALLOWED, problem_text(refused))
    resources = [item for item in snapshot.resources if not item.deleting]
    here = Surroundings(environ={}, folder=folder, sources=sources_of(snapshot.secrets, {}))
    try:
        workspace = await asyncio.to_thread(workspace_of, text_of(project), [*map(text_of, resources)], here)
    except ConfigurationError as error:
        return Block(INVALID, _without_places(error))
    if not allowed.local and (local := await _local_targets(workspace)):
        return Block(NOT_ALLOWED, local)
    blocks = _blocks(resources, workspace, allowed)
    workspace, unread = await _read_before(workspace, snapshot, blocks, environ)
    return Prepared(snapshot, project, workspace, {item.name: item for item in resources}, blocks, unread)


def _without_places(error: ConfigurationError) -> str:
    problems = getattr(error, "problems", None)
    return problem_text(problems) if problems else str(error)


def _blocks(
    resources: Iterable[CustomResource], workspace: Workspace, allowed: permissions.Allowed
) -> dict[str, Block]:
    blocks: dict[str, Block] = {}
    wrong: dict[str, list[Problem]] = {}
    for problem in workspace.problems:
        if problem.level is Level.ERROR:
            wrong.setdefault(problem.location.file, []).append(problem)
    for resource in resources:
        if refused := permissions.problems_of(resource, allowed, settings_of):
            blocks[resource.name] = Block(NOT_ALLOWED, problem_text(refused))
        elif problems := wrong.get(resource.label):
            blocks[resource.name] = Block(INVALID, problem_text(problems))
    return blocks


async def _local_targets(workspace: Workspace) -> str:
    """What is wrong with the targets whose names lead to the operator's own machine; "" for nothing."""
    found = []
    for name, target in sorted(workspace.project.targets.items()):
        host = host_of(target.url)
        if host and any(is_local(address) for address in await _addresses(host)):
            found.append(f"spec.targets.{name}.url: {permissions.LOCAL_REFUSED}; {permissions.LOCAL_FIX}")
    return " / ".join(found)


async def _addresses(host: str) -> list[str]:
    """Where a name leads now; nothing if it leads nowhere, which the connection says better."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]


async def _read_before(
    workspace: Workspace, snapshot: Snapshot, blocks: Mapping[str, Block], environ: Mapping[str, str]
) -> tuple[Workspace, Mapping[SecretReference, str]]:
    """The workspace with the values of Vault and AWS, and what could not be read of them, or is not allowed."""
    asking = replace(workspace, here=replace(workspace.here, environ=environ, sources={}))
    resolver = resolver_of(asking)
    wanted = {
        reference
        for target in workspace.project.targets
        for name, resource in workspace.resources(target).items()
        if name not in blocks
        for reference in references_in(resource, new=True)
        if reference.source in READ_BEFORE or not resolver.is_allowed(reference)
    }
    if not wanted:
        return workspace, {}
    bare = {replace(reference, form="") for reference in wanted}
    resolution = await resolver.resolve(bare)
    here = replace(workspace.here, sources=sources_of(snapshot.secrets, resolution.values))
    failed = {
        item: resolution.failures[bare_item]
        for item in wanted
        if (bare_item := replace(item, form="")) in resolution.failures
    }
    return replace(workspace, here=here), failed
