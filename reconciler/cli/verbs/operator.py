"""`reconciler operator`: the same manifests as custom resources of Kubernetes, reconciled continuously."""

from __future__ import annotations

import click

from reconciler.cli.options import option, takes
from reconciler.cli.terminal import out
from reconciler.operator.install import OPERATOR, Install, objects_of


@click.group("operator")
def command() -> None:
    """The same manifests as custom resources, reconciled continuously in a cluster."""


@command.command("manifests")
@option("--namespace", default=OPERATOR, show_default=True, help="The namespace of the operator itself.")
@takes(Install)
def manifests(install: Install) -> int:
    """Print what a cluster needs before the operator runs there, for `kubectl apply -f -`."""
    from yaml import safe_dump_all

    out(safe_dump_all(objects_of(install), sort_keys=False, explicit_start=True, width=120).rstrip())
    return 0
