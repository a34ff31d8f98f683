"""Whoever may only propose manifests reads no secret of the job by them: nothing composed with one is shown."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.cases.projects import Project, manifest

PLANTED = "Qz7-Xk9-Vw3-Jy5-of-mine"
PIECES = {PLANTED[start : start + 4] for start in range(len(PLANTED) - 3)}


def saved(project: Project) -> str:
    """The plan file of the run before."""
    return (project.folder / "p.json").read_text("utf-8")


OUTPUTS: dict[str, Callable[[Project], str]] = {
    "text": lambda project: project.run("plan").everything,
    "json": lambda project: project.run("plan", "--json").everything,
    "markdown": lambda project: project.run("plan", "-o", "markdown").everything,
    "html": lambda project: project.run("plan", "-o", "html").everything,
    "plan file": lambda project: project.run("plan", "--out", "p.json").everything + saved(project),
    "drift": lambda project: project.run("drift").everything,
    "validate": lambda project: project.run("validate").everything,
    "strict": lambda project: project.run("plan", "--strict").everything,
    "verbose": lambda project: project.run("plan", "-vvv").everything,
}

SOURCES = {
    "environment": {"env": "CLUSTER_PASSWORD"},
    "file": {"file": "password.txt"},
    "command": {"printed": "password.txt"},
}


class Proposal(Project):
    """A project whose job holds a password, and whose manifests anybody may propose."""

    def read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text("utf-8") if path.exists() else ""


@pytest.fixture
def proposal(opensearch: Project) -> Proposal:
    made = Proposal(opensearch.folder, {**opensearch.environ, "CLUSTER_PASSWORD": PLANTED}, opensearch.simulator)
    made.write("password.txt", PLANTED + "\n")
    document = json.loads(made.read("reconciler.yaml"))
    document["spec"]["secrets"] = {"sources": {"printed": {"exec": ["cat"]}}}
    made.write("reconciler.yaml", json.dumps(document))
    return made


def leaked(text: str) -> set[str]:
    return {piece for piece in PIECES if piece in text}


@pytest.mark.parametrize(
    "form", ["http://x%{}/", "https://{}/", "https://{}.hooks.slack.com/", "https://hooks.slack.com:{}/"]
)
@pytest.mark.parametrize("source", SOURCES)
def test_a_secret_composed_into_an_address_is_not_shown(proposal: Proposal, source: str, form: str) -> None:
    composed = {"format": form, "from": SOURCES[source]}
    proposal.keep(manifest("WebhookChannel", "evil", url=composed))
    shown = OUTPUTS["text"](proposal)
    assert "evil" in shown
    assert not leaked(shown)


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_output_shows_a_composed_address_or_a_header(proposal: Proposal, output: str) -> None:
    composed = {"format": "http://x%{}/", "from": {"env": "CLUSTER_PASSWORD"}}
    headers = {"X-Key": {"env": "CLUSTER_PASSWORD"}, "X-Two": {"format": "Bearer {}", "from": {"file": "password.txt"}}}
    hook = {"url": "https://hooks.example.org/x", "headers": headers}
    proposal.keep(manifest("WebhookChannel", "evil", url=composed), manifest("WebhookChannel", "heads", **hook))
    shown = OUTPUTS[output](proposal)
    assert "error:" not in shown
    assert not leaked(shown)


@pytest.mark.parametrize("value", [PLANTED, f"https://{PLANTED.lower()}/", f"https://user:{PLANTED}@hooks.slack.com/x"])
def test_a_secret_named_as_an_address_is_not_shown_as_its_host(proposal: Proposal, value: str) -> None:
    proposal.environ["CLUSTER_PASSWORD"] = value
    proposal.keep(manifest("WebhookChannel", "evil", url={"env": "CLUSTER_PASSWORD"}))
    done = proposal.run("plan")
    assert 'WebhookChannel "evil"' in done.out
    assert not {piece for piece in PIECES if piece.lower() in done.everything.lower()}


def test_what_a_person_must_recognise_is_shown(proposal: Proposal) -> None:
    proposal.keep(manifest("WebhookChannel", "hook", url="https://alerts.example.org:8443/path/with-token"))
    proposal.write("channels/oncall.yaml", manifest("SlackChannel", "oncall", webhook_url={"env": "SLACK_URL"}))
    done = proposal.run("plan")
    assert "https://alerts.example.org:8443/•••" in done.out
    assert "with-token" not in done.everything
    assert "https://hooks.slack.com/services/T0AAA…/B0BBB…/•••" in done.out


def test_thousands_of_guesses_next_to_a_secret_reveal_nothing_of_it(proposal: Proposal) -> None:
    """Tags of 16 bits under one key a run let a proposal try passwords: now there is nothing to compare with."""
    guesses = {f"X-{number}": f"guess-{number}" for number in range(300)}
    hook = {"url": "https://hooks.example.org/x", "headers": {"X-Real": {"env": "CLUSTER_PASSWORD"}, **guesses}}
    proposal.keep(manifest("WebhookChannel", "guess", **hook))
    document = json.loads(proposal.run("plan", "--json").out)
    shown = [
        field["after"] for field in document["targets"][0]["changes"][0]["fields"] if field["path"][0] == "headers"
    ]
    assert len(shown) == 301
    assert {json.dumps({**item, "reference": ""}) for item in shown} == {json.dumps({"secret": "•••", "reference": ""})}


HOSTILE_NAME = "a\n::error::forged\n::add-mask::acme.yaml"


@pytest.mark.parametrize("verb", [("validate",), ("plan",), ("plan", "--json"), ("plan", "-o", "markdown")])
def test_the_name_of_a_file_forges_no_command_of_the_log(proposal: Proposal, verb: tuple[str, ...]) -> None:
    proposal.write(f"channels/{HOSTILE_NAME}", "not: a manifest\n")
    proposal.write("channels/\u202etxt.yaml", "not: a manifest\n")
    missing = {"file": "a\n::error::forged"}
    proposal.write("channels/z.yaml", manifest("WebhookChannel", "z", url=missing))
    done = proposal.run(*verb, "--strict")
    lines = done.everything.splitlines()
    assert done.code == 1
    assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
    assert "\u202e" not in done.everything


def test_a_plan_file_with_escapes_in_it_is_shown_without_them(proposal: Proposal) -> None:
    proposal.run("plan", "--out", "p.json")
    text = proposal.read("p.json")
    assert "oncall" in text
    proposal.write("p.json", text.replace('"oncall"', json.dumps("on\x1b[2J\x1b]0;x\x07call\u202e")))
    done = proposal.run("show", "p.json")
    assert not set("\x1b\x07\u202e") & set(done.everything)
