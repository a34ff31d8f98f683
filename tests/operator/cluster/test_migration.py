"""From the command line to the operator and back, with the same objects: no write, no message, no duplicate."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from reconciler.simulator import Simulator
from tests.operator.apiserver import ApiServer
from tests.operator.cluster.faults import ShardTeam
from tests.operator.cluster.running import ADDRESS, Operator

NAMES = ("oncall", "payments")
SLACK = {"webhook_url": {"secret": "slack", "key": "url"}}  # as the team writes them: the same files for both
WRITES = {"PUT", "POST", "DELETE"}


def _write_project(folder: Path, team: ShardTeam) -> None:
    spec = {
        "manifests": ["channels/"],
        "owner": team.namespace,
        "default_targets": ["search"],
        "targets": {"search": {"provider": "opensearch", "url": team.search.url}},
    }
    _write(folder / "reconciler.yaml", "Project", "acme", spec)
    (folder / "channels").mkdir()
    for name in NAMES:
        _write(folder / "channels" / f"{name}.yaml", "SlackChannel", name, SLACK)


def _write(path: Path, kind: str, name: str, spec: Mapping[str, object]) -> None:
    document = {"apiVersion": "channels.gitops/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    path.write_text(yaml.safe_dump(document), "utf-8")


def _command_line(folder: Path, *arguments: str) -> int:
    command = [sys.executable, "-m", "reconciler", *arguments]
    environ = {**os.environ, "RECONCILER_SECRET_SLACK_URL": ADDRESS, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, timeout=120, check=False).returncode


def _writes(search: Simulator) -> int:
    return sum(request.method in WRITES and "/feature/test/" not in request.path for request in search.requests)


def test_the_operator_takes_over_and_gives_back(cluster: ApiServer, tmp_path: Path) -> None:
    with Simulator() as search:
        team = ShardTeam(cluster, "", search)
        _write_project(tmp_path, team)
        assert _command_line(tmp_path, "apply", "--yes") == 0
        assert team.live() == sorted(NAMES)
        ids, writes, messages = set(team.configs()), _writes(search), team.messages()
        with Operator(cluster, tmp_path, f"--namespace={team.namespace}"):
            team.begin(operator={"suspend": True})
            for name in NAMES:
                team.slack(name)
            team.wait_for("Project", "acme", Ready="Unknown Suspended")
            team.begin()
            for name in NAMES:
                team.wait_for("SlackChannel", name, Ready="True Applied", Verified="Unknown NotTested")
            team.wait_for("Project", "acme", Ready="True TargetsRead")
            team.begin(operator={"suspend": True})
            team.wait_for("Project", "acme", Ready="Unknown Suspended")
            assert _command_line(tmp_path, "plan", "--detailed-exitcode") == 0
            for name in NAMES:
                team.delete("SlackChannel", name)
                assert team.get("SlackChannel", name) is None, "it is held"
        assert (set(team.configs()), _writes(search), team.messages()) == (ids, writes, messages)
        assert _command_line(tmp_path, "plan", "--detailed-exitcode") == 0
