"""`reconciler operator`: the same manifests as custom resources of Kubernetes, reconciled continuously."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import click

from reconciler.cli.options import option, takes
from reconciler.cli.terminal import note, out
from reconciler.model.errors import ConfigurationError, UsageError, install_hint
from reconciler.model.fields import NAME_WORDS, is_name
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
    if not is_name(install.namespace):
        raise UsageError(f"--namespace {install.namespace}: {NAME_WORDS}")
    out(to_yaml(objects_of(install)))
    return 0


_NAMESPACES = option(
    "--namespace", "namespaces", multiple=True, metavar="NAME", help="Only this namespace; can be repeated."
)


@command.command("run")
@_NAMESPACES
@option("--shard", default="", metavar="KEY", help="Only Projects with the label sharding.channels.gitops/key=KEY.")
@option(
    "--lease-namespace", default="", metavar="NAME", help="Where Leases are kept. Default: the pod's own namespace."
)
@option("--policy", type=click.Path(path_type=Path), help="The administrator's policy file.")
@option(
    "--host",
    default="0.0.0.0",  # noqa: S104 - the kubelet and Prometheus come from elsewhere; there are no values in it
    show_default=True,
    help="Address at which probes and metrics are served.",
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port at which probes and metrics are served.",
)
def run(
    namespaces: tuple[str, ...], shard: str, lease_namespace: str, policy: Path | None, host: str, port: int
) -> int:
    """Reconcile the custom resources of a cluster until SIGTERM; in a pod, or with KUBECONFIG."""
    try:
        from reconciler.operator.run import OperatorSettings, run_operator
    except ModuleNotFoundError:
        raise ConfigurationError(f"the operator's libraries are missing: {install_hint('operator')}") from None
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("aiohttp", "reconciler.engine"):  # the engine's lines name a target without its namespace
        logging.getLogger(name).setLevel(logging.WARNING)
    settings = OperatorSettings(namespaces, shard, lease_namespace, policy, host, port)
    asyncio.run(run_operator(settings, dict(os.environ)))
    return 0


@command.command("release")
@_NAMESPACES
def release(namespaces: tuple[str, ...]) -> int:
    """Take the operator's finalizers off, before it is uninstalled. What is live stays."""
    try:
        from reconciler.operator.run import release_all
    except ModuleNotFoundError:
        raise ConfigurationError(f"the operator's libraries are missing: {install_hint('operator')}") from None
    released = asyncio.run(release_all(namespaces))
    for line in released:
        out(line)
    note(f"{len(released)} released")
    return 0
