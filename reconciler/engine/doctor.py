"""What a target says to our credentials: who it is, what may be read, tested and deleted, which kinds it takes.

The rights to write are asked for with an id that does not exist: a server that allows the call answers that there is
no such object, one that does not answers 403. So nothing is written and nobody gets a message. A right to create
cannot be asked for without creating, so that it is not.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection

from reconciler.model.errors import ForbiddenError, NotFoundError, TargetError, UnauthorizedError
from reconciler.model.evidence import Check, failure, ok, warning
from reconciler.model.provider import Provider
from reconciler.model.resource import Server


async def check_target(name: str, provider: Provider, prefix: str, kinds: Collection[str], wanted: str) -> list[Check]:
    """Credentials, version, rights one by one, the kinds that are used. `wanted` is `targets.X.version`."""
    try:
        server = await provider.read_server()
        # Where `GET /` is forbidden the version is assumed: only the list tells that the credentials are none.
        listing = await _listing(name, provider)
    except UnauthorizedError as error:
        return [failure(name, "credentials", str(error), "correct auth in the project file, or what it refers to")]
    except TargetError as error:
        return [failure(name, "server", str(error))]
    checks = [ok(name, "credentials", "accepted"), *_version(name, server, wanted), listing]
    if provider.abilities.chooses_ids:
        nothing = f"{prefix}_doctor-{uuid.uuid4().hex}"
        checks.append(await _right(name, "right to read one", lambda: provider.read(nothing)))
        checks.append(await _right(name, "right to test", lambda: provider.send_test(nothing)))
        checks.append(await _right(name, "right to delete", lambda: provider.delete(nothing)))
    return [*checks, *_kinds(name, provider, server, kinds)]


def _version(name: str, server: Server, wanted: str) -> list[Check]:
    told = f"{server.product} {server.version}".strip()
    checks = [warning(name, "version", note) for note in server.notes]
    if server.certain and not checks:
        checks.append(ok(name, "version", f"{told}, identity {server.identity}"))
    if wanted and server.certain and server.version and not f"{server.version}.".startswith(f"{wanted}."):
        fix = f"correct spec.targets.{name}.version"
        checks.append(warning(name, "version", f"the project file says {wanted}, the server {server.version}", fix))
    return checks


async def _listing(name: str, provider: Provider) -> Check:
    """What may be listed; UnauthorizedError is the caller's."""
    try:
        listing = await provider.read_all()
    except UnauthorizedError:
        raise
    except NotFoundError as error:
        return failure(name, "plugin", str(error), "install the notifications plugin, or correct the address")
    except ForbiddenError as error:
        return failure(name, "right to list", str(error), "grant the user the rights in docs/permissions.md")
    except TargetError as error:
        return failure(name, "right to list", str(error))
    if listing.unreadable:
        return warning(name, "right to list", listing.unreadable)
    count = len(listing.objects)
    return ok(name, "right to list", f"{count} object{'s' * (count != 1)}")


async def _right(name: str, what: str, call: Callable[[], Awaitable[object]]) -> Check:
    try:
        await call()
    except ForbiddenError as error:
        return failure(name, what, str(error), "grant the user the rights in docs/permissions.md")
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
        if problem.field == "kind"
    ]
    problems += [f"{kind}: {able.provider} has none" for kind in unheld]
    if problems:
        return [failure(name, "kinds", "; ".join(problems), f"leave {name} out of their targets")]
    return [ok(name, "kinds", f"takes what the manifests use: {', '.join(sorted(kinds))}")] if kinds else []
