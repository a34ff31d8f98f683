"""The worked example: a plan made without secrets in one job, applied as an artefact in another."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from reconciler.simulator import Simulator
from tests.guarded import PATIENCE

ROOT = Path(__file__).parents[2]
TOKEN = "not-a-real-token-qXv7"


class Job:
    """One job of a pipeline: a checkout of its own, and the environment that it is given."""

    def __init__(self, folder: Path, address: str, artefact: Path) -> None:
        self.folder = shutil.copytree(ROOT / "examples" / "plan-in-ci", folder)
        self.environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "OPENSEARCH_URL": address,
            "PLAN_FILE": str(artefact),
            "JOURNAL_FILE": str(folder / "journal.jsonl"),
        }

    def run(self, script: str, **secrets: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / script)],
            env=self.environ | secrets,
            cwd=self.folder.parent,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    return {"SLACK_ONCALL_URL": f"https://hooks.slack.com/services/T0/B0/{TOKEN}", "PAGER_TOKEN": TOKEN}


def test_plan_without_secrets_and_apply_of_the_artefact(tmp_path: Path, secrets: dict[str, str]) -> None:
    artefact = tmp_path / "plan.json"
    with Simulator() as simulator:
        planned = Job(tmp_path / "first", simulator.url, artefact).run("plan.sh")
        assert planned.returncode == 0, planned.stderr
        assert "resolved at apply" in planned.stdout
        second = Job(tmp_path / "second", simulator.url, artefact)
        secrets |= {"PAGER_URL": f"{simulator.receiver.url}/ok"}
        applied = second.run("apply.sh", **secrets)
        assert applied.returncode == 0, applied.stdout + applied.stderr
        assert len(simulator.store.all()) == 2
        again = second.run("apply.sh", **secrets)
        assert again.returncode == 0
        assert "already done" in again.stdout
    for text in (planned.stdout, applied.stdout + applied.stderr, artefact.read_text()):
        assert TOKEN not in text


def test_what_moved_in_between_is_refused(tmp_path: Path, secrets: dict[str, str]) -> None:
    artefact = tmp_path / "plan.json"
    with Simulator() as simulator:
        secrets |= {"PAGER_URL": f"{simulator.receiver.url}/ok"}
        job = Job(tmp_path / "first", simulator.url, artefact)
        assert job.run("plan.sh").returncode == 0
        assert job.run("apply.sh", **secrets).returncode == 0
        manifests = job.folder / "channels" / "payments.yaml"
        manifests.write_text(manifests.read_text().replace("Pages the payments", "Wakes the payments"))
        assert job.run("plan.sh").returncode == 0
        address = f"{simulator.url}/_plugins/_notifications/configs/plan-in-ci_payments-oncall"
        config = httpx.get(address, timeout=10).json()["config_list"][0]["config"]
        httpx.put(address, json={"config": config | {"is_enabled": False}}, timeout=10).raise_for_status()
        refused = job.run("apply.sh", **secrets)
        assert refused.returncode == 3
        assert 'SlackChannel "payments-oncall" was changed since' in refused.stderr
        stored = [json.loads(document.text)["config"] for document in simulator.store.all()]
        assert not any("Wakes" in one["description"] for one in stored)
