"""A real Kubernetes API server on loopback, for tests: CRDs, CEL, RBAC, Secrets, Events and Leases; no pods, no garbage
collector, and a deleted namespace stays Terminating until what is in it is gone.

    def test_it(apiserver: ApiServer) -> None:              # the fixture is one server for the whole run
        api = apiserver.client()                            # an httpx.Client with the rights of an administrator
        api.post("/api/v1/namespaces", json=...)
        apiserver.apply(*objects)                           # server-side apply, strict; waits for CRDs to be served
        kubeconfig = apiserver.kubeconfig("operator")       # a file for kubectl or kopf, of one of USERS
        namespace = apiserver.namespace()                   # a new one for each test, since the server is shared

`ApiServer` is a context manager too, for a test that breaks its server: `kill("etcd")`, `start("etcd")`,
`pause("apiserver")`, `go_on("apiserver")`. The programs come from `build.binary`, and end by SIGKILL, or by
themselves after an hour. Tests that need it are in `tests/operator/cluster`, which `make test-operator` runs.
"""

from __future__ import annotations

import itertools
import os
import random
import secrets
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx
import trustme
import yaml

from tests.operator.build import binary
from tests.operator.objects import apply_object, served_paths

__all__ = ["OPERATOR", "USERS", "ApiServer", "cpu_seconds", "wait_until"]

OPERATOR = "system:serviceaccount:channel-reconciler:channel-reconciler"
USERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "admin": ("admin", ("system:masters",)),
    "operator": (OPERATOR, ("system:serviceaccounts", "system:serviceaccounts:channel-reconciler")),
    "alice": ("alice", ()),
    "bob": ("bob", ()),
}
"""Who may log in, by a short name: the name that RBAC sees, and the groups. Alice and Bob have no rights."""

_LONGEST = 3600  # seconds that a program may live, whatever becomes of the tests
_PATIENCE = 120.0  # seconds until it must be ready; it takes 3 on an idle machine
_POLL = 0.05
_PORTS = range(20_000, 32_000)  # below those that Linux gives to outgoing connections
_ATTEMPTS = 4  # another program may take a port between the moment we chose it and the moment it is used


class ApiServer:
    """The server with its etcd, in a folder of its own."""

    def __init__(self) -> None:
        self._programs = {name: binary(name) for name in ("etcd", "apiserver")}
        self._stack = ExitStack()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}
        self._clients: dict[str, httpx.Client] = {}
        self._numbers = itertools.count(1)
        self._tokens = {name: secrets.token_hex(16) for name in USERS}
        self.folder = Path()
        self.url = self._etcd = ""

    def __enter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="apiserver-")))
        self._write_credentials()
        self._stack.callback(self._end)
        for attempt in range(1, _ATTEMPTS + 1):
            self._choose_ports()
            try:
                self.start("etcd")
                self.start("apiserver")
                return self
            except _EndedError:
                self._end()
                if attempt == _ATTEMPTS:
                    self._stack.close()
                    raise
        raise AssertionError("not reached")

    def __exit__(self, *_about: object) -> None:
        self._stack.close()

    @property
    def ca(self) -> Path:
        """The PEM file of the authority that signed the server's certificate."""
        return self.folder / "ca.pem"

    def token(self, user: str) -> str:
        """The bearer token of one of USERS."""
        return self._tokens[user]

    def client(self, user: str = "admin") -> httpx.Client:
        """The client of one of USERS; it is closed with the server."""
        if user not in self._clients:
            client = httpx.Client(
                base_url=self.url,
                verify=ssl.create_default_context(cafile=str(self.ca)),
                headers={"Authorization": f"Bearer {self.token(user)}"},
                timeout=60,
                trust_env=False,
            )
            self._clients[user] = self._stack.enter_context(client)
        return self._clients[user]

    def kubeconfig(self, user: str = "admin", namespace: str = "default") -> Path:
        """A kubeconfig file of one of USERS."""
        cluster = {"server": self.url, "certificate-authority": str(self.ca)}
        context = {"cluster": "tests", "user": user, "namespace": namespace}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
            "contexts": [{"name": "tests", "context": context}],
        }
        path = self.folder / f"kubeconfig-{user}-{namespace}.yaml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    def namespace(self, **labels: str) -> str:
        """The name of a new namespace."""
        name = f"tests-{next(self._numbers)}"
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        self.client().post("/api/v1/namespaces", json=body).raise_for_status()
        return name

    def apply(self, *objects: Mapping[str, Any], user: str = "admin", namespace: str = "default") -> None:
        """Server-side apply, with strict decoding; a CRD is waited for until its objects can be written, and the server
        names it to whoever asks what there is, which is later. `namespace` is for objects that name none.
        AssertionError with the server's own words if it refuses one."""
        api = self.client(user)
        for one in objects:
            answer = apply_object(api, one, namespace)
            assert answer.is_success, f"{one['kind']} {one['metadata']['name']}: {answer.text}"
            if one["kind"] == "CustomResourceDefinition":
                for path in served_paths(one):
                    wait_until(partial(_answers, api, path), f"{path} is not served")
        for path in itertools.chain(
            *(served_paths(one) for one in objects if one["kind"] == "CustomResourceDefinition")
        ):
            wait_until(partial(_is_named, api, path), f"{path} is not named")

    def start(self, name: str) -> None:
        """Start `etcd` or `apiserver`, and wait until it is ready."""
        with (self.folder / f"{name}.log").open("ab") as log:
            bound = ["timeout", "--signal=KILL", str(_LONGEST)]
            self._running[name] = subprocess.Popen(
                [*bound, *self._commands[name]], cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(partial(self._is_ready, name), f"{name} is not ready")

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash or a lost node does it."""
        process = self._running.pop(name)
        _signal(process, signal.SIGKILL)
        process.wait()

    def pause(self, name: str) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        _signal(self._running[name], signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """SIGCONT after `pause`."""
        _signal(self._running[name], signal.SIGCONT)

    def cpu_seconds(self, name: str) -> float:
        """What `etcd` or `apiserver` has used of the processors so far."""
        timeout = self._running[name].pid
        (child,) = Path(f"/proc/{timeout}/task/{timeout}/children").read_text("utf-8").split()
        return cpu_seconds(int(child))

    def _is_ready(self, name: str) -> bool:
        """Whether it says so. _EndedError if it has ended: the log's last lines."""
        process = self._running[name]
        if process.poll() is not None:
            raise _EndedError(f"{name} ended with {process.returncode}: {self.log(name)[-2000:]}")
        return _answers(self.client(), "/readyz" if name == "apiserver" else f"{self._etcd}/health")

    def log(self, name: str) -> str:
        """What `etcd` or `apiserver` has logged."""
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")

    def _end(self) -> None:
        for name in list(self._running):
            self.kill(name)

    def _write_credentials(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca))
        authority.private_key_pem.write_to_path(str(self.folder / "accounts.pem"))
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        certificate.private_key_and_cert_chain_pem.write_to_path(str(self.folder / "server.pem"))
        lines = [f'{self.token(user)},{name},{name},"{",".join(groups)}"' for user, (name, groups) in USERS.items()]
        (self.folder / "tokens.csv").write_text("\n".join(lines), "utf-8")

    def _choose_ports(self) -> None:
        """Choose ports of loopback that are free now, and what is called with them."""
        serving, peers, secure = itertools.islice(filter(_is_free, random.sample(_PORTS, len(_PORTS))), 3)
        self.url, self._etcd = f"https://127.0.0.1:{secure}", f"http://127.0.0.1:{serving}"
        self._clients.clear()
        etcd = {
            "data-dir": "etcd",
            "listen-client-urls": self._etcd,
            "advertise-client-urls": self._etcd,
            "listen-peer-urls": f"http://127.0.0.1:{peers}",
            "initial-advertise-peer-urls": f"http://127.0.0.1:{peers}",
            "initial-cluster": f"default=http://127.0.0.1:{peers}",
            "log-level": "error",
        }
        apiserver = {
            "etcd-servers": self._etcd,
            "bind-address": "127.0.0.1",
            "secure-port": str(secure),
            "cert-dir": "certificates",
            "tls-cert-file": "server.pem",
            "tls-private-key-file": "server.pem",
            "service-account-issuer": "https://kubernetes.tests",
            "service-account-key-file": "accounts.pem",
            "service-account-signing-key-file": "accounts.pem",
            "token-auth-file": "tokens.csv",
            "authorization-mode": "RBAC",
        }
        self._commands = {
            "etcd": [str(self._programs["etcd"]), "--unsafe-no-fsync", *_flags(etcd)],
            "apiserver": [str(self._programs["apiserver"]), *_flags(apiserver)],
        }


def _is_named(api: httpx.Client, path: str) -> bool:
    """Whether the list of a group's resources has the one that is served there."""
    group, _, plural = path.rpartition("/")
    answer = api.get(group)
    return answer.is_success and plural in {item["name"] for item in answer.json()["resources"]}


class _EndedError(AssertionError):
    """A program ended before it was ready."""


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) != 0


def _flags(settings: Mapping[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in settings.items()]


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors so far, of itself and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To `timeout` and the program that it runs, which are a group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _answers(api: httpx.Client, url: str) -> bool:
    try:
        return api.get(url).is_success
    except httpx.TransportError:
        return False


def wait_until(condition: Callable[[], bool], otherwise: str, patience: float = _PATIENCE) -> None:
    """Ask until it holds. AssertionError that says `otherwise` if it does not within `patience` seconds."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"{otherwise} after {patience:g} s"
        time.sleep(_POLL)
