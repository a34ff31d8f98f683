"""What people meet in their first week: each input of it, and what should come of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.shell_completion import ShellComplete

from reconciler.cli.main import VERBS, _group
from reconciler.manifests.documents import Document, parse_documents
from reconciler.manifests.load_project import load_project_text
from reconciler.manifests.manifest import load_schema
from reconciler.model.kinds import KINDS
from reconciler.providers import settings_of
from reconciler.report.explain import explain_field
from reconciler.report.sarif import render_sarif
from tests.cases.projects import CONFIGS, SLACK_URL, Project, manifest, slack
from tests.guarded import Guarded

ROOT = Path(__file__).resolve().parents[2]
ESCAPE = "\x1b["


def test_a_kustomization_and_what_it_deploys_are_skipped_with_a_word(opensearch: Project) -> None:
    opensearch.write("channels/kustomization.yaml", "resources: [oncall.yaml, deployment.yaml]\n")
    opensearch.write("channels/deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n")
    done = opensearch.run("validate")
    assert done.code == 0, done.everything
    assert "note: 2 documents for other tools skipped: 1 Deployment, 1 Kustomization" in done.err
    assert "2 documents for other tools skipped" in opensearch.run("plan").err
    assert "2 documents" in json.loads(opensearch.run("validate", "--json").out)["skipped"][0]


def test_what_is_for_the_operator_is_checked_and_said_once(opensearch: Project) -> None:
    opensearch.keep(slack("oncall", operator={"suspend": True}), slack("pager", operator={"test_every": "7d"}))
    done = opensearch.run("plan")
    assert done.err.count("spec.operator of 2 documents is for the operator alone: only its form was checked") == 1
    opensearch.keep(slack("oncall", operator={"test_every": "weekly"}))
    assert "spec.operator.test_every: must be a duration" in opensearch.run("validate").out


@pytest.mark.parametrize(
    "head", ["apiVersion: channels.gitops/v2\nkind: SlackChannel", "apiVersion: chanels.gitops/v1\nkind: SlackChannel"]
)
def test_a_kind_of_ours_under_another_version_is_a_mistake_and_not_skipped(opensearch: Project, head: str) -> None:
    opensearch.write(
        "channels/typo.yaml", f"{head}\nmetadata: {{name: a}}\nspec: {{webhook_url: {{env: SLACK_URL}}}}\n"
    )
    assert opensearch.run("plan").code == 1


def test_quiet_says_nothing_but_errors(opensearch: Project) -> None:
    opensearch.write("channels/kustomization.yaml", "resources: []\n")
    assert opensearch.run("plan").err != ""
    for flags in (["plan", "-q"], ["validate", "--quiet"], ["apply", "-q", "--yes"]):
        done = opensearch.run(*flags)
        assert (done.code, done.err) == (0, "")
        assert done.out != ""
    assert opensearch.run("plan", environ={"RECONCILER_QUIET": "true"}).err == ""
    broken = opensearch.run("plan", "-q", "--only", "nobody")
    assert "error: --only nobody" in broken.err


def test_verbose_says_more(opensearch: Project) -> None:
    assert "search: read, 0 live objects" in opensearch.run("plan", "-v").err
    assert "GET /_plugins" in opensearch.run("plan", "-vv").err


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({}, False),
    ],
)
def test_colours_are_forced_and_refused(opensearch: Project, environ: dict[str, str], coloured: bool) -> None:
    assert (ESCAPE in opensearch.run("plan", environ=environ).out) is coloured
    assert ESCAPE not in opensearch.run("plan", "--no-color", environ=environ).out


@pytest.mark.parametrize(("term", "coloured"), [("xterm", True), ("dumb", False)])
def test_a_dumb_terminal_gets_no_colours(opensearch: Project, term: str, coloured: bool) -> None:
    shown = run_on_terminal(opensearch, ["plan"], {"TERM": term, "NO_COLOR": "", "COLUMNS": "40"})
    assert ("\x1b[1m" in shown) is coloured
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in shown, "never broken in two: a terminal wraps by itself"


@pytest.mark.parametrize(
    ("verb", "question"),
    [
        ("apply", "Apply 1 to add, 0 to change, 1 to destroy, sending test messages to 1 recipient? [y/N]: "),
        ("destroy", "Destroy 1 object on search? [y/N]: "),
    ],
)
def test_a_question_names_what_its_verb_does_and_no_is_no(opensearch: Project, verb: str, question: str) -> None:
    """Both with one object of ours to delete: under a mark, but of no manifest."""
    config = {"name": "Left", "description": "[acme/left]", "config_type": "slack", "slack": {"url": f"{SLACK_URL}q"}}
    opensearch.call("POST", CONFIGS, {"config_id": "acme_left", "config": config})
    code, shown = answer_on_terminal(opensearch, [verb, *(["--prune"] if verb == "apply" else [])], "n")
    assert question in shown
    assert "the answer was no" in shown
    assert code == 3
    assert list(opensearch.configs()) == ["acme_left"]


def answer_on_terminal(project: Project, arguments: list[str], answer: str) -> tuple[int, str]:
    """The exit code of a run whose question a person answers, and what it says besides its report."""
    pty = pytest.importorskip("pty")
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=project.folder,
        env={**{name: value for name, value in os.environ.items() if name != "CI"}, **project.environ},
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    with Guarded(process):
        asked = read_terminal(mine, "[y/N]: ")
        os.write(mine, f"{answer}\n".encode())
        shown = asked + read_terminal(mine)
        code = process.wait()
    os.close(mine)
    return code, shown


def run_on_terminal(project: Project, arguments: list[str], environ: dict[str, str]) -> str:
    """What a run prints on a terminal."""
    pty = pytest.importorskip("pty")
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=project.folder,
        env={**os.environ, **project.environ, **environ},
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    os.close(theirs)
    with Guarded(process):
        shown = read_terminal(mine)
        process.wait()
    os.close(mine)
    return shown


def read_terminal(terminal: int, until: str = "") -> str:
    """All that is written to a terminal until nobody can write to it any more, or it ends with `until`."""
    shown = b""
    while not (until and shown.endswith(until.encode())):
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux ends a terminal that nobody writes to like this
            break
        if not part:
            break
        shown += part
    return shown.decode()


@pytest.mark.parametrize("name", ["-a", "a-", "-", "a" * 64, "A"])
def test_a_name_begins_and_ends_with_a_letter_or_digit(opensearch: Project, name: str) -> None:
    opensearch.write("channels/odd.yaml", slack(name))
    assert opensearch.run("validate").code == 1


@pytest.mark.parametrize("url", ["http://h:9200 #y", "h:9200", "https://"])
def test_init_refuses_what_is_no_address(opensearch: Project, url: str) -> None:
    done = opensearch.run("init", "new", "--url", url)
    assert done.code == 1
    assert "spec.targets.search.url" in done.err
    assert not (opensearch.folder / "new").exists()


@pytest.mark.parametrize("url", ["https://h:9200/a?b=c#d", "http://[::1]:9200", "https://h/'x'"])
def test_init_writes_any_address_such_that_it_is_read_again(opensearch: Project, url: str) -> None:
    assert opensearch.run("init", "new", "--url", url).code == 0
    text = (opensearch.folder / "new" / "reconciler.yaml").read_text()
    assert load_project_text(text, "x", settings_of).targets["search"].url == url


def test_examples_of_explain_are_yaml(opensearch: Project) -> None:
    text = opensearch.run("explain", "WebhookChannel.headers").out
    example = next(line.removeprefix("Example: ") for line in text.splitlines() if line.startswith("Example: "))
    assert yaml.safe_load(example)["headers"]["Content-Type"] == "application/json"


@pytest.mark.parametrize("name", [*KINDS, "project"])
def test_every_example_of_explain_is_yaml_that_says_what_the_schema_says(name: str) -> None:
    schema = load_schema(name)
    for field, node in schema["properties"]["spec"]["properties"].items():
        said = explain_field(schema, [field])
        assert (said is None) is (node.get("not") == {}), f"{field}: there is nothing to say of what is always refused"
        lines = (said or "").splitlines()
        shown = [line.removeprefix("Example: ") for line in lines if line.startswith("Example: ")]
        examples = [{field: example} for example in node.get("examples", [])]
        assert [
            read.value for text in shown for read in parse_documents(text) if isinstance(read, Document)
        ] == examples


def test_a_header_named_like_a_field_is_a_value_like_any_other(opensearch: Project) -> None:
    for header in ("test", "headers", "labels"):
        spec = {"url": {"env": "SLACK_URL"}, "headers": {header: {"env": "SLACK_URL"}}, "test": {"when": "never"}}
        opensearch.keep(manifest("WebhookChannel", "hook", **spec, overrides={"search": {"headers": {header: FILE}}}))
        opensearch.write("token", "planted-token")
        assert opensearch.run("validate").code == 0
        assert f"+ headers.{header} = ••• from file:token" in opensearch.run("plan").out


FILE = {"file": "token"}


def test_strict_passes_with_a_teams_channel_that_says_why(opensearch: Project) -> None:
    reason = {"teams-connector-retired": {"off": "until the flow is moved"}}
    opensearch.environ["TEAMS_URL"] = "https://acme.webhook.office.com/webhookb2/1"
    opensearch.keep(manifest("MicrosoftTeamsChannel", "team", webhook_url={"env": "TEAMS_URL"}))
    assert opensearch.run("validate", "--strict").code == 1
    opensearch.keep(manifest("MicrosoftTeamsChannel", "team", webhook_url={"env": "TEAMS_URL"}, lint=reason))
    assert opensearch.run("validate", "--strict").code == 0
    assert opensearch.run("plan", "--strict").code == 0


def test_a_channel_on_two_targets_is_named_once_for_each(both: Project) -> None:
    both.keep(slack("oncall"), slack("pager", display_name="Pager", webhook_url={"env": "SLACK_URL"}))
    planned = both.run("plan").out
    assert "Will send 4 test messages: kafka/oncall, kafka/pager, search/oncall, search/pager" in planned


def test_one_recipient_is_one(opensearch: Project) -> None:
    account = {"host": "smtp.example.org", "encryption": "none", "port": 25, "from_address": "alerts@example.org"}
    opensearch.keep(
        manifest("SmtpAccount", "mailer", **account),
        manifest("EmailChannel", "mail", sender="mailer", recipients=["ops@example.org"]),
    )
    done = opensearch.run("apply", "--yes", "--max-messages", "0")
    assert done.code == 3
    assert "1 recipients" not in done.everything
    planned = opensearch.run("plan")
    assert "Will send 1 test message: mail (1 recipient)" in planned.out
    assert "skipped: skipped:" not in planned.everything


def test_what_many_deletes_have_in_common_is_said_once(opensearch: Project) -> None:
    addresses = {f"u{index}": f"{SLACK_URL}{index}" for index in range(11)}
    opensearch.environ |= addresses
    opensearch.keep(*(slack(name, webhook_url={"env": name}, test={"when": "never"}) for name in addresses))
    assert opensearch.run("apply", "--yes").code == 0
    opensearch.keep(slack("left"))
    planned = opensearch.run("plan", "--prune").out
    assert planned.count("--max-deletes") == 1


def test_the_simulator_plays_no_version_that_has_no_notifications(opensearch: Project) -> None:
    done = opensearch.run("simulate", "--port", "0", "--opensearch-version", "1.0")
    assert done.code == 1
    assert "2.0 is the oldest" in done.err


def test_what_a_simulator_cannot_use_is_named(opensearch: Project) -> None:
    opensearch.write("no-state.json", "{")
    done = opensearch.run("simulate", "--port", "0", "--state", "no-state.json")
    assert done.code == 1
    assert done.err == "error: the simulator cannot start: no-state.json: not a JSON document\n"
    opensearch.write("a-file", "")
    done = opensearch.run("simulate", "--port", "0", "--state", "a-file/state.json")
    assert done.err == "error: the simulator cannot start: a-file/state.json: Not a directory\n"
    taken = opensearch.url.rpartition(":")[2]
    done = opensearch.run("simulate", "--port", taken)
    assert done.code == 1
    assert done.err.startswith("error: the simulator cannot start: Address already in use")
    assert f"('127.0.0.1', {taken})" in done.err


def test_a_simulator_that_is_not_installed_is_to_be_had_under_our_own_name(opensearch: Project) -> None:
    opensearch.write("without/aiohttp.py", "raise ImportError")
    path = {"PYTHONPATH": os.pathsep.join([str(opensearch.folder / "without"), str(ROOT)])}
    done = opensearch.run("simulate", "--port", "0", environ=path)
    assert done.code == 1
    assert "pip install 'channel-reconciler[simulator]'" in done.err


def test_the_age_of_a_snapshot_may_be_given_in_seconds(opensearch: Project) -> None:
    assert opensearch.run("export", "--snapshot", "s.json").code == 0
    assert opensearch.run("plan", "--against", "s.json", "--max-age", "0s").code == 3
    assert opensearch.run("plan", "--against", "s.json", "--max-age", "900000s").code == 0
    assert opensearch.run("plan", "--against", "s.json", "--max-age", "1w").code == 64


@pytest.mark.parametrize(
    ("arguments", "incomplete", "found"),
    [
        (["schema"], "s", {"snapshot", "SlackChannel", "SmtpAccount"}),
        (["explain"], "SlackChannel.w", {"SlackChannel.webhook_url"}),
        (["explain"], "SlackChannel.te", {"SlackChannel.test"}),
        (["explain"], "project.l", {"project.lint"}),
        (["explain"], "keystore", {"keystore-name"}),
        ([], "va", {"validate"}),
    ],
)
def test_completion_knows_it(arguments: list[str], incomplete: str, found: set[str]) -> None:
    items = ShellComplete(_group, {}, "reconciler", "_X").get_completions(arguments, incomplete)
    assert found <= {item.value for item in items}


def test_a_file_name_that_is_no_text_is_shown_and_goes_into_every_report(opensearch: Project) -> None:
    name = os.fsencode(str(opensearch.folder / "channels")) + b"/caf\xe9.yaml"
    try:
        Path(os.fsdecode(name)).write_text(slack("odd").replace("webhook_url", "webhok_url"))
    except OSError:
        pytest.xfail("this file system takes no such name")
    done = opensearch.run("validate", "--sarif", "found.sarif", "--json")
    assert done.code == 1
    assert json.loads((opensearch.folder / "found.sarif").read_text())["runs"][0]["results"]
    assert json.loads(done.out)["problems"]
    assert render_sarif([])


def test_every_verb_has_help_that_says_what_it_does() -> None:
    assert all(text and text.endswith(".") for text in VERBS.values())
