"""The operator as a process of its own against the real API server, with simulators as targets: what tests share.

Waiting is always for a condition, with a deadline that only a broken operator misses.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import yaml

from reconciler.operator.crds import GROUP, VERSION, plural_of
from reconciler.simulator import Simulator
from tests import calls
from tests.operator.apiserver import ApiServer, wait_until

Object = dict[str, Any]
ADDRESS = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"
LEASES = "channel-reconciler"
CONFIGS = "/_plugins/_notifications/configs"
COMMAND = (sys.executable, "-m", "reconciler", "operator")


class Operator(AbstractContextManager["Operator"]):
    """`reconciler operator run`, with the rights of its role and no more."""

    def __init__(self, cluster: ApiServer, folder: Path, *arguments: str) -> None:
        self._cluster = cluster
        self._folder = folder
        self._arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Operator:
        self.start()
        return self

    def __exit__(self, *_about: object) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.stop(signal.SIGKILL)

    def start(self) -> None:
        """Start a process; it is not waited for."""
        policy = self._folder / "policy.yaml"
        policy.write_text(yaml.safe_dump({"namespaces": {"*": {"local": True}}}), "utf-8")
        arguments = ["run", "--port=0", "--host=127.0.0.1", f"--lease-namespace={LEASES}", f"--policy={policy}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments, *self._arguments],
                env=self._environ("operator"),
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def call(self, *arguments: str, user: str = "operator") -> subprocess.CompletedProcess[str]:
        """Call another verb of `reconciler operator`, and wait for its end."""
        command = [*COMMAND, *arguments]
        environ = self._environ(user)
        return subprocess.run(
            command, env=environ, cwd=self._folder, capture_output=True, text=True, timeout=300, check=False
        )

    def _environ(self, user: str) -> dict[str, str]:
        root = Path(__file__).parents[3]
        return {**os.environ, "KUBECONFIG": str(self._cluster.kubeconfig(user)), "PYTHONPATH": str(root)}

    @property
    def log(self) -> Path:
        """What the processes so far have said."""
        return self._folder / "operator.log"

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the process, and wait for it; its exit code."""
        process, self.process = self.process, None
        assert process is not None
        process.send_signal(number)
        return process.wait(60)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)


class Team:
    """A namespace with its objects, and the targets of its project."""

    def __init__(self, cluster: ApiServer, targets: Mapping[str, Simulator]) -> None:
        self.cluster = cluster
        self.targets = targets
        self.namespace = cluster.namespace()
        self.api = cluster.client()

    def project(self, name: str = "acme", labels: Mapping[str, str] | None = None, **spec: Any) -> None:
        """Apply the project, whose owner is the namespace."""
        self.secret("login", password="admin")
        basic = {"username": {"plain": "admin"}, "password": {"secret": "login", "key": "password"}}
        targets = {
            target: {"provider": "opensearch", "url": system.url, "auth": {"basic": basic}}
            for target, system in self.targets.items()
        }
        whole = {"targets": targets, "default_targets": sorted(targets), "owner": self.namespace, **spec}
        self.apply("Project", name, whole, labels)

    def slack(self, name: str, **spec: Any) -> None:
        """Apply a SlackChannel."""
        self.apply("SlackChannel", name, {"webhook_url": {"secret": "slack", "key": "url"}, **spec})

    def apply(self, kind: str, name: str, spec: Object, labels: Mapping[str, str] | None = None) -> None:
        """Apply an object of ours."""
        metadata = {"name": name, "namespace": self.namespace, "labels": dict(labels or {})}
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": kind, "metadata": metadata, "spec": spec}
        answer = self.api.patch(
            self.path(kind, name),
            params={"fieldManager": "tests", "force": "true", "fieldValidation": "Strict"},
            headers={"content-type": "application/apply-patch+yaml"},
            json=body,
        )
        assert answer.is_success, answer.text

    def secret(self, name: str, **values: str) -> None:
        """Apply a labelled Secret."""
        metadata = {"name": name, "namespace": self.namespace, "labels": {f"{GROUP}/use": "true"}}
        self.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values})

    def path(self, kind: str, name: str) -> str:
        """Where an object of ours is."""
        return f"/apis/{GROUP}/{VERSION}/namespaces/{self.namespace}/{plural_of(kind)}/{name}"

    def get(self, kind: str, name: str) -> Object | None:
        """An object of ours, None if it is gone."""
        answer = self.api.get(self.path(kind, name))
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found: Object = answer.raise_for_status().json()
        return found

    def delete(self, kind: str, name: str) -> None:
        """Ask for the deletion of an object of ours."""
        self.api.delete(self.path(kind, name)).raise_for_status()

    def annotate(self, kind: str, name: str, **annotations: str) -> None:
        """Annotate an object of ours under our group."""
        ours = {f"{GROUP}/{key.replace('_', '-')}": value for key, value in annotations.items()}
        headers = {"content-type": "application/merge-patch+json"}
        body = {"metadata": {"annotations": ours}}
        self.api.patch(self.path(kind, name), json=body, headers=headers).raise_for_status()

    def conditions(self, kind: str, name: str) -> dict[str, str]:
        """The conditions of an object's present generation, as `Ready: True Applied`; {} while there are none."""
        found = self.get(kind, name) or {}
        status = found.get("status") or {}
        if status.get("observedGeneration") != (found.get("metadata") or {}).get("generation"):
            return {}
        return {item["type"]: f"{item['status']} {item['reason']}" for item in status.get("conditions", [])}

    def wait_for(self, kind: str, name: str, **wanted: str) -> None:
        """Wait until these conditions are so."""

        def is_so() -> bool:
            return wanted.items() <= self.conditions(kind, name).items()

        try:
            wait_until(is_so, f"{kind} {name} of {self.namespace} is not {wanted}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.get(kind, name)}") from None

    def configs(self, target: str = "search") -> dict[str, Object]:
        """Everything live on a target by its id."""
        with self._target(target) as client:
            found = client.get(CONFIGS, params={"max_items": "5000"}).json()
        return {item["config_id"]: item["config"] for item in found["config_list"]}

    def live(self, target: str = "search") -> list[str]:
        """The names of the live channels on a target that this namespace owns."""
        mark = f"[{self.namespace}/"
        return sorted(item["name"] for item in self.configs(target).values() if mark in item.get("description", ""))

    def move(self, name: str, target: str = "search", **fields: Any) -> None:
        """Change a live channel by hand."""
        object_id = f"{self.namespace}_{name}"
        config = {**self.configs(target)[object_id], **fields}
        with self._target(target) as client:
            body = {"config_id": object_id, "config": config}
            client.put(f"{CONFIGS}/{object_id}", json=body).raise_for_status()

    def _target(self, target: str) -> httpx.Client:
        return calls.client(base_url=self.targets[target].url, auth=("admin", "admin"), verify=False)

    def events(self) -> list[str]:
        """The Events of the namespace, as `Warning TestFailed oncall`."""
        items = self.api.get(f"/api/v1/namespaces/{self.namespace}/events").raise_for_status().json()["items"]
        return [f"{item['type']} {item['reason']} {item['involvedObject']['name']}" for item in items]

    def sent(self, target: str = "search") -> int:
        """How many test messages a target has sent."""
        return len(self.targets[target].inbox.deliveries)
