"""`reconciler version`: the version of the tool, and with --json what it works with."""

from __future__ import annotations

import platform

import click

from reconciler.cli.options import option
from reconciler.cli.terminal import out, show_json
from reconciler.model import __version__
from reconciler.model.kinds import API_VERSION
from reconciler.providers import provider_names


@click.command("version")
@option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def command(as_json: bool) -> int:
    """Show the version, and with --json also what it works with."""
    if not as_json:
        out(f"reconciler {__version__}")
        return 0
    show_json(
        {
            "format": "reconciler.version/v1",
            "version": __version__,
            "api_version": API_VERSION,
            "providers": provider_names(),
            "python": platform.python_version(),
            "platform": platform.platform(terse=True),
        }
    )
    return 0
