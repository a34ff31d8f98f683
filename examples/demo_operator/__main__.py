"""The operator as a story: `make demo-operator`, or `python -m examples.demo_operator`.

A real Kubernetes API server (built from source once, see `make test-operator`), the embedded simulator as the target
and `reconciler operator run` with the rights of its role run on this machine; everything else is kubectl, as anybody
would use it. The project is a copy of `examples/operator`. It ends by itself; needs Go and kubectl.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from examples.demo.__main__ import COMMAND, Story, simulator
from reconciler.operator.install import OPERATOR, Install, objects_of
from tests.operator.apiserver import ApiServer
from tests.operator.build import NotBuildableError, binary, find_go

PROJECT = Path(__file__).parents[1] / "operator"
NAMESPACE = "payments"
PATIENCE = 90.0  # seconds for any one step; each takes a few
SLACK = "https://hooks.slack.com/services/T0DEMO/B0DEMO/not-a-real-token"


class Cluster:
    """kubectl with the rights of an administrator, in the demo's namespace."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self._environ = {**os.environ, "KUBECONFIG": str(server.kubeconfig("admin")), "HOME": str(folder)}
        self._folder = folder

    def run(self, *arguments: str) -> None:
        """Show the command and what it says; stop the demo if it fails."""
        print(f"\n$ kubectl {shlex.join(arguments)}", flush=True)
        if self._call(*arguments).returncode:
            sys.exit("the demo went wrong: kubectl failed")

    def read(self, *arguments: str) -> str:
        """What a command prints, which is not shown; "" if it fails."""
        return self._call(*arguments, capture=True).stdout or ""

    def _call(self, *arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", f"--namespace={NAMESPACE}", *arguments]
        return subprocess.run(
            command,
            cwd=self._folder,
            env=self._environ,
            capture_output=capture,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def ready_of(self, channel: str) -> str:
        """The reason of a channel's condition Ready, if it is of the present generation."""
        found = json.loads(self.read("get", channel, "-o", "json") or "{}")
        conditions = found.get("status", {}).get("conditions", [])
        generation = found.get("metadata", {}).get("generation")
        reasons = [item["reason"] for item in conditions if item["type"] == "Ready"]
        return reasons[0] if reasons and found["status"].get("observedGeneration") == generation else ""


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Ask until it holds; stop the demo if it does not in time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"the demo went wrong: {what} did not happen within {PATIENCE:.0f} s")
        time.sleep(0.2)


@contextmanager
def operator(server: ApiServer, folder: Path) -> Iterator[None]:
    """`reconciler operator run`, with a policy that lets this namespace have targets on this machine."""
    policy = folder / "policy.yaml"
    policy.write_text(yaml.safe_dump({"namespaces": {NAMESPACE: {"local": True}}}))
    command = [*COMMAND, "operator", "run", "--policy", str(policy), "--lease-namespace", OPERATOR]
    environ = {**os.environ, "KUBECONFIG": str(server.kubeconfig("operator"))}
    with (folder / "operator.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", "0"], env=environ, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def prepare(folder: Path, addresses: dict[str, str]) -> None:
    """Copy the example and fill in what a user fills in: the target's address and the secrets' values."""
    shutil.copytree(PROJECT, folder)
    project = folder / "reconciler.yaml"
    text = project.read_text().replace("https://opensearch.example.org:9200", addresses["serving"])
    project.write_text(text.replace("interval: 10m", "interval: 10s"))
    secrets = folder / "secrets.yaml"
    text = secrets.read_text().replace("https://pager.example.org/hook", f"{addresses['sink']}/pager")
    secrets.write_text(text.replace("https://hooks.slack.com/services/T00000000/B00000000/change-me", SLACK))


def patch_of(**values: str) -> str:
    """A patch of a Secret's values."""
    return json.dumps({"stringData": values})


def tell(cluster: Cluster, story: Story) -> None:
    """The story, from `kubectl apply` to a deletion that is held and then allowed."""
    sink = story.addresses["sink"]
    pager = "webhookchannels.channels.gitops/pager"
    slack = "slackchannels.channels.gitops/oncall"
    story.say(
        "The same manifests as custom resources: one Project, a Slack channel and a webhook, with their values in "
        "labelled Secrets. Apply the folder; the operator plans, tests, writes and verifies."
    )
    cluster.run("apply", "-f", ".", "-f", "channels")
    wait_until(lambda: {cluster.ready_of(slack), cluster.ready_of(pager)} == {"Applied"}, "both channels ready")
    cluster.run("get", "gitopschannels")
    story.say("Each counts as applied when its test message went through. What arrived:")
    story.show_inbox()

    story.say(
        "A mistake: the pager's Secret gets an address that answers 410 Gone. A rotation is a change, so the new "
        "address is tested first, on a canary. The live channel stays as it was, and everybody can see why."
    )
    cluster.run("patch", "secret", "oncall", "-p", patch_of(pager=f"{sink}/status/410"))
    wait_until(lambda: cluster.ready_of(pager) == "TestFailed", "the failed test")
    cluster.run("get", "gitopschannels")
    cluster.run("get", pager, "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].message}{"\\n"}')
    story.say("No message is repeated by itself. The Secret is corrected: that is tried at once, and tested again.")
    cluster.run("patch", "secret", "oncall", "-p", patch_of(pager=f"{sink}/pager-2"))
    wait_until(lambda: cluster.ready_of(pager) == "Applied", "the corrected channel")
    cluster.run("get", "gitopschannels")
    story.show_inbox()

    story.say(
        "Somebody changes a live channel by hand. The next check for drift, every 10 seconds here, finds it, and puts "
        "it back."
    )
    change_by_hand(story, f"{NAMESPACE}_oncall")
    wait_until(lambda: "DriftCorrected" in cluster.read("get", "events"), "the correction of the drift")
    cluster.run("get", "events", "--field-selector", "reason=DriftCorrected")

    story.say(
        "Delete the pager, whose policy is to delete what is live as well. But a monitor of Alerting sends through "
        "it: the deletion is held, and the resource says so."
    )
    story.make_monitor("checkout-5xx", f"{NAMESPACE}_pager")
    cluster.run("delete", pager, "--wait=false")
    wait_until(lambda: cluster.ready_of(pager) == "DeletionHeld", "the held deletion")
    cluster.run("get", "gitopschannels", "-o", "wide")
    story.say("Whoever knows better says so, by an annotation, and it goes.")
    cluster.run("annotate", pager, "channels.gitops/allow=in-use")
    wait_until(lambda: not cluster.read("get", pager, "--ignore-not-found"), "the deletion")
    cluster.run("get", "gitopschannels")
    cluster.run("get", "projects.channels.gitops", "payments", "-o", 'jsonpath={.status.resources}{"\\n"}')


def change_by_hand(story: Story, config_id: str) -> None:
    """Change a live channel's description, as somebody does in Dashboards."""
    address = f"{story.addresses['serving']}/_plugins/_notifications/configs/{config_id}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        config = json.load(answer)["config_list"][0]["config"]
    config["name"] = "Changed by hand"
    request = urllib.request.Request(address, method="PUT", headers={"content-type": "application/json"})
    body = json.dumps({"config_id": config_id, "config": config}).encode()
    urllib.request.urlopen(request, data=body, timeout=10).close()
    print(f"({config_id} is now called {config['name']!r})", flush=True)


def main() -> None:
    """Start the server, the simulator and the operator, and tell the story."""
    if shutil.which("kubectl") is None:
        sys.exit("NOT RUN  the demo needs kubectl, which is not installed: https://kubernetes.io/docs/tasks/tools/")
    try:
        find_go()
        for program in ("etcd", "apiserver"):  # some minutes, once
            binary(program)
    except NotBuildableError as error:
        sys.exit(f"NOT RUN  the demo needs a Kubernetes API server: {error}")
    with (
        tempfile.TemporaryDirectory(prefix="reconciler-demo-") as name,
        ApiServer() as server,
        simulator() as addresses,
    ):
        folder = Path(name)
        prepare(folder / "project", addresses)
        installed = objects_of(Install(image="registry.example.org/reconciler:1"))
        server.apply(*(one for one in installed if one["kind"] != "Deployment"))
        server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        story = Story(folder / "project", addresses)
        story.say(
            "A Kubernetes API server, a simulated OpenSearch and the operator run on this machine. Of `reconciler "
            "operator manifests` all but the Deployment is applied: the operator is a process here."
        )
        with operator(server, folder):
            tell(Cluster(server, folder / "project"), story)


if __name__ == "__main__":
    main()
