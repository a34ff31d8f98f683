"""A stand-in for an API server, as far as the operator asks it: objects in a dictionary, behind `httpx.MockTransport`.

It counts generations and versions as the real one does. What only the real one can say is tested against that, in
`make test-operator`.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from reconciler.model.kinds import API_VERSION, KINDS
from reconciler.operator.crds import PROJECT
from reconciler.operator.kubernetes import Cluster, path_of
from reconciler.operator.leases import Leases
from reconciler.operator.metrics import exposition
from reconciler.operator.permissions import Allowed, Policy
from reconciler.operator.published import Published
from reconciler.operator.reading import Snapshots
from reconciler.operator.resources import FINALIZER
from reconciler.operator.rounds import After, Rounds
from reconciler.operator.schedule import Key, Queue
from reconciler.operator.surroundings import Surroundings
from reconciler.operator.writing import Writer
from reconciler.simulator import Simulator
from tests import calls

Object = dict[str, Any]
NS = "team"
ADDRESS = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"
CURRENT = Published(dict.fromkeys([PROJECT, *KINDS], ()))
"""Definitions as new as the operator."""

LOCAL = Policy((("*", Allowed(local=True)),))


class Login:
    """Where the stand-in is."""

    server = "http://cluster.test"
    ca_path = ca_data = certificate_path = certificate_data = private_key_path = private_key_data = None
    insecure: bool | None = None

    def as_http_headers(self) -> dict[str, str]:
        return {"authorization": "Bearer x"}


@dataclass
class FakeCluster:
    """`objects` are by their paths. `refuse` answers so, by method and path."""

    objects: dict[str, Object] = field(default_factory=dict)
    refuse: dict[tuple[str, str], int] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    _version: int = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        path, method = request.url.path, request.method
        self.calls.append((method, path))
        for (refused, pattern), status in self.refuse.items():
            if refused == method and re.fullmatch(pattern, path):
                return httpx.Response(status, json={"message": "refused"})
        body = json.loads(request.content) if request.content else {}
        if method == "POST":
            return self._create(f"{path}/{body['metadata']['name']}", body)
        if method == "GET" and path not in self.objects:
            return self._list(path, request.url.params.get("labelSelector", ""))
        if path.removesuffix("/status") not in self.objects:
            return httpx.Response(404, json={"message": "not found"})
        if method == "GET":
            return httpx.Response(200, json=self.objects[path])
        return self._write(path, body, whole=method == "PUT")

    def _list(self, path: str, selector: str) -> httpx.Response:
        if re.search(r"/(namespaces|leases)/[^/]+$", path):
            return httpx.Response(404, json={"message": "not found"})
        found = [item for at, item in self.objects.items() if at.rpartition("/")[0] == path]
        if path == path_of("Project"):
            found = [item for at, item in self.objects.items() if re.search(r"/projects/[^/]+$", at)]
        if selector:
            label, _, value = selector.partition("=")
            found = [item for item in found if (item["metadata"].get("labels") or {}).get(label) == value]
        return httpx.Response(200, json={"metadata": {}, "items": found})

    def _create(self, path: str, body: Object) -> httpx.Response:
        if path in self.objects:
            return httpx.Response(409, json={"message": "exists"})
        return httpx.Response(201, json=self.put(path, body))

    def put(self, path: str, body: Mapping[str, Any]) -> Object:
        """A new object, as the server completes it."""
        made = copy.deepcopy(dict(body))
        self._version += 1
        made["metadata"] = {
            "uid": f"uid-{self._version}",
            "generation": 1,
            "creationTimestamp": f"2026-01-01T00:00:{self._version % 60:02}Z",
            **made["metadata"],
            "resourceVersion": str(self._version),
        }
        self.objects[path] = made
        return made

    def _write(self, path: str, body: Object, *, whole: bool) -> httpx.Response:
        at = path.removesuffix("/status")
        stored = self.objects[at]
        wanted = (body.get("metadata") or {}).get("resourceVersion")
        if wanted and wanted != stored["metadata"]["resourceVersion"]:
            return httpx.Response(409, json={"message": "conflict"})
        if whole:
            changed = {**body, "metadata": {**stored["metadata"], **body["metadata"]}}
        else:
            kept = {"status": body.get("status")} if path.endswith("/status") else body
            changed = merge(stored, kept)
        return httpx.Response(200, json=self.store(at, changed))

    def store(self, at: str, changed: Object) -> Object:
        """Keep a changed object: its version goes up, and its generation with its spec."""
        stored = self.objects[at]
        self._version += 1
        metadata = {**changed["metadata"], "resourceVersion": str(self._version)}
        if changed.get("spec") != stored.get("spec") and "leases" not in at:
            metadata["generation"] = stored["metadata"]["generation"] + 1
        changed = {**changed, "metadata": metadata}
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            del self.objects[at]
        else:
            self.objects[at] = changed
        return changed


def merge(before: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(before) if isinstance(before, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


class World(AbstractContextManager["World"]):
    """A stand-in cluster, simulators as targets, and the rounds of one operator, run one after the other. `now` is what
    the operator's own clock says, in seconds."""

    def __init__(self, folder: Path, *targets: str, cluster: FakeCluster | None = None, policy: Policy = LOCAL) -> None:
        self.cluster = cluster or FakeCluster()
        self.folder = folder
        self.policy = policy
        self.systems = {name: Simulator() for name in targets or ("search",)}
        self.runner = asyncio.Runner()
        self.now = 0.0

    def __enter__(self) -> Self:
        for system in self.systems.values():
            system.start()
        self.cluster.put(f"/api/v1/namespaces/{NS}", {"metadata": {"name": NS}})
        self.restart()
        return self

    def __exit__(self, *_about: object) -> None:
        self.runner.run(self.api.close())
        self.runner.close()
        for system in self.systems.values():
            system.stop()

    def restart(self, holder: str = "one") -> None:
        """A new process of the operator, which knows nothing yet."""
        self.api = Cluster(Login, transport=httpx.MockTransport(self.cluster.answer))
        self.snapshots = Snapshots(self.api)
        self.known: set[Key] = set()
        self.moved: list[str] = []
        self.around = Surroundings(
            cluster=self.api,
            leases=Leases(Cluster(Login, transport=httpx.MockTransport(self.cluster.answer)), "operator", holder),
            snapshots=self.snapshots,
            writer=Writer(self.api, self.moved.append),
            wake=self.known.add,
            policy=self.policy,
            folder=self.folder,
            clock=lambda: self.now,
            published=CURRENT,
        )
        self.rounds = Rounds(self.around)

    def project(
        self, name: str = "acme", namespace: str = NS, logins: Mapping[str, str] | None = None, **spec: Any
    ) -> str:
        """Write the project; its path. `logins` names the Secrets of targets that do not use `login`."""
        targets = {
            target: {"provider": "opensearch", "url": system.url, "auth": {"basic": _login((logins or {}).get(target))}}
            for target, system in self.systems.items()
        }
        self.secret("login", namespace=namespace, password="admin")
        return self.put("Project", name, namespace, **{"targets": targets, "default_targets": [*targets], **spec})

    def slack(self, name: str, namespace: str = NS, **spec: Any) -> str:
        """Write a SlackChannel; its path."""
        return self.put("SlackChannel", name, namespace, **{"webhook_url": {"secret": "slack", "key": "url"}, **spec})

    def secret(self, name: str, namespace: str = NS, *, labelled: bool = True, **values: str) -> str:
        """Write a Secret; its path."""
        path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        labels = {"channels.gitops/use": "true"} if labelled else {}
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self._put(path, {"metadata": {"name": name, "namespace": namespace, "labels": labels}, "data": data})
        return path

    def put(self, kind: str, name: str, namespace: str = NS, **spec: Any) -> str:
        """Write an object of ours: new, or with another spec."""
        path = path_of(kind, namespace, name)
        body = {"apiVersion": API_VERSION, "kind": kind, "spec": spec}
        self._put(path, {**body, "metadata": {"name": name, "namespace": namespace}})
        return path

    def _put(self, path: str, body: Object) -> None:
        if path in self.cluster.objects:
            stored = self.cluster.objects[path]
            self.cluster.store(path, {**stored, **body, "metadata": {**stored["metadata"], **body["metadata"]}})
        else:
            self.cluster.put(path, body)

    def annotate(self, path: str, **annotations: str) -> None:
        """Annotate an object under our group."""
        stored = self.cluster.objects[path]
        ours = {f"channels.gitops/{name.replace('_', '-')}": value for name, value in annotations.items()}
        metadata = {**stored["metadata"], "annotations": {**stored["metadata"].get("annotations", {}), **ours}}
        self.cluster.store(path, {**stored, "metadata": metadata})

    def delete(self, path: str) -> None:
        """Ask for a deletion, as kubectl does."""
        stored = self.cluster.objects[path]
        metadata = {**stored["metadata"], "deletionTimestamp": stored["metadata"].get("deletionTimestamp", _now())}
        self.cluster.store(path, {**stored, "metadata": metadata})

    def look(self, *targets: str, namespace: str = NS) -> dict[str, After]:
        """Look at the project, then at its targets (all, or these), as after an event."""
        return self.runner.run(self._look(namespace, targets))

    async def _look(self, namespace: str, targets: tuple[str, ...]) -> dict[str, After]:
        self.snapshots.invalidate(namespace)
        done = {"": await self.rounds.run(Key(namespace))}
        for key in sorted(self.known):
            if key.namespace == namespace and (not targets or key.target in targets):
                self.snapshots.invalidate(namespace)
                done[key.target] = await self.rounds.run(key)
        return done

    def status(self, path: str) -> Object:
        """An object's status."""
        found: Object = self.cluster.objects[path].get("status", {})
        return found

    def conditions(self, path: str) -> dict[str, str]:
        """The conditions of an object as `Ready: True Applied`."""
        return {item["type"]: f"{item['status']} {item['reason']}" for item in self.status(path).get("conditions", [])}

    def message(self, path: str, kind: str = "Ready") -> str:
        """The message of a condition."""
        return str(next(item["message"] for item in self.status(path)["conditions"] if item["type"] == kind))

    def has_finalizer(self, path: str) -> bool:
        """Whether an object waits for us to be deleted."""
        return FINALIZER in (self.cluster.objects[path]["metadata"].get("finalizers") or [])

    @property
    def events(self) -> list[str]:
        """The Events so far, as `Warning TestFailed oncall`."""
        return [
            f"{item['type']} {item['reason']} {item['involvedObject']['name']}"
            for path, item in self.cluster.objects.items()
            if "/events/" in path
        ]

    def writes(self) -> list[tuple[str, str]]:
        """The writes so far; and forget them."""
        found = [call for call in self.cluster.calls if call[0] != "GET"]
        self.cluster.calls.clear()
        return found

    def live(self, target: str = "search") -> dict[str, Object]:
        """The channels that are live on a target by id."""
        with calls.client(base_url=self.systems[target].url, auth=("admin", "admin"), verify=False) as client:
            answer = client.get("/_plugins/_notifications/configs", params={"max_items": "1000"})
        return {item["config_id"]: item["config"] for item in answer.json()["config_list"]}

    def samples(self, name: str) -> list[str]:
        """The values of one of our metrics."""
        lines = exposition(self.rounds, Queue()).decode().splitlines()
        return [line.rpartition(" ")[2] for line in lines if line.startswith(f"reconciler_{name}{{")]

    def messages(self, target: str = "search") -> int:
        """How many test messages a target has sent."""
        return len(self.systems[target].inbox.deliveries)


def _login(secret: str | None) -> Object:
    return {"username": {"plain": "admin"}, "password": {"secret": secret or "login", "key": "password"}}


def _now() -> str:
    from reconciler.operator.writing import now_text

    return now_text()
