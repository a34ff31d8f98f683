"""`reconciler doctor`: try the project and every target, step by step, and say what fixes what is broken."""

from __future__ import annotations

import click

from reconciler.cli.options import (
    COMMON,
    CONNECTING,
    TARGET,
    UNKNOWN,
    as_enum,
    option,
    options,
    run_async,
    surroundings,
    takes,
)
from reconciler.cli.publishing import published
from reconciler.cli.terminal import Screen, out, set_up_logging, show_json
from reconciler.engine.doctor import examine
from reconciler.engine.options import DoctorOptions, Purpose
from reconciler.report.doctor_text import doctor_document, is_healthy, render_doctor


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
    """Check address, DNS, proxy, TLS, clock, credentials, rights, version, kinds and secrets; write nothing."""
    set_up_logging(screen.verbose)
    checks = run_async(examine(options, surroundings()), UNKNOWN)
    if screen.as_json:
        show_json(doctor_document(checks))
    else:
        out(render_doctor(checks, screen.paint))
    return 0 if is_healthy(checks) else 1
