"""A project in a folder of its own, the real command, and a hand on the live systems behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.simulator import Simulator
from tests import calls
from tests.cli.shell import Shell

KEY, SECRET = "a-key-of-ours", "a-secret-of-ours"
SLACK_URL = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"


def slack(name: str, **spec: Any) -> str:
    """A manifest of a Slack channel; JSON is YAML."""
    return manifest("SlackChannel", name, **{"webhook_url": {"env": "SLACK_URL"}, **spec})


def manifest(kind: str, name: str, **spec: Any) -> str:
    """One manifest of any kind."""
    return json.dumps({"apiVersion": "channels.gitops/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})


@dataclass
class Project(Shell):
    """The shell of a project, with the simulator that plays its targets."""

    simulator: Simulator | None = None

    @property
    def url(self) -> str:
        """Where the simulator is."""
        assert self.simulator is not None
        return self.simulator.url

    def keep(self, *manifests: str) -> None:
        """Write these manifests, and no others."""
        for path in (self.folder / "channels").glob("*"):
            path.unlink()
        for text in manifests:
            self.write(f"channels/{json.loads(text)['metadata']['name']}.yaml", text)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One call by hand, whoever's API the path belongs to; AssertionError if it is refused."""
        with calls.client(auth=(KEY, SECRET)) as client:
            answer = client.request(method, f"{self.url}{path}", json=body)
            assert answer.is_success, answer.text
            return answer.json() if answer.content else None

    def config(self, object_id: str) -> dict[str, Any]:
        """One config of the OpenSearch cluster."""
        found: dict[str, Any] = self.call("GET", f"{CONFIGS}/{object_id}")["config_list"][0]["config"]
        return found

    def configs(self) -> dict[str, dict[str, Any]]:
        """All configs of the OpenSearch cluster, by id."""
        return {item["config_id"]: item["config"] for item in self.call("GET", CONFIGS)["config_list"]}

    def put(self, object_id: str, **members: Any) -> None:
        """Change members of a config by hand."""
        self.call("PUT", f"{CONFIGS}/{object_id}", {"config": {**self.config(object_id), **members}})

    def integrations(self) -> list[dict[str, Any]]:
        """The integrations of the Confluent organisation that a caller may write."""
        found = self.call("GET", f"{INTEGRATIONS}?page_size=100")["data"]
        return [item for item in found if item["target"]["kind"] in ("Slack", "MsTeams", "Webhook")]

    def sent(self) -> list[Any]:
        """What was delivered so far, newest first."""
        return list(self.call("GET", "/_simulator/inbox.json")["deliveries"])


CONFIGS = "/_plugins/_notifications/configs"
INTEGRATIONS = "/notifications/v1/integrations"


def project(folder: Path, simulator: Simulator, **targets: str) -> Project:
    """A project of the owner `acme` with these targets (name: provider), and one Slack channel `oncall`."""
    environ = {"SLACK_URL": SLACK_URL, "CONFLUENT_CLOUD_API_KEY": KEY, "CONFLUENT_CLOUD_API_SECRET": SECRET}
    made = Project(folder, environ, simulator)
    spec = {
        "manifests": ["channels/"],
        "default_targets": sorted(targets),
        "targets": {name: {"provider": provider, "url": simulator.url} for name, provider in targets.items()},
    }
    document = {"apiVersion": "channels.gitops/v1", "kind": "Project", "metadata": {"name": "acme"}, "spec": spec}
    made.write("reconciler.yaml", json.dumps(document))
    made.write("channels/oncall.yaml", slack("oncall"))
    return made
