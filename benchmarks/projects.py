"""Projects of any size, written to a folder, and a simulator in a process of its own to apply them to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SLACK_URL = "https://hooks.slack.com/services/T0/B0/not-a-real-token"

CONFIGS = "/_plugins/_notifications/configs"
"""Where OpenSearch's Notifications plugin lists channels."""

PROJECT = """apiVersion: channels.gitops/v1
kind: Project
metadata: {name: bench}
spec:
  manifests: [channels/]
  default_targets: [search]
  targets: {search: {provider: opensearch}}
  test: {when: never}
"""

MANIFEST = """apiVersion: channels.gitops/v1
kind: SlackChannel
metadata:
  name: channel-%05d
  labels: {team: payments}
spec:
  display_name: Channel %d
  description: Pages the payments on-call
  webhook_url: {env: SLACK_ONCALL_URL}
"""


def write_project(folder: Path, count: int) -> Path:
    """A project of so many Slack channels in one file; the file with the manifests."""
    (folder / "channels").mkdir(parents=True)
    (folder / "reconciler.yaml").write_text(PROJECT)
    manifests = folder / "channels" / "channels.yaml"
    manifests.write_text("---\n".join(MANIFEST % (number, number) for number in range(count)))
    return manifests


def environment(url: str = "") -> dict[str, str]:
    """The environment of a measured process."""
    return {
        **os.environ,
        "OPENSEARCH_URL": url,
        "SLACK_ONCALL_URL": SLACK_URL,
    }


@contextmanager
def process(words: Sequence[str], lines: int = 1) -> Iterator[list[str]]:
    """A Python process that serves, and the lines with which it says where; it is ended in the end."""
    running = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)
    try:
        said = (line for line in running.stdout or () if line.startswith("serving"))
        yield [next(said) for _ in range(lines)]
    finally:
        running.terminate()
        running.wait(timeout=10)
        if running.stdout:
            running.stdout.close()


@contextmanager
def simulator() -> Iterator[str]:
    """The address of a simulator in a process of its own, empty at first."""
    with process(["-m", "reconciler", "simulate", "--port", "0"]) as (line,):
        yield line.split()[1]
