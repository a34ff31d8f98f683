"""`reconciler doctor`: try the project and every target, step by step, and say what fixes what is broken."""

from __future__ import annotations

import asyncio

import click

from reconciler.cli.loading import surroundings
from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, TARGET, as_enum, option, options, takes
from reconciler.cli.publishing import published
from reconciler.cli.terminal import Screen, out, show_json
from reconciler.engine.load import Workspace, load_workspace
from reconciler.engine.options import DoctorOptions, Purpose
from reconciler.engine.read import references_in, resolver_of
from reconciler.model.errors import ConfigurationError, Level, SecretError
from reconciler.model.evidence import Check, Health, failure, ok, warning
from reconciler.model.text import plural, printable
from reconciler.report.texts import Paint

_COLOURS = {Health.OK: "green", Health.WARNING: "yellow", Health.FAILURE: "red", Health.NOT_TRIED: "yellow"}
_WIDEST = max(len(health.value) for health in Health)


@click.command("doctor")
@options(COMMON, (TARGET,), CONNECTING)
@option(
    "--for",
    "purpose",
    type=click.Choice([item.value for item in Purpose]),
    callback=as_enum(Purpose),
    default=Purpose.APPLY.value,
    show_default=True,
    help="What the credentials are for: which rights they must have.",
)
@takes(DoctorOptions, Screen)
@published("doctor")
def command(options: DoctorOptions, screen: Screen) -> int:
    """Look at address, DNS, proxy, TLS, clock, credentials, rights, version, kinds and secrets; write nothing."""
    set_up_logging(screen.verbose)
    workspace = load_workspace(options, surroundings())
    checks = asyncio.run(_examine(workspace, options))
    failed = [check for check in checks if check.health is Health.FAILURE]
    if screen.as_json:
        show_json({"format": "reconciler.doctor/v1", "healthy": not failed, "checks": [_row(item) for item in checks]})
    else:
        _show(checks, screen.paint)
    return 1 if failed else 0


async def _examine(workspace: Workspace, options: DoctorOptions) -> list[Check]:
    groups = await asyncio.gather(*(_target(workspace, name, options) for name in workspace.targets))
    return [_manifests(workspace), *await _secrets(workspace), *(check for group in groups for check in group)]


def _manifests(workspace: Workspace) -> Check:
    errors = [problem for problem in workspace.problems if problem.level is Level.ERROR]
    count = plural(len(workspace.desired.manifests), "manifest")
    if errors:
        return failure("project", "manifests", f"{count}, {plural(len(errors), 'error')}", "run reconciler validate")
    return ok("project", "manifests", f"{count}, no error")


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
        warning("project", "secret", f"{reference}: {why}", "apply needs it; a plan does without")
        for reference, why in sorted(resolution.failures.items(), key=str)
    ]
    return checks or [ok("project", "secrets", f"{plural(len(resolution.values), 'secret')}, all there")]


async def _target(workspace: Workspace, name: str, options: DoctorOptions) -> list[Check]:
    from reconciler.engine.connect import connect, connection_of
    from reconciler.engine.doctor import check_target
    from reconciler.providers.reach import check_network

    credentials = resolver_of(workspace, for_credentials=True)
    try:
        connection = await connection_of(workspace, name, credentials, options.parallelism, options.timeout)
        provider = await connect(workspace, name, credentials, options.parallelism, options.timeout)
    except (ConfigurationError, SecretError) as error:
        return [failure(name, "settings", str(error))]
    try:
        checks = [ok(name, "address", connection.address), *await check_network(connection)]
        if any(check.health is Health.FAILURE for check in checks):
            return checks
        kinds = {resource.kind for resource in workspace.resources(name).values()}
        prefix = workspace.project.id_prefix
        return [*checks, *await check_target(name, provider, prefix, kinds, options.purpose)]
    finally:
        await provider.close()


def _row(check: Check) -> dict[str, str]:
    return {
        "subject": check.subject,
        "check": check.name,
        "health": check.health.value,
        "text": check.text,
        "fix": check.fix,
    }


def _show(checks: list[Check], paint: Paint) -> None:
    width = max(len(check.name) for check in checks)
    subject = ""
    for check in checks:
        if check.subject != subject:
            subject = check.subject
            out(paint(subject, "bold"))
        word = paint(check.health.value.ljust(_WIDEST), _COLOURS[check.health])
        out(f"  {word}  {check.name.ljust(width)}  {printable(check.text)}")
        if check.fix and check.health is not Health.OK:
            out(f"  {' ' * _WIDEST}  {' ' * width}  fix: {check.fix}")
    counts = {health: sum(check.health is health for check in checks) for health in Health}
    untried = f", {counts[Health.NOT_TRIED]} not tried" if counts[Health.NOT_TRIED] else ""
    found = f"{plural(counts[Health.WARNING], 'warning')}, {plural(counts[Health.FAILURE], 'failure')}"
    out(f"{plural(len(checks), 'check')}: {counts[Health.OK]} ok, {found}{untried}.")
