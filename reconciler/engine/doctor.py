"""`doctor` as a library: project, secrets and every target, looked at step by step; nothing is written.

A right to write is asked for by a call that can change nothing, since it names ids that do not exist: a server that
allows it answers that there is no such object, one that does not answers 403. The provider says what such a create and
update are, if there are any. So nothing is written, and nobody gets a message.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import AsyncExitStack

from reconciler.engine.live import see_users
from reconciler.engine.load import Workspace, load_workspace
from reconciler.engine.options import DoctorOptions, Purpose, Surroundings
from reconciler.engine.read import give_back, resolver_of
from reconciler.engine.targets import references_in
from reconciler.model.errors import (
    ConfigurationError,
    ForbiddenError,
    Level,
    NotFoundError,
    RejectedError,
    SecretError,
    TargetError,
    UnauthorizedError,
    UnexpectedError,
)
from reconciler.model.evidence import Check, Health, Outcome, failure, not_tried, ok, warning
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.model.provider import Provider
from reconciler.model.resource import LiveObject, Payload, Server, VersionSource
from reconciler.model.text import plural, quoted
from reconciler.plan.marks import Matching
from reconciler.plan.match import read_found
from reconciler.plan.users import Dangling, dangling, short_name
from reconciler.providers.pacing import MOST_TARGETS, RunLimits
from reconciler.tasks import side_by_side

_RIGHTS = {
    Purpose.PLAN: ("read one",),
    Purpose.TEST: ("read one", "test"),
    Purpose.APPLY: ("read one", "create", "update", "delete", "test"),
}
"""The rights that each purpose needs, besides the one to list."""

_NOT_ASKED = "no call to this provider can tell without changing something; the first run that needs it will"


_GRANT = "grant the user the rights in docs/permissions.md"


def _failed(subject: str, name: str, error: TargetError, otherwise: str = "") -> Check:
    """A check that failed by a target's answer. Its fix is the answer's own, or else `otherwise`."""
    return failure(subject, name, error.finding, error.fix or otherwise)


async def examine(options: DoctorOptions, here: Surroundings) -> list[Check]:
    """Every check of the project, its secrets and its targets, in this order; what fails is a check, not an error.

    ConfigurationError where the project file itself cannot be used, since then there is nothing to look at.
    """
    workspace = load_workspace(options, here)
    limits = RunLimits(len(workspace.targets))
    groups = await side_by_side((_target(workspace, name, options, limits) for name in workspace.targets), MOST_TARGETS)
    return [_manifests(workspace), *await _secrets(workspace), *(check for group in groups for check in group)]


def _manifests(workspace: Workspace) -> Check:
    errors = [problem for problem in workspace.problems if problem.level is Level.ERROR]
    count = plural(len(workspace.desired.manifests), "manifest")
    if errors:
        return failure("project", "manifests", f"{count}, {plural(len(errors), 'error')}", "run reconciler validate")
    return ok("project", "manifests", f"{count}, no errors")


async def _secrets(workspace: Workspace) -> list[Check]:
    """A secret that is not there stops an apply, but not a plan: it is a warning for what only plans."""
    wanted = {
        reference
        for target in workspace.targets
        for resource in workspace.resources(target).values()
        for reference in references_in(resource)
    }
    resolution = await resolver_of(workspace).resolve(wanted)
    checks = [
        warning("project", "secret", f"{reference}: {why}", "apply needs it; a plan can do without it")
        for reference, why in sorted(resolution.failures.items(), key=str)
    ]
    count = plural(len(resolution.values), "secret")
    if any(problem.level is Level.ERROR and problem.rule != "no-manifests" for problem in workspace.problems):
        return [
            *checks,
            not_tried("project", "secrets", f"those of manifests with errors; of the others {count} found"),
        ]
    return checks or [ok("project", "secrets", f"{count}, all found")]


async def _target(workspace: Workspace, name: str, options: DoctorOptions, limits: RunLimits) -> list[Check]:
    from reconciler.engine.connect import connection_of, provider_over  # httpx comes with it
    from reconciler.providers.reach import check_network

    credentials = resolver_of(workspace, for_credentials=True)
    try:
        connection = await connection_of(workspace, name, credentials, options.parallelism, options.timeout, limits)
        provider = provider_over(workspace, connection)
    except (ConfigurationError, SecretError) as error:
        return [failure(name, "settings", str(error))]
    async with AsyncExitStack() as stack:
        stack.push_async_callback(give_back, provider)
        checks = [ok(name, "address", connection.address), *await check_network(connection)]
        if any(check.health is Health.FAILURE for check in checks):
            return checks
        kinds = {resource.kind for resource in workspace.resources(name).values()}
        prefix = workspace.project.id_prefix
        return [*checks, *await check_target(name, provider, prefix, kinds, options.purpose)]


async def check_target(
    name: str,
    provider: Provider,
    prefix: str,
    kinds: Collection[str],
    purpose: Purpose = Purpose.APPLY,
) -> list[Check]:
    """Credentials, version, rights one by one, the kinds that are used."""
    try:
        server = await provider.read_server()
        listing, objects = await _listing(name, provider)
        server = await provider.read_server()
        users = await _users(name, provider, objects)
    except UnauthorizedError as error:
        return [_failed(name, "credentials", error, "correct auth in the project file, or what it refers to")]
    except TargetError as error:
        return [_failed(name, "server", error)]
    checks = [ok(name, "credentials", "accepted"), *_version(name, server), listing]
    checks += [await check for check in _rights(name, provider, prefix, purpose)]
    return [*checks, *users, *_kinds(name, provider, server, kinds)]


def _rights(name: str, provider: Provider, prefix: str, purpose: Purpose) -> Iterator[Awaitable[Check]]:
    nothing = f"{prefix}_doctor-{uuid.uuid4().hex}"
    writes = provider.abilities.harmless_writes(nothing)
    if writes is None:
        for right in _RIGHTS[purpose]:
            if right != "read one":
                yield _unasked(name, f"right to {right}")
        return
    unwritten = LiveObject(nothing, writes.update.kind, writes.update.fields)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "read one": lambda: provider.read(nothing),
        "create": lambda: _create_impossible(provider, writes.create, nothing),
        "update": lambda: provider.update(nothing, writes.update, unwritten),
        "delete": lambda: provider.delete(nothing),
        "test": lambda: _test_nothing(provider, nothing),
    }
    for right in _RIGHTS[purpose]:
        yield _right(name, f"right to {right}", calls[right])


async def _unasked(name: str, what: str) -> Check:
    return not_tried(name, what, _NOT_ASKED)


async def _create_impossible(provider: Provider, payload: Payload, nothing: str) -> None:
    """A create of what cannot be. Should a server take it, it is removed."""
    try:
        await provider.create(payload)
    except RejectedError as error:
        if error.status != 404:
            raise
        return
    await provider.delete(nothing)


async def _test_nothing(provider: Provider, nothing: str) -> None:
    """A test of what is not there. An answer that says nothing of that says nothing of the right either."""
    delivery = await provider.send_test(nothing)
    if delivery.outcome is Outcome.UNKNOWN:
        raise UnexpectedError(delivery.text or GAPS[delivery.reason or UnknownReason.NO_RESULT].says)


def _version(name: str, server: Server) -> list[Check]:
    """The version, where it is known from, and each note, a claim of the project file that the server contradicts
    among them."""
    source = f", by {server.source.value}" if server.version and server.source is not VersionSource.NONE else ""
    text = f"{server.product} {server.version}".strip() + f"{source}, identity {server.identity}"
    known = [ok(name, "version", text)] if server.version or server.source is VersionSource.NONE else []
    return [*known, *(warning(name, "version", note) for note in server.notes)]


async def _listing(name: str, provider: Provider) -> tuple[Check, tuple[LiveObject, ...]]:
    """What may be listed, and what is; UnauthorizedError is the caller's."""
    try:
        listing = await provider.read_all()
    except UnauthorizedError:
        raise
    except NotFoundError as error:
        return _failed(name, "plugin", error, "install the notifications plugin, or correct the address"), ()
    except ForbiddenError as error:
        return _failed(name, "right to list", error, _GRANT), ()
    except TargetError as error:
        return _failed(name, "right to list", error), ()
    if listing.unreadable:
        return warning(name, "right to list", listing.unreadable), listing.objects
    return ok(name, "right to list", plural(len(listing.objects), "object")), listing.objects


async def _users(name: str, provider: Provider, objects: tuple[LiveObject, ...]) -> list[Check]:
    """Whether monitors can be seen, and which refer to a missing or disabled channel. Only this needs the right."""
    seen = await see_users(provider, objects)
    listing = seen.listing
    if not listing.source:
        return []
    if listing.gap is not None:
        known = not_tried(name, "users of channels", f"{listing.gap.text}; {GAPS[listing.gap.reason].evidence}")
    else:
        known = ok(name, "users of channels", f"all can be seen: {len(listing.users)} monitors and workflows")
    found = dangling(seen, Matching(found=tuple(map(read_found, objects))))
    return [known, *(_dangling(name, item) for item in found)]


def _dangling(name: str, item: Dangling) -> Check:
    text = f"{item.user.kind} {quoted(short_name(item.user))} names {quoted(item.id)}: {item.why}"
    return warning(name, "users of channels", text, item.hint or "correct the monitor, or the channel")


async def _right(name: str, what: str, call: Callable[[], Awaitable[object]]) -> Check:
    try:
        await call()
    except ForbiddenError as error:
        return _failed(name, what, error, _GRANT)
    except NotFoundError:
        pass
    except TargetError as error:
        return warning(name, what, f"not known: {error}")
    return ok(name, what, "granted")


def _kinds(name: str, provider: Provider, server: Server, kinds: Collection[str]) -> list[Check]:
    able = provider.abilities
    unheld = sorted(kind for kind in kinds if kind not in able.kinds)
    problems = [
        f"{kind}: {problem.message}"
        for kind in sorted(set(kinds) - set(unheld))
        for problem in able.check(kind, {}, server.version)
        if problem.path == ("kind",)
    ]
    problems += [f"{kind}: {able.provider} has none" for kind in unheld]
    if problems:
        return [failure(name, "kinds", "; ".join(problems), f"leave {name} out of their targets")]
    return [ok(name, "kinds", f"supports what the manifests use: {', '.join(sorted(kinds))}")] if kinds else []
