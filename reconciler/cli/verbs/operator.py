"""`reconciler operator`: the same manifests as custom resources of Kubernetes, reconciled continuously."""

from __future__ import annotations

import click

from reconciler.cli.options import option, takes
from reconciler.cli.terminal import out
from reconciler.operator.install import OPERATOR, Install, objects_of, to_yaml


@click.group("operator")
def command() -> None:
    """The same manifests as custom resources, reconciled continuously in a cluster."""


@command.command("manifests")
@option("--namespace", default=OPERATOR, show_default=True, help="The namespace of the operator itself.")
@option("--image", default="", help="The image to run, which has the extra operator.")
@option(
    "--shards",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    metavar="N",
    help="How many Deployments share the projects.",
)
@option("--crds-only", is_flag=True, help="Only the custom resource definitions.")
@takes(Install)
def manifests(install: Install) -> int:
    """Print what a cluster needs before the operator runs there, for `kubectl apply --server-side -f -`."""
    out(to_yaml(objects_of(install)))
    return 0
