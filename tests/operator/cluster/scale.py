"""Many resources at once: `make test-operator SCALE=1` prints what the operator did with 2,000 over 40 projects, each
with a target of its own, and how steady it is afterwards. Not part of the tests: its times are the machine's.

    RESOURCES=2000 PROJECTS=40 python -m tests.operator.cluster.scale
"""

from __future__ import annotations

import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import click
import httpx

from reconciler.operator.install import objects_of
from reconciler.simulator import Simulator
from tests.operator.apiserver import ApiServer, wait_until
from tests.operator.cluster.conftest import INSTALL
from tests.operator.cluster.running import ADDRESS, LEASES, Operator, Team

RESOURCES, PROJECTS = int(os.environ.get("RESOURCES", "2000")), int(os.environ.get("PROJECTS", "40"))
PATIENCE = 900.0  # seconds
STEADY_SECONDS = 30.0
_WRITES = re.compile(r'apiserver_request_total{[^}]*group="channels.gitops"[^}]*verb="(?:PATCH|PUT|POST)"[^}]*} (\S+)')


def main() -> int:
    """Print the figures; 1 if a message was sent twice, or anything was written in the steady state."""
    with ExitStack() as stack:
        server = stack.enter_context(ApiServer())
        server.apply(*(one for one in objects_of(INSTALL) if one["apiVersion"] != "apps/v1"))
        targets = [stack.enter_context(Simulator(cluster_id=f"cluster-{number}")) for number in range(PROJECTS)]
        teams = [Team(server, {"search": target}) for target in targets]
        port = _free_port()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        operator = stack.enter_context(Operator(server, folder, f"--port={port}"))
        wait_until(lambda: _rounds(port) >= 0, "the operator does not run")
        began = time.monotonic()
        with ThreadPoolExecutor(4) as writers:
            list(writers.map(_apply, teams))
        applied = time.monotonic()
        wait_until(lambda: all(map(_is_ready, teams)), "not all are ready", PATIENCE)
        ready, rounds = time.monotonic(), _rounds(port)
        click.echo(f"{RESOURCES} resources over {PROJECTS} projects, {os.cpu_count()} cores")
        click.echo(f"applied by kubectl's calls in {applied - began:.0f} s; all Ready after {ready - began:.0f} s")
        click.echo(f"looks at a project or target: {rounds:.0f}, {rounds / PROJECTS / 2:.1f} for each")
        click.echo(f"memory of the operator at most: {_memory(operator)}")
        click.echo(f"requests to targets: {sum(len(target.requests) for target in targets)}")
        messages = sum(len(target.inbox) for target in targets)
        click.echo(f"test messages: {messages}")
        click.echo(f"writes of our resources at the API server: {_writes(server):.0f}")
        time.sleep(5)  # what is under way ends
        before = _state(server)
        time.sleep(STEADY_SECONDS)
        moved = _state(server) != before
        more = _rounds(port) - rounds
        click.echo(f"{STEADY_SECONDS:.0f} s later: {more:.0f} more looks, {'WRITES' if moved else 'no write'}")
        return int(moved or messages != RESOURCES)


def _apply(team: Team) -> None:
    team.secret("slack", url=ADDRESS)
    team.project(operator={"interval": "10s"}, safety={"max_messages": RESOURCES})
    for number in range(RESOURCES // PROJECTS):
        team.slack(f"channel-{number}")


def _is_ready(team: Team) -> bool:
    project = team.get("Project", "acme") or {}
    counts = (project.get("status") or {}).get("resources") or {}
    return bool(counts.get("ready") == RESOURCES // PROJECTS)


def _state(server: ApiServer) -> tuple[float, Sequence[str]]:
    """What any write changes: the count of writes of our kinds, and the versions of the Leases."""
    leases = server.client().get(f"/apis/coordination.k8s.io/v1/namespaces/{LEASES}/leases").json()["items"]
    return _writes(server), sorted(item["metadata"]["resourceVersion"] for item in leases)


def _writes(server: ApiServer) -> float:
    return sum(map(float, _WRITES.findall(server.client().get("/metrics").text)))


def _rounds(port: int) -> float:
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
    except httpx.TransportError:
        return -1
    found = re.search(r"^reconciler_rounds_total (\S+)", text, re.MULTILINE)
    return float(found[1]) if found else -1


def _memory(operator: Operator) -> str:
    assert operator.process is not None
    text = Path(f"/proc/{operator.process.pid}/status").read_text("utf-8")
    found = re.search(r"VmHWM:\s+(\d+)", text)
    return f"{int(found[1]) / 1024:.0f} MB" if found else "not known"


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
