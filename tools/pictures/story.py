"""What happens in the pictures: a project with two channels, a proposal that changes it, and a change made by hand."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

RECONCILER = Path(__file__).resolve().parents[2] / ".venv" / "bin" / "reconciler"
WEBHOOKS = "https://hooks.slack.com/services/T024BE7LD"
SECRETS = {
    "SLACK_ONCALL_URL": f"{WEBHOOKS}/B024BE7LE/abcdefghijklmnopqrstuvwx",
    "SLACK_BUILDS_URL": f"{WEBHOOKS}/B024BE7LG/buildsbuildsbuildsbuilds",
}
REVOKED = f"{WEBHOOKS}/B024BE7LF/thisonewasrevokedsomeday"

PROJECT = """\
apiVersion: channels.gitops/v1
kind: Project
metadata: {{name: acme}}
spec:
  manifests: [channels/]
  default_targets: [search]
  targets:
    search: {{provider: opensearch, url: "{url}"}}
"""
ONCALL = """\
apiVersion: channels.gitops/v1
kind: SlackChannel
metadata: {name: oncall}
spec:
  display_name: On-call
  description: Pages whoever is on call
  webhook_url: {env: SLACK_ONCALL_URL}
"""
BUILDS = """\
apiVersion: channels.gitops/v1
kind: SlackChannel
metadata: {name: builds}
spec:
  display_name: Builds
  webhook_url: {env: SLACK_BUILDS_URL}
"""
PAGER = """\
apiVersion: channels.gitops/v1
kind: WebhookChannel
metadata: {name: pager}
spec:
  display_name: Pager
  description: Wakes the payments on-call
  url: {env: PAGER_URL}
"""


@contextmanager
def simulator() -> Iterator[str]:
    """`reconciler simulate` on a free port; its address."""
    words = [str(RECONCILER), "simulate", "--port", "0", "--mail-port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout or ():
                word, address = line.split()[:2]
                if word == "serving":
                    yield address
                    break
        finally:
            process.terminate()


class Project:
    """The project's folder, a repository of its own, and the commands that are run in it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder.parent),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "CI": "true",
            "SOURCE_DATE_EPOCH": "1795683600",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        folder.mkdir()
        self.write("reconciler.yaml", PROJECT.format(url=url))
        self.write("channels/oncall.yaml", ONCALL)
        self.write("channels/builds.yaml", BUILDS)
        self.run("git", "init", "--quiet", "--initial-branch", "main")
        self.commit()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")

    def commit(self) -> str:
        """Everything that is there, as a commit; its hash."""
        self.run("git", "add", "--all")
        identity = ["-c", "user.name=acme", "-c", "user.email=acme@example.org"]
        self.run("git", *identity, "commit", "--quiet", "--message", "Channels")
        return self.run("git", "rev-parse", "HEAD").strip()

    def run(self, *words: str | Path, environ: Mapping[str, str] | None = None) -> str:
        """What a command printed; CalledProcessError if it failed."""
        given = {**self.environ, **(environ or {})}
        done = subprocess.run(words, cwd=self.folder, env=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def call(self, method: str, path: str, body: object) -> None:
        """A call to the simulator."""
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=20):
            pass

    def rename_by_hand(self) -> None:
        """Somebody gives the channel for builds another name in the console."""
        slack = {"url": SECRETS["SLACK_BUILDS_URL"]}
        config = {"name": "Do not use", "description": "[acme/builds]", "config_type": "slack", "slack": slack}
        self.call("PUT", "/_plugins/_notifications/configs/acme_builds", {"config": {**config, "is_enabled": True}})

    def revoke(self) -> None:
        """From now on Slack answers 404."""
        outcome = {"host": "hooks.slack.com", "status": 404, "text": "no_service"}
        self.call("POST", "/_simulator/outcomes", outcome)

    def propose(self) -> str:
        """A branch with a new pager, a display name changed, and a change by hand; the hash that it starts from."""
        base = self.run("git", "rev-parse", "HEAD").strip()
        self.run("git", "checkout", "--quiet", "-b", "pager")
        self.write("channels/oncall.yaml", ONCALL.replace("On-call", "On-call (payments)"))
        self.write("channels/pager.yaml", PAGER)
        self.commit()
        self.rename_by_hand()
        return base
