"""Unique secrets in every secret field, credential and source; every byte that leaves the process is scanned for them.

Verbs and failures run one after the other in one story, as real processes at `-vvv`; stdout, stderr and every file that
they wrote are looked through for any eight characters of any secret, also as base64, percent-encoded or JSON-escaped.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from reconciler.simulator import Fault, FaultKind, Simulator
from tests.cli.shell import Done, Shell

PIECE = 8

USER, PASSWORD = "observer-Uz8", 'pW7/xQ2+"vN4~kR9&'
TENANT = "tN5wHc8dLq3sVb7f"
SLACK = "sL4cKgH7jWm2ZxP9qRtY"
CHIME = "cH8mEvB3nKd6TzQ5wLpX"
HOOK = "hK2oQyF9uGs5DnR8bJtM"
BEARER = 'bR6/eAz+"1XkV~7mWc&'
FILED = "fL3eDwT8yNq6ShC2vPjK"
PRINTED = "pR9iTbG4xMz7LdF5kQwH"
LITERAL = "lT5rLhV2cJn8YgB6sXqD"
KEY = "kY7pLnZ4vRw2HtM9fGcS-plan"
NOISE = "nS3eXdK8qBv5JyT7hWpL"
SECRETS = (PASSWORD, TENANT, SLACK, CHIME, HOOK, BEARER, FILED, PRINTED, LITERAL, KEY, NOISE)


def pieces(secret: str) -> Iterator[str]:
    """Every run of eight characters of a secret in every dress that it may wear on its way out."""
    raw = secret.encode()
    dresses = [secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1], raw.hex()]
    for padding in range(3):  # base64 looks different at each of the three offsets
        whole = base64.b64encode(b"x" * padding + raw + b"x" * (-(padding + len(raw)) % 3)).decode()
        dresses.append(whole[4 if padding else 0 : -4 if (padding + len(raw)) % 3 else None])
    dresses.append(base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode().rstrip("="))
    for dress in dresses:
        for start in range(len(dress) - PIECE + 1):
            yield dress[start : start + PIECE]


PIECES = frozenset(piece for secret in SECRETS for piece in pieces(secret))


def leaks(text: str) -> list[int]:
    """Where a piece of a secret stands in a text: places, not texts, so that a failing test does not leak either."""
    return [start for start in range(len(text) - PIECE + 1) if text[start : start + PIECE] in PIECES]


PROJECT = """apiVersion: channels.gitops/v1
kind: Project
metadata: {name: acme}
spec:
  manifests: [channels/]
  default_targets: [search]
  secrets:
    sources:
      printed: {exec: [cat]}
      noisy: {exec: [sh, -c, 'cat noise.txt >&2; exit 3', sh]}
      hanging: {exec: [sh, -c, 'cat noise.txt noise.txt; exit 1', sh]}
  targets:
    search:
      provider: opensearch
      url: URL
      auth: {basic: {username: {env: SEARCH_USER}, password: {env: SEARCH_PASSWORD}}}
      headers: {x-tenant: {env: SEARCH_TENANT}}
"""

CHANNELS = f"""apiVersion: channels.gitops/v1
kind: SlackChannel
metadata: {{name: slack}}
spec: {{webhook_url: {{env: SLACK_URL}}}}
---
apiVersion: channels.gitops/v1
kind: SlackChannel
metadata: {{name: filed}}
spec: {{webhook_url: {{file: filed.txt}}}}
---
apiVersion: channels.gitops/v1
kind: SlackChannel
metadata: {{name: printed}}
spec: {{webhook_url: {{printed: printed.txt}}}}
---
apiVersion: channels.gitops/v1
kind: SlackChannel
metadata: {{name: literal}}
spec: {{webhook_url: "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/{LITERAL}"}}
---
apiVersion: channels.gitops/v1
kind: ChimeChannel
metadata: {{name: chime}}
spec: {{webhook_url: {{env: CHIME_URL}}}}
---
apiVersion: channels.gitops/v1
kind: WebhookChannel
metadata: {{name: hook}}
spec:
  url: {{env: HOOK_URL}}
  headers: {{Authorization: {{format: 'Bearer {{}}', from: {{env: HOOK_TOKEN}}}}}}
"""


def slack_url(token: str) -> str:
    return f"https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/{token}"


class Scanner:
    """Runs commands and looks through all that they left."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.inputs = {path for path in shell.folder.rglob("*") if path.is_file()}

    def run(self, *arguments: str, expect: int = 0, environ: Mapping[str, str] | None = None) -> Done:
        done = self.shell.run(*arguments, environ=environ)
        where = " ".join(arguments)
        assert not leaks(done.out), f"{where}: stdout has a secret"
        assert not leaks(done.err), f"{where}: stderr has a secret"
        for path in self.written():
            assert not leaks(path.read_text("utf-8")), f"{where}: {path.name} has a secret"
        assert done.code == expect, f"{where} ended with {done.code}:\n{done.everything}"
        return done

    def written(self) -> list[Path]:
        return [path for path in self.shell.folder.rglob("*") if path.is_file() and path not in self.inputs]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(receivers=True, credentials=(USER, PASSWORD)) as running:
        yield running


@pytest.fixture
def scanner(tmp_path: Path, simulator: Simulator) -> Scanner:
    shell = Shell(
        tmp_path,
        {
            "SEARCH_USER": USER,
            "SEARCH_PASSWORD": PASSWORD,
            "SEARCH_TENANT": TENANT,
            "SLACK_URL": slack_url(SLACK),
            "CHIME_URL": f"https://hooks.chime.aws/incomingwebhooks/a1b2?token={CHIME}",
            "HOOK_URL": f"{simulator.receiver.url}/ok/{HOOK}?key={HOOK}",
            "HOOK_TOKEN": BEARER,
            "RECONCILER_PLAN_KEY": KEY,
            "RECONCILER_JOURNAL": "journal.jsonl",
        },
    )
    shell.write("reconciler.yaml", PROJECT.replace("URL", simulator.url))
    shell.write("channels/all.yaml", CHANNELS)
    shell.write("filed.txt", slack_url(FILED) + "\n")
    shell.write("printed.txt", slack_url(PRINTED) + "\n")
    shell.write("noise.txt", f"could not open {slack_url(NOISE)}\n")
    return Scanner(shell)


def test_the_scan_sees_a_secret_in_every_dress() -> None:
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    for text in (SLACK, SLACK[3:11], quote(PASSWORD, safe=""), json.dumps(BEARER), repr(BEARER), basic):
        assert leaks(f"... {text} ...")
    for padding in ("", "a", "ab"):
        assert leaks(base64.b64encode(f"{padding}{HOOK}".encode()).decode())
    assert not leaks(f"{USER} https://hooks.slack.com/services/T0AAA…/B0BBB…/••• (#3fa1 -> #9c20) from env:SLACK_URL")


def test_no_verb_shows_a_secret(scanner: Scanner, simulator: Simulator) -> None:
    scanner.run("validate", "-vvv")
    scanner.run("plan", "-vvv", "--out", "plan.json")
    scanner.run("plan", "--json", "-vvv")
    scanner.run("plan", "-o", "markdown", "-vvv", "--terraform-report", "report.json")
    scanner.run("show", "plan.json", "-o", "html")
    scanner.run("apply", "plan.json", "-vvv")
    scanner.run("plan", "--detailed-exitcode", "-vvv")
    scanner.run("list", "-vvv")
    scanner.run("test", "--all", "-vvv")
    scanner.run("doctor", "-vvv")
    scanner.run("drift", "-vvv")
    scanner.run("export", "--dir", "exported", "-vvv")
    changed = {"SLACK_URL": slack_url(NOISE), "HOOK_TOKEN": NOISE}
    scanner.run("plan", "-vvv", environ=changed)
    scanner.run("apply", "--yes", "--json", "-vvv", environ=changed)
    scanner.run("destroy", "--yes", "--max-deletes", "99", "-vvv")
    assert {path.name for path in scanner.written()} >= {"plan.json", "journal.jsonl"}


def test_no_failure_of_a_server_or_receiver_shows_a_secret(scanner: Scanner, simulator: Simulator) -> None:
    scanner.run("plan", "-vvv", expect=1, environ={"SEARCH_PASSWORD": NOISE})
    scanner.run("apply", "--yes", "-vvv", expect=1, environ={"SEARCH_PASSWORD": NOISE})
    scanner.run("apply", "--yes", "-vvv", expect=5, environ={"HOOK_URL": f"{simulator.receiver.url}/status/410/{HOOK}"})
    simulator.faults.add(Fault(FaultKind.ANSWER, "PUT", times=9, status=400))
    scanner.run("apply", "--yes", "-vvv", expect=4, environ={"SLACK_URL": slack_url(NOISE)})
    simulator.faults.add(Fault(FaultKind.HTML, "GET", times=9, status=403))
    scanner.run("plan", "-vvv", expect=1)


@pytest.mark.parametrize(
    ("environ", "reference"),
    [
        ({"SLACK_URL": f"no address {SLACK}"}, ""),
        ({"SLACK_URL": f"https://hooks.slack.com:{SLACK}/x"}, ""),
        ({"HOOK_TOKEN": f"{BEARER}\n{NOISE}"}, ""),
        ({"SEARCH_PASSWORD": f"{PASSWORD}\n"}, ""),
        ({"SEARCH_TENANT": f"{TENANT}\r\nx-evil: 1"}, ""),
        ({}, "{noisy: x}"),
        ({}, "{hanging: x}"),
        ({}, "{printed: missing.txt}"),
        ({}, f"'{slack_url(NOISE)} and more'"),
        ({}, f"{{plan: '{NOISE}'}}"),
        ({}, f"{{env: {{x: {NOISE}}}}}"),
        ({}, f"['{slack_url(NOISE)}']"),
    ],
)
def test_no_bad_value_is_repeated(scanner: Scanner, environ: dict[str, str], reference: str) -> None:
    if reference:
        text = CHANNELS.replace("{env: SLACK_URL}", reference)
        scanner.shell.write("channels/all.yaml", text)
    done = scanner.shell.run("apply", "--yes", "-vvv", "--timeout", "2", environ=environ)
    assert not leaks(done.everything)
    assert "Traceback" not in done.everything
    assert "internal error" not in done.everything
    assert done.code in (1, 4, 5), done.everything
