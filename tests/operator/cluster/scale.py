"""Many resources at once: `make test-operator SCALE=1` says what the operator did with 2,000 over 40 projects, each
with a target of its own, and what it writes after a restart. Not part of the tests: its times are the machine's.

    RESOURCES=2000 PROJECTS=40 python -m tests.operator.cluster.scale

`docs/operator.md` quotes what it prints.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import click
import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from reconciler.operator.install import objects_of
from reconciler.operator.rounds import LEASE_LOST
from reconciler.simulator import Simulator
from tests.operator.apiserver import ApiServer, cpu_seconds, wait_until
from tests.operator.cluster.conftest import INSTALL
from tests.operator.cluster.running import ADDRESS, Operator, Team

RESOURCES, PROJECTS = int(os.environ.get("RESOURCES", "2000")), int(os.environ.get("PROJECTS", "40"))
PATIENCE = 900.0  # seconds
MOST_LOOKS = 3
_WRITES = re.compile(r'apiserver_request_total{[^}]*group="channels.gitops"[^}]*verb="(?:PATCH|PUT|POST)"[^}]*} (\S+)')


def main() -> int:
    """Print the figures; 1 if a promise is broken, with each that is."""
    with ExitStack() as stack:
        load = os.getloadavg()[0]
        server = stack.enter_context(ApiServer())
        server.apply(*(one for one in objects_of(INSTALL) if one["apiVersion"] != "apps/v1"))
        targets = [stack.enter_context(Simulator(cluster_id=f"cluster-{number}")) for number in range(PROJECTS)]
        teams = [Team(server, {"search": target}) for target in targets]
        port = _free_port()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        operator = stack.enter_context(Operator(server, folder, f"--port={port}"))
        wait_until(lambda: _is_up(port), "the operator does not run")
        _apply_all(teams)
        click.echo(f"the load of the machine was {load:.1f} before, and {os.getloadavg()[0]:.1f} when all was Ready")
        broken = [*_of_ready(server, operator, port, targets), *_of_restart(server, operator, port, targets)]
        lost = operator.log.read_text("utf-8").count(LEASE_LOST)
        click.echo(f"Leases lost: {lost}")
        broken += [f"{lost} Leases were lost"] if lost else []
        for promise in broken:
            click.echo(f"BROKEN: {promise}")
        return int(bool(broken))


def _apply_all(teams: Sequence[Team]) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(4) as writers:
        longest = max(writers.map(_apply, teams))
    applied = time.monotonic()
    wait_until(lambda: all(map(_is_ready, teams)), "not all are ready", PATIENCE)
    ready = time.monotonic()
    click.echo(
        f"{RESOURCES} resources over {PROJECTS} projects, each with a target of its own, on {os.cpu_count()} cores"
    )
    click.echo(f"applied within {applied - began:.0f} s, each project within {longest:.0f} s")
    click.echo(f"all Ready {ready - began:.0f} s after the first was applied")


def _apply(team: Team) -> float:
    """Apply all of a project; the seconds that it took. What comes over more than 10 s is worth another look."""
    began = time.monotonic()
    team.secret("slack", url=ADDRESS)
    team.project(safety={"max_messages": RESOURCES})
    for number in range(RESOURCES // PROJECTS):
        team.slack(f"channel-{number}")
    return time.monotonic() - began


def _is_ready(team: Team) -> bool:
    project = team.get("Project", "acme") or {}
    counts = (project.get("status") or {}).get("resources") or {}
    return bool(counts.get("ready") == RESOURCES // PROJECTS)


def _of_ready(server: ApiServer, operator: Operator, port: int, targets: Sequence[Simulator]) -> Iterator[str]:
    """Print what was done until all were Ready; the promises that are broken."""
    assert operator.process is not None
    simulators = sum(os.times()[:2])
    parts = [cpu_seconds(operator.process.pid), *map(server.cpu_seconds, ("apiserver", "etcd")), simulators]
    names = ("of the operator", "of the API server", "of etcd", "of the simulated targets and of who applied")
    looks, calls = _samples(port, "reconciler_project_reconciles_total"), _samples(port, "reconciler_api_calls_total")
    writes = sum(number for method, number in calls.items() if method != ("GET",))
    requests = sum(len(target.requests) for target in targets)
    messages = [len(target.inbox) for target in targets]
    click.echo(
        f"reconciliations of a project or a target: at most {max(looks.values()):.0f}, {_mean(looks):.1f} on average"
    )
    click.echo(f"memory of the operator: at most {_memory(operator.process.pid)}")
    click.echo(f"CPU seconds: {', '.join(f'{part:.0f} {name}' for part, name in zip(parts, names, strict=True))}")
    reads = calls[("GET",)]
    click.echo(
        f"calls to the API server for a resource: {reads / RESOURCES:.1f} reads, {writes / RESOURCES:.1f} writes"
    )
    click.echo(f"requests to a target for a resource: {requests / RESOURCES:.1f}")
    click.echo(f"test messages for a resource: {sum(messages) / RESOURCES:g}")
    if max(looks.values()) > MOST_LOOKS:
        yield f"a project or a target was reconciled {max(looks.values()):.0f} times, more than {MOST_LOOKS}"
    if any(number != RESOURCES // PROJECTS for number in messages):
        yield f"{sum(messages)} test messages were sent for {RESOURCES} resources"


def _of_restart(server: ApiServer, operator: Operator, port: int, targets: Sequence[Simulator]) -> Iterator[str]:
    """Start another process of the operator, which looks at all again: the promises broken by what it writes."""
    operator.stop()
    messages, written = sum(len(target.inbox) for target in targets), _writes(server)
    began = time.monotonic()
    operator.start()
    wait_until(lambda: _is_up(port) and _is_idle(port), "not all were looked at again", PATIENCE)
    looks = _samples(port, "reconciler_project_reconciles_total")
    calls = _samples(port, "reconciler_api_calls_total")
    writes = sum(number for method, number in calls.items() if method != ("GET",)) + _writes(server) - written
    more = sum(len(target.inbox) for target in targets) - messages
    click.echo(
        f"after a restart: all reconciled again within {time.monotonic() - began:.0f} s, "
        f"{sum(looks.values()):.0f} reconciliations, {writes:.0f} writes, {more} test messages"
    )
    if writes or more:
        yield f"{writes:.0f} writes and {more} test messages in the steady state"


def _is_idle(port: int) -> bool:
    """Whether each project and each target was looked at, to the end, and none waits for another look."""
    ended = sum(_samples(port, "reconciler_reconcile_seconds_count").values())
    begun = _samples(port, "reconciler_project_reconciles_total")
    waiting = sum(_samples(port, "reconciler_queue_length").values())
    return len(begun) >= 2 * PROJECTS and ended >= sum(begun.values()) and not waiting


def _writes(server: ApiServer) -> float:
    """The writes of our kinds but by `kubectl apply`, as the API server counts them."""
    return sum(map(float, _WRITES.findall(server.client().get("/metrics").text)))


def _samples(port: int, name: str) -> dict[tuple[str, ...], float]:
    """The operator's metric of that name by the values of its labels."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def _is_up(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).is_success
    except httpx.TransportError:
        return False


def _mean(looks: dict[tuple[str, ...], float]) -> float:
    return sum(looks.values()) / len(looks)


def _memory(pid: int) -> str:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("utf-8"))
    return f"{int(found[1]) / 1024:.0f} MB" if found else "not known"


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
