"""`make test-live`: say what the cluster is, run the checks, remove all that they made, say what ran and what did not.

Exit codes: 0 all checks that ran passed · 1 one failed · 2 interrupted · 64 nothing could be checked.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import click
import pytest

from reconciler.model.errors import ReconcilerError
from tests.live.cluster import ID_START, Cluster
from tests.live.interruption import Interruption
from tests.live.plugin import LivePlugin
from tests.live.run import Run
from tests.live.settings import Settings, read_settings

_HERE = Path(__file__).parent
CHECKS = (
    "check_provider.py",
    "check_applies.py",
    "check_drift.py",
    "check_sends.py",
    "check_lists.py",
    "check_roles.py",
    "check_unowned.py",
    "check_users.py",
)
_NEEDED = ("configs/get", "configs/create", "configs/update", "configs/delete")
_NOTHING = 64


def main() -> int:
    """Do what REMOVE asks, or else the checks."""
    interruption = Interruption()
    interruption.listen()
    try:
        settings = read_settings(os.environ)
        cluster = Cluster(settings.connection, settings.is_near, interruption)
        try:
            remove = os.environ.get("REMOVE", "")
            return _remove(cluster, remove) if remove else _check(settings, cluster)
        finally:
            cluster.close()
    except ReconcilerError as error:
        click.echo(f"error: {error}", err=True)
        return _NOTHING
    except KeyboardInterrupt:
        return int(pytest.ExitCode.INTERRUPTED)


def _remove(cluster: Cluster, prefix: str) -> int:
    """Remove what killed runs left over: one run's by its name, or `all`."""
    prefix = ID_START if prefix == "all" else prefix
    if not prefix.startswith(ID_START):
        click.echo(f"error: REMOVE takes the name of a run, {ID_START}..., or all", err=True)
        return _NOTHING
    count = sum(object_id.startswith(prefix) for object_id in cluster.listed())
    cluster.remove(prefix)
    click.echo(f"removed {count} objects of {prefix}*")
    return 0


def _check(settings: Settings, cluster: Cluster) -> int:
    run = Run(settings, cluster)
    if settings.least is not None:
        run.least = Cluster(settings.least, settings.is_near, cluster.interruption, cluster.made)
    plugin = LivePlugin(run)
    try:
        if not _prepare(run):
            return _NOTHING
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the checks need none, and they take long to load
        code = int(pytest.main(_arguments(), plugins=[plugin]))
    except KeyboardInterrupt:
        code = int(pytest.ExitCode.INTERRUPTED)
    finally:
        _clean(run)
        if run.least is not None:
            run.least.close()
    _tell(plugin)
    return code


def _arguments() -> list[str]:
    # A check may take as long as the cluster does: if it hangs it says where, but what it made has to be removed.
    quiet = ["-q", "-p", "no:cacheprovider", "-o", "faulthandler_exit_on_timeout=false"]
    return [*quiet, *(str(_HERE / name) for name in CHECKS), *sys.argv[1:]]


def _prepare(run: Run) -> bool:
    """Say what the cluster is and how this run is known; False if nothing can be checked."""
    cluster = run.cluster
    for line in cluster.describe():
        click.echo(line)
    run.before = {object_id: dict(entry) for object_id, entry in cluster.listed().items()}
    _tell_left_over(run)
    click.echo(f"this run     {run.name}; should it be killed: make test-live REMOVE={run.name}")
    permissions = cluster.permissions(f"{run.name}_permissions")
    run.missing = frozenset(name for name, has in permissions.items() if not has)
    click.echo(f"permissions  {', '.join(sorted(run.missing)) + ' missing' if run.missing else 'all that are needed'}")
    if any(name.endswith(_NEEDED) for name in run.missing):
        click.echo("error: without these nothing can be checked: grant them, or give other credentials", err=True)
        return False
    run.version = asyncio.run(_read_version(run))
    run.open_receivers()
    click.echo(f"messages go  {run.sink or run.no_receiver}")
    click.echo(f"mails go     {run.no_mail_server or 'smtp://{}:{}'.format(*run.mail)}")
    return True


def _tell_left_over(run: Run) -> None:
    names = {object_id[: len(run.name)] for object_id in run.before if object_id.startswith(ID_START)}
    for name in sorted(names):
        click.echo(f"left over    {name}; unless it is running now: make test-live REMOVE={name}")


async def _read_version(run: Run) -> str:
    provider = run.runs().provider()
    try:
        return (await provider.read_server()).version
    finally:
        await provider.close()


def _clean(run: Run) -> None:
    """Remove what the run made, whatever became of the terminal, and deaf to further signals: it takes seconds."""
    run.cluster.interruption.be_deaf()
    run.cluster.interruption.is_removing = True
    try:
        _say("\nremoving what this run made ...")
        run.cluster.remove(run.name)
    except BaseException:
        _say(f"NOT all removed: make test-live REMOVE={run.name}")
        raise
    finally:
        run.close()
    _say("removed")


def _say(text: str) -> None:
    with suppress(OSError):  # nobody reads it any more
        click.echo(text)


def _tell(plugin: LivePlugin) -> None:
    click.echo(f"\n{len(plugin.passed)} passed, {len(plugin.failed)} failed, {len(plugin.skipped)} skipped")
    for check in plugin.passed:
        click.echo(f"passed   {check}")
    for check, why in plugin.skipped:
        click.echo(f"skipped  {check}: {why}")
    for check in plugin.failed:
        click.echo(f"FAILED   {check}")


if __name__ == "__main__":
    sys.exit(main())
