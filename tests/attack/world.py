"""A job with secrets, a reviewed base, and a look at all that leaves the process while a proposal is planned in it."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from reconciler.cli.main import run
from reconciler.simulator import Simulator
from tests.attack.pieces import QUICK, SLOW, Piece
from tests.ci.forges import TOKEN, FakeForge
from tests.ci.serving import serve

HANG_SECONDS = 90.0
_WINDOW = 8  # characters of a secret in a row that may appear nowhere
_SLACK = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/"
_EVENTS: list[tuple[str, Any]] = []
_watching = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "socket.connect"):
        _EVENTS.append((event, arguments))


sys.addaudithook(_hook)


@contextmanager
def watched() -> Iterator[list[tuple[str, Any]]]:
    """Everything that is started or connected to meanwhile, in this process."""
    global _watching
    _EVENTS.clear()
    _watching = True
    try:
        yield _EVENTS
    finally:
        _watching = False


@dataclass
class World:
    """A base checkout, a job's environment full of planted secrets, a system and a forge; `play` attacks them."""

    folder: Path
    simulator: Simulator
    forge: FakeForge
    forge_url: str
    gitlab: FakeForge
    gitlab_url: str
    secrets: dict[str, str] = field(default_factory=dict)
    number: int = 0
    played: Counter[str] = field(default_factory=Counter)

    @property
    def root(self) -> Path:
        """The checkout that is attacked."""
        return self.folder / f"job-{self.number}" / "checkout"

    @property
    def traces(self) -> Path:
        """Where what was run leaves a file."""
        return self.folder / f"job-{self.number}" / "traces"

    @property
    def outside(self) -> Path:
        """A secret file of the machine."""
        return self.folder / "mounted"

    @property
    def snapshot(self) -> Path:
        """What a job of the protected branch exported of the live system, for plans without credentials."""
        return self.folder / "snapshot.json"

    @property
    def thief(self) -> str:
        """An address where nobody listens: to try it is to leak."""
        return "http://127.0.0.1:9"

    def prepare(self) -> None:
        """Write the base, and plant the secrets."""
        chance = random.Random(1)
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"
        names = (
            "OS_PASSWORD",
            "SLACK",
            "PLAN_KEY",
            "VAULT",
            "AWS",
            "command",
            "module",
            "made",
            "file",
            "outside",
            "git",
            "key",
            "sops",
        )
        self.secrets = {name: "".join(chance.choices(letters, k=28)) for name in names} | {"GITHUB_TOKEN": TOKEN}
        self.secrets["host"] = "".join(chance.choices("abcdefghkmnpqrstuvwxyz23456789", k=28))
        self.secrets["OS_PASSWORD"] = self.secrets["OS_PASSWORD"].lower()  # as a host is written: it could pass for one
        base = self.folder / "base"
        for name in ("channels", "tools", "keys"):
            (base / name).mkdir(parents=True)
        sources = {"vaulted": ["./get.sh"], "made": ["sh", "main.sh"], "module": ["python3", "-m", "tools.tok"]}
        auth = {"basic": {"username": {"env": "OS_USER"}, "password": {"env": "OS_PASSWORD"}}}
        target = {"provider": "opensearch", "url": self.simulator.url, "auth": auth}
        spec = {
            "owner": "acme",
            "manifests": ["channels"],
            "targets": {"search": target},
            "default_targets": ["search"],
            "secrets": {"sources": {name: {"exec": command} for name, command in sources.items()}},
        }
        document = {"apiVersion": "channels.gitops/v1", "kind": "Project", "metadata": {"name": "acme"}, "spec": spec}
        (base / "reconciler.yaml").write_text(json.dumps(document))
        for name, source in (("oncall", {"env": "SLACK_URL"}), ("hook", {"vaulted": "x"}), ("lib", {"made": "x"})):
            manifest = {"apiVersion": "channels.gitops/v1", "kind": "SlackChannel", "metadata": {"name": name}}
            (base / "channels" / f"{name}.json").write_text(json.dumps({**manifest, "spec": {"webhook_url": source}}))
        document = {"apiVersion": "channels.gitops/v1", "kind": "WebhookChannel", "metadata": {"name": "private"}}
        private = base / "channels" / "private.json"
        private.write_text(json.dumps({**document, "spec": {"url": {"env": "HOOK_URL"}}}))
        self._program(base / "get.sh", f"echo {_SLACK}{self.secrets['command']}")
        self._program(base / "main.sh", ". ./lib.sh")
        self._program(base / "lib.sh", f"echo {_SLACK}{self.secrets['made']}")
        (base / "tools" / "tok.py").write_text(f"print('{_SLACK}{self.secrets['module']}')\n")
        (base / "keys" / "slack").write_text(_SLACK + self.secrets["file"])
        (base / "secrets.json").write_text(json.dumps({"slack": "encrypted"}))
        (base / ".gitignore").write_text("gha-creds-*.json\n")
        self.outside.write_text(_SLACK + self.secrets["outside"])
        sops = 'for file; do :; done; grep -q vault_address "$file" && touch "$TRACES/token-sent"\n'
        self._program(self.folder / "bin" / "sops", f'{sops}echo \'{{"slack": "{_SLACK}{self.secrets["sops"]}"}}\'')
        for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "reviewed"]):
            self._git(base, *arguments)
        self._git(base, "update-ref", "refs/remotes/origin/main", "HEAD")
        self._git(base, "config", "http.extraheader", f"AUTHORIZATION: basic {self.secrets['git']}")
        (base / "gha-creds-1.json").write_text(_SLACK + self.secrets["key"])
        self._export_snapshot(base)

    def _export_snapshot(self, base: Path) -> None:
        shutil.copytree(base, self.root, symlinks=True)  # the command runs in a job's checkout
        for arguments in (["apply", "--yes"], ["export", "--snapshot", str(self.snapshot)], ["destroy", "--yes"]):
            texts, _, _ = self._call(arguments, self._job())
        if not self.snapshot.is_file() or [*self.simulator.store.all()]:  # what is created shows more than what is live
            raise AssertionError("\n".join(texts))
        shutil.rmtree(self.root.parent)

    def play(self, number: int, seed: int) -> list[str]:
        """Attack once; what went wrong, a line each."""
        self.number = number
        chance = random.Random(f"{seed}/{number}")
        pieces = chance.sample(QUICK, chance.randint(1, 4)) + ([chance.choice(SLOW)] if chance.random() < 0.02 else [])
        shutil.copytree(self.folder / "base", self.root, symlinks=True)
        self.traces.mkdir()
        base = self._git(self.root, "rev-parse", "main").strip()
        for piece in pieces:
            piece(self, chance)
        if chance.random() < 0.5:
            self._git(self.root, "add", "-A")
        for file in self.traces.iterdir():  # the attacker's own git, at home
            file.unlink()
        try:
            return [f"{number} {_names(pieces)}: {line}" for line in self._run(chance, base)]
        finally:
            shutil.rmtree(self.folder / f"job-{number}", ignore_errors=True)

    def arguments(self, chance: random.Random, base: str, site: str) -> list[str]:
        """A command line as a recipe has it, drawn by chance: verb, base, outputs, snapshot, comment."""
        verb = chance.choice(["plan", "plan", "plan", "drift", "drift", "validate"])
        ref = chance.choice([base, base, "refs/remotes/origin/main", "origin/main"])
        arguments = [verb, *([] if verb == "validate" else ["--base", ref, "--summary", "--annotations"])]
        if verb != "validate":
            arguments += ["-o", chance.choice(["text", "json", "markdown", "html"])]
            there = ["--repo", "a/b", "--pr", "1"] if site == "github" else []
            arguments += chance.choice([[], ["--comment", site, *there]])
        if verb == "plan":
            arguments += ["--out", "../plan.json", *chance.choice([[], ["--strict"], ["--adopt"], ["--prune"]])]
            arguments += chance.choice([[], [], ["--against", str(self.snapshot)]])
        if verb == "validate":
            arguments += ["--sarif", "../sarif.json", *chance.choice([[], ["--json"]])]
        return arguments

    def _run(self, chance: random.Random, base: str) -> list[str]:
        site = chance.choice(["github", "gitlab"])
        arguments = self.arguments(chance, base, site)
        verb = arguments[0]
        for forge in (self.forge, self.gitlab):
            forge.comments.clear()
        texts, seconds, events = self._call(arguments, self._environ(chance, site))
        self.played[verb] += 1
        self.played["snapshot"] += "--against" in arguments
        self.played[f"comment on {site}"] += bool(self.forge.bodies() + self.gitlab.bodies())
        if verb == "plan" and (self.root.parent / "plan.json").exists():
            shown, _, _ = self._call(["show", "../plan.json", "-o", chance.choice(["text", "markdown"])], {})
            texts += shown
        texts += self.forge.bodies() + self.gitlab.bodies()
        for path in self.root.parent.iterdir():
            if path.is_file():
                texts.append(path.read_text("utf-8", "replace"))
        return [
            *self._leaks(texts, events),
            *self._executions(events),
            *([f"HANG {seconds:.0f} s"] if seconds > HANG_SECONDS else []),
        ]

    def _call(self, arguments: list[str], environ: dict[str, str]) -> tuple[list[str], float, list[tuple[str, Any]]]:
        written = io.BytesIO(), io.BytesIO()
        out, err = (io.TextIOWrapper(raw, "utf-8", "surrogateescape", write_through=True) for raw in written)
        before, began = Path.cwd(), time.monotonic()
        os.chdir(self.root)
        try:
            with mock.patch.dict(os.environ, environ), redirect_stdout(out), redirect_stderr(err), watched() as events:
                run(arguments)
                seen = list(events)
        finally:
            os.chdir(before)
        texts = [raw.getvalue().decode("utf-8", "replace") for raw in written]
        return texts, time.monotonic() - began, seen

    def _environ(self, chance: random.Random, site: str) -> dict[str, str]:
        path = self._job()["PATH"]
        requests = {
            "github": {
                "GITHUB_TOKEN": TOKEN,
                "GITHUB_API_URL": self.forge_url,
                "GITHUB_EVENT_NAME": "pull_request",
                "GITHUB_WORKSPACE": str(self.root),
                "GITHUB_STEP_SUMMARY": str(self.root.parent / "summary.md"),
            },
            "gitlab": {
                "GITLAB_CI": "true",
                "GITLAB_TOKEN": TOKEN,
                "CI_API_V4_URL": f"{self.gitlab_url}/api/v4",
                "CI_PIPELINE_SOURCE": "merge_request_event",
                "CI_MERGE_REQUEST_IID": "7",
                "CI_PROJECT_ID": "42",
                "CI_PROJECT_DIR": str(self.root),
                "CI_JOB_URL": "https://gitlab.example/team/repo/-/jobs/1",
            },
        }
        settings = self.root / ".aws"
        return {
            **self._job(),
            **requests[site],
            "PATH": chance.choice([path, f".:{path}", f"{self.root}/bin:{path}", f":bin:{path}"]),
            **chance.choice([{}, {"PYTHONPATH": str(self.root)}, {"BASH_ENV": "get.sh", "ENV": f"{self.root}/get.sh"}]),
            **chance.choice([{}, {"AWS_CONFIG_FILE": f"{settings}/config"}]),
        }

    def _job(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "TRACES": str(self.traces),
            "OS_USER": "ci",
            "OS_PASSWORD": self.secrets["OS_PASSWORD"],
            "SLACK_URL": _SLACK + self.secrets["SLACK"],
            "HOOK_URL": f"https://{self.secrets['host']}.example.org/x",
            "RECONCILER_PLAN_KEY": self.secrets["PLAN_KEY"],
            "VAULT_TOKEN": self.secrets["VAULT"],
            "AWS_SECRET_ACCESS_KEY": self.secrets["AWS"],
            "AWS_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.root / "gha-creds-1.json"),
            "PWD": str(self.root),
        }

    def _leaks(self, texts: list[str], events: list[tuple[str, Any]]) -> Iterator[str]:
        whole = "\n".join(texts)
        for name, secret in self.secrets.items():
            if any(secret[start : start + _WINDOW] in whole for start in range(len(secret) - _WINDOW + 1)):
                yield f"LEAK of {name}"
        allowed = {
            int(url.rsplit(":", 1)[1].split("/")[0]) for url in (self.simulator.url, self.forge_url, self.gitlab_url)
        }
        for event, arguments in events:
            if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][1] not in allowed:
                yield f"LEAK a request to {arguments[1][:2]}"

    def _executions(self, events: list[tuple[str, Any]]) -> Iterator[str]:
        yield from (f"EXECUTION {file.name}" for file in self.traces.iterdir())
        for event, arguments in events:
            if event == "subprocess.Popen":
                program = os.path.realpath(os.fsdecode(arguments[0] or arguments[1][0]))
                inside = program.startswith(f"{self.root}{os.sep}")
                folder = os.path.realpath(arguments[2] or ".")
                if inside or (folder.startswith(str(self.root)) and Path(program).name != "git"):
                    yield f"EXECUTION of {program} in {folder}"

    def _program(self, path: Path, body: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def _git(self, folder: Path, *arguments: str) -> str:
        names = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
        environ = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_DIR": str(folder / ".git"),
            "GIT_WORK_TREE": str(folder),
        }
        return subprocess.run(
            ["git", *names, *arguments], cwd=folder, env=environ, check=False, capture_output=True, text=True
        ).stdout


def _names(pieces: list[Piece]) -> str:
    return "+".join(piece.__name__ for piece in pieces)


@contextmanager
def world_in(folder: Path) -> Iterator[World]:
    """A world that is ready to be attacked."""
    github, gitlab = FakeForge("github", login="github-actions[bot]"), FakeForge("gitlab", login="robot")
    with Simulator() as simulator, serve(github) as url, serve(gitlab) as gitlab_url:
        world = World(folder, simulator, github, url, gitlab, gitlab_url)
        world.prepare()
        yield world
