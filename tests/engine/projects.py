"""A project on disk against simulators, driven by the real command in this process: what the tests of plans share."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.main import main
from reconciler.simulator import Simulator
from tests.cli.shell import Done

SLACK = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/"


@dataclass
class Project:
    """A project file, manifests, environment and simulators; `run` calls the command in its folder."""

    root: Path
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]
    simulators: Mapping[str, Simulator]
    owner: str = "acme"
    config: dict[str, Any] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    def write_project(self, **spec: Any) -> None:
        """Write the project file; `spec` goes over the defaults."""
        targets = {name: {"provider": "opensearch", "url": item.url} for name, item in self.simulators.items()}
        base = {
            "owner": self.owner,
            "manifests": ["channels/"],
            "default_targets": sorted(targets)[:1],
            "targets": targets,
        }
        self.config = {
            "apiVersion": "channels.gitops/v1",
            "kind": "Project",
            "metadata": {"name": "acme-channels"},
            "spec": base | spec,
        }
        (self.root / "reconciler.yaml").write_text(json.dumps(self.config))
        (self.root / "channels").mkdir(exist_ok=True)

    def slack(self, name: str, file: str = "", labels: Mapping[str, str] | None = None, **spec: Any) -> Path:
        """Write a Slack manifest; its address comes from env SLACK_URL unless given."""
        given = {"webhook_url": {"env": "SLACK_URL"}, "test": {"when": "never"}}
        return self.manifest("SlackChannel", name, file, labels, **given | spec)

    def manifest(
        self, kind: str, name: str, file: str = "", labels: Mapping[str, str] | None = None, **spec: Any
    ) -> Path:
        metadata: dict[str, Any] = {"name": name}
        if labels:
            metadata["labels"] = dict(labels)
        path = self.root / "channels" / f"{file or name}.json"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(
            json.dumps({"apiVersion": "channels.gitops/v1", "kind": kind, "metadata": metadata, "spec": spec})
        )
        return path

    def remove(self, name: str) -> None:
        (self.root / "channels" / f"{name}.json").unlink()

    def run(self, *arguments: str, **environ: str | None) -> Done:
        """Run the command; `environ` goes over the project's, None takes a variable away."""
        return self.run_in(self.root, *arguments, **environ)

    def run_in(self, folder: Path, /, *arguments: str, **environ: str | None) -> Done:
        """The same from another folder."""
        with self.monkeypatch.context() as patch:
            patch.chdir(folder)
            for name, value in {"SLACK_URL": SLACK + "first", **self.environ, **environ}.items():
                if value is None:
                    patch.delenv(name, raising=False)
                else:
                    patch.setenv(name, value)
            self.capfd.readouterr()
            with pytest.raises(SystemExit) as ended:
                main(arguments)
            shown = self.capfd.readouterr()
        code = ended.value.code
        return Done(code if isinstance(code, int) else -1, shown.out, shown.err)

    def apply(self, *arguments: str, **environ: str | None) -> Done:
        done = self.run("apply", "--yes", *arguments, **environ)
        assert done.code == 0, done.everything
        return done

    def apply_saved(self, plan: Path, *arguments: str, **environ: str | None) -> Done:
        """Carry out a saved plan, which asks nothing."""
        done = self.run("apply", str(plan), *arguments, **environ)
        assert done.code == 0, done.everything
        return done

    def plan(self, *arguments: str, **environ: str | None) -> dict[str, Any]:
        """The plan as `--json` prints it."""
        done = self.run("plan", "--json", *arguments, **environ)
        assert done.code == 0, done.everything
        document: dict[str, Any] = done.json()
        return document

    def save(self, *arguments: str, **environ: str | None) -> Path:
        path = self.root / "plan.json"
        done = self.run("plan", "--out", str(path), *arguments, **environ)
        assert done.code == 0, done.everything
        return path

    def configs(self, target: str = "search") -> dict[str, dict[str, Any]]:
        """What a simulator holds, by id."""
        documents = [json.loads(document.text) for document in self.simulators[target].store.all()]
        return {document["config_id"]: document["config"] for document in documents}

    def change_live(self, object_id: str, target: str = "search", **config: Any) -> None:
        """Change a live object as a person would in the user interface."""
        import httpx

        now = self.configs(target)[object_id] | config
        address = f"{self.simulators[target].url}/_plugins/_notifications/configs/{object_id}"
        httpx.put(address, json={"config": now}, timeout=10).raise_for_status()

    def delete_live(self, object_id: str, target: str = "search") -> None:
        import httpx

        address = f"{self.simulators[target].url}/_plugins/_notifications/configs/{object_id}"
        httpx.delete(address, timeout=10).raise_for_status()

    def create_live(self, object_id: str, target: str = "search", **config: Any) -> None:
        import httpx

        address = f"{self.simulators[target].url}/_plugins/_notifications/configs"
        body = {"config_id": object_id, "config": config}
        httpx.post(address, json=body, timeout=10).raise_for_status()

    def writes(self, target: str = "search") -> list[str]:
        """The writing calls since the last `clear_requests`."""
        calls = self.simulators[target].requests
        return [f"{call.method} {call.path}" for call in calls if call.method != "GET" or "/feature/test/" in call.path]

    def forget_calls(self) -> None:
        for item in self.simulators.values():
            item.clear_requests()

    def git(self, *arguments: str) -> str:
        environ = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
            "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
        }
        names = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
        done = subprocess.run(
            ["git", *names, *arguments],
            cwd=self.root,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, words: str = "change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", words)
        return self.git("rev-parse", "HEAD")


@contextmanager
def simulators(*names: str) -> Iterator[dict[str, Simulator]]:
    """As many simulators as names, each a cluster of its own."""
    running: dict[str, Simulator] = {}
    try:
        for name in names:
            running[name] = Simulator(cluster_id=f"cluster-{name}").__enter__()
        yield running
    finally:
        for item in running.values():
            item.__exit__(None, None, None)
