"""The real command in a process of its own, on a project in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.forks import can_fork, run_forked
from tests.guarded import PATIENCE

PROJECT = """apiVersion: channels.gitops/v1
kind: Project
metadata: {name: acme}
spec:
  manifests: [channels/]
  default_targets: [search]
  targets:
    search: {provider: opensearch}
"""

SLACK = """apiVersion: channels.gitops/v1
kind: SlackChannel
metadata: {name: oncall}
spec:
  display_name: On-call
  webhook_url: {env: SLACK_URL}
"""


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def everything(self) -> str:
        return self.out + self.err

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """A folder with a project, and an environment that holds nothing of the machine's own settings for the tool."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run(self, *arguments: str, stdin: str | bytes = "", environ: Mapping[str, str] | None = None) -> Done:
        base = {key: value for key, value in os.environ.items() if not key.startswith(("RECONCILER_", "OPENSEARCH_"))}
        given = stdin.encode() if isinstance(stdin, str) else stdin
        own = {**self.environ, **(environ or {})}
        if can_fork(own):
            done = run_forked(arguments, folder=self.folder, environ={**base, **own}, stdin=given, timeout=PATIENCE)
        else:
            done = subprocess.run(
                [sys.executable, "-m", "reconciler", *arguments],
                cwd=self.folder,
                env={**base, "PYTHONPATH": str(Path(__file__).parents[2]), **own},
                input=given,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
