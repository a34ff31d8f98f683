"""First contact and the daily verbs: init, explain, schema, doctor, completion, version; with the real command."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.scaffold import NewProject, project_files
from reconciler.cli.verbs.schema import command as schema_verb
from reconciler.manifests.manifest import load_schema, schema_names
from reconciler.model.errors import MEANINGS, Exit
from reconciler.model.kinds import KINDS
from reconciler.report.explain import explain_field
from reconciler.report.rules import RULES
from reconciler.simulator import Simulator
from tests.cli.shell import PROJECT, SLACK, Shell
from tests.guarded import Guarded


@pytest.fixture
def empty(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_new_project_is_valid_at_once(empty: Shell) -> None:
    done = empty.run("init", ".", "--name", "acme", "--provider", "opensearch", "--ci", "github")
    assert done.code == 0, done.everything
    assert empty.run("validate", "--strict").code == 0
    assert (empty.folder / ".github/workflows/channels.yaml").exists()


def test_init_overwrites_nothing_and_then_writes_nothing(empty: Shell) -> None:
    empty.write("channels/example.yaml", "mine")
    done = empty.run("init", ".", "--name", "acme")
    assert done.code == 1
    assert "channels/example.yaml" in done.err
    assert not (empty.folder / "reconciler.yaml").exists()
    assert (empty.folder / "channels/example.yaml").read_text() == "mine"


def test_init_takes_the_folder_for_the_name(empty: Shell) -> None:
    assert empty.run("init", "Ops Alerts").code == 0
    project = yaml.safe_load((empty.folder / "Ops Alerts/reconciler.yaml").read_text())
    assert project["metadata"] == {"name": "ops-alerts"}


@pytest.mark.parametrize("url", ["", "https://search.example.org:9200", "http://127.0.0.1:9299"])
@pytest.mark.parametrize("provider", ["opensearch", "confluent"])
def test_every_workflow_is_yaml_and_names_only_secrets_of_its_provider(provider: str, url: str) -> None:
    files = project_files(NewProject("acme", provider, url, "github", "trunk"))
    workflow = yaml.safe_load(files[".github/workflows/channels.yaml"])
    names = set(workflow["jobs"]["apply"]["steps"][1]["env"])
    assert workflow[True]["push"]["branches"] == ["trunk"]
    assert ("CONFLUENT_CLOUD_API_KEY" in names) is (provider == "confluent")
    assert ("OPENSEARCH_PASSWORD" in names) is (provider == "opensearch" and not url.startswith("http:"))


def test_explain_tells_of_kinds_fields_and_parts_of_fields(empty: Shell) -> None:
    assert "EmailChannel" in empty.run("explain").out
    assert "* webhook_url" in empty.run("explain", "slackchannel").out
    assert "One of: change, always, never" in empty.run("explain", "SlackChannel.test.when").out


def _fields_of_project(node: dict[str, Any], path: tuple[str, ...] = ("project",)) -> Iterator[str]:
    """Every field that the schema of the project file has, as a person names it."""
    schema = load_schema("project")
    node = schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    value = node.get("additionalProperties")
    if isinstance(value, dict):
        yield from _fields_of_project(value, path)
    for name, field in node.get("properties", {}).items():
        yield ".".join((*path, name))
        yield from _fields_of_project(field, (*path, name))


def test_explain_tells_of_every_field_of_the_project_file(empty: Shell) -> None:
    text = empty.run("explain", "project").out
    assert "* targets" in text
    schema = load_schema("project")
    fields = list(_fields_of_project(schema["properties"]["spec"]))
    assert {"project.required_version", "project.targets.tls.verify", "project.targets.auth.sigv4.region"} <= {*fields}
    for field in fields:
        said = explain_field(schema, field.split(".")[1:])
        assert said is not None, field
        assert len(said.splitlines()) > 2, field  # its name, an empty line, and what it is for
    assert "Default: 5" in empty.run("explain", "project.safety.max_deletes").out
    with_key = empty.run("explain", "project.targets.search-prod.provider").out
    without = empty.run("explain", "project.targets.provider").out
    assert "Required." in without
    assert with_key == without.replace("targets.provider", "targets.search-prod.provider")


def test_explain_tells_of_every_rule_and_exit_code(empty: Shell) -> None:
    table = empty.run("explain", "exit").out
    assert [int(line.split()[0]) for line in table.splitlines() if re.match(r" +[0-9]", line)] == list(Exit)
    assert "the first of 130, 64, 6, 4, 5, 3, 1, 7, 2, 0 counts" in table
    assert empty.run("explain", "EXIT").out == table
    for code in Exit:
        assert f"  {MEANINGS[code]}\n" in table
    assert empty.run("explain", "7").out == f"    7  {MEANINGS[Exit.NOT_LOOKED_AT]}\n"
    for rule in ("no-literal-secrets", "teams-connector-retired"):
        assert RULES[rule] in empty.run("explain", rule).out


@pytest.mark.parametrize(
    ("what", "hint"),
    [
        ("SlackChanel", "SlackChannel"),
        ("SlackChannel.webhok", "webhook_url"),
        ("no-literal-secretss", "no-literal-secrets"),
        ("projct", "project"),
        ("project.safty", "safety"),
    ],
)
def test_explain_knows_what_was_meant(empty: Shell, what: str, hint: str) -> None:
    done = empty.run("explain", what)
    assert done.code == 1
    assert f"did you mean {hint}?" in done.err


def test_schemas_are_printed_as_they_are_published(empty: Shell) -> None:
    published = Path(__file__).parents[2] / "schemas/v1/WebhookChannel.json"
    assert json.loads(empty.run("schema", "WebhookChannel").out) == json.loads(published.read_text())


def test_the_help_on_schemas_names_every_document_that_the_tool_writes() -> None:
    written = set(schema_names()) - {*KINDS, *map(str.lower, KINDS), "manifest", "project"}
    named = re.split(r"[,\s]+", str(schema_verb.help).partition("itself writes:")[2].strip(" .\n"))
    assert sorted(written) == sorted(filter(None, named))


def test_the_doctor_finds_a_healthy_target_healthy(shell: Shell) -> None:
    done = shell.run("doctor", "--json")
    document = json.loads(done.out)
    assert (done.code, document["healthy"]) == (0, True), done.everything
    seen = {item["check"] for item in document["checks"]}
    assert seen >= {"address", "dns", "proxy", "credentials", "version", "right to test", "right to delete", "kinds"}


def test_the_doctor_writes_and_sends_nothing(shell: Shell) -> None:
    assert shell.run("apply", "--yes").code == 0
    before = shell.run("list").out
    assert shell.run("doctor").code == 0
    assert shell.run("list").out == before


def test_the_doctor_names_what_is_broken_and_the_fix(shell: Shell) -> None:
    shell.environ["OPENSEARCH_URL"] = "http://127.0.0.1:9"
    del shell.environ["SLACK_URL"]
    done = shell.run("doctor")
    assert done.code == 1
    assert "failure    connection" in done.out
    assert "fix: is it running" in done.out
    assert "SLACK_URL is not set" in done.out


def test_completion_knows_the_names_of_channels(shell: Shell) -> None:
    assert "_RECONCILER_COMPLETE" in shell.run("completion", "bash").out
    shell.environ |= {"_RECONCILER_COMPLETE": "bash_complete", "COMP_WORDS": "reconciler test on", "COMP_CWORD": "2"}
    assert shell.run().out == "plain,oncall\n"
    shell.environ |= {"COMP_WORDS": "reconciler plan --only on", "COMP_CWORD": "3"}
    assert shell.run().out == "plain,oncall\n"
    shell.environ |= {"COMP_WORDS": "reconciler plan --target se", "COMP_CWORD": "3"}
    assert shell.run().out == "plain,search\n"
    shell.environ |= {"COMP_WORDS": "reconciler explain SlackChannel.web", "COMP_CWORD": "2"}
    assert shell.run().out == "plain,SlackChannel.webhook_url\n"


def test_the_version_says_what_it_works_with(empty: Shell) -> None:
    document = json.loads(empty.run("version", "--json").out)
    assert document["providers"] == ["confluent", "opensearch"]


def test_on_a_terminal_init_asks_for_what_no_flag_gives(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("RECONCILER")}
    words = [sys.executable, "-m", "reconciler", "init", str(tmp_path), "--ci", "none"]
    process = subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environ, text=True)
    os.close(theirs)
    os.write(ours, b"acme\nopensearch\nhttps://search.example.org\n")
    with Guarded(process) as guarded:
        written, _ = guarded.end()
    os.close(ours)
    assert process.returncode == 0
    assert written.count("wrote ") == 2
    target = yaml.safe_load((tmp_path / "reconciler.yaml").read_text())["spec"]["targets"]["search"]
    assert target["url"] == "https://search.example.org"
    assert target["auth"]["basic"]["username"] == {"env": "OPENSEARCH_USERNAME"}


@pytest.mark.parametrize("verb", ["validate", "plan", "drift", "export"])
def test_a_verb_pays_only_for_what_it_uses(shell: Shell, verb: str) -> None:
    script = (
        "import sys\nfrom reconciler.cli.main import main\n"
        f"try: main([{verb!r}])\n"
        "except SystemExit: pass\n"
        "heavy = ['jinja2', 'junitparser', 'sarif_pydantic', 'reconciler.report.markdown', 'reconciler.report.html']\n"
        "sys.exit(str([name for name in heavy if name in sys.modules]) if set(heavy) & set(sys.modules) else 0)\n"
    )
    environ = {**os.environ, **shell.environ}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=shell.folder, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_doctor_tells_credentials_that_are_not_accepted(tmp_path: Path) -> None:
    with Simulator(credentials=("user", "password")) as simulator:
        shell = Shell(
            tmp_path, {"OPENSEARCH_URL": simulator.url, "SLACK_URL": "https://hooks.slack.com/services/T0/B0/x"}
        )
        shell.write("reconciler.yaml", PROJECT)
        shell.write("channels/oncall.yaml", SLACK)
        done = shell.run("doctor")
    assert done.code == 1
    assert "failure    credentials" in done.out
    assert "fix: check the target's auth" in done.out


def test_the_doctor_tells_a_port_without_tls(shell: Shell) -> None:
    shell.environ["OPENSEARCH_URL"] = shell.environ["OPENSEARCH_URL"].replace("http:", "https:")
    done = shell.run("doctor", "--json")
    assert done.code == 1
    (broken,) = [item for item in json.loads(done.out)["checks"] if item["health"] == "failure"]
    assert (broken["check"], broken["fix"]) == ("tls", "is it http, or another port?")
