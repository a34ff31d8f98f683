"""Every document that a verb writes keeps to its published schema, and every schema says what each member is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import jsonschema
import pytest

from reconciler.cli.main import VERBS
from reconciler.manifests.manifest import schema_folder
from reconciler.model.kinds import KINDS
from tests.cases.projects import Project, manifest, slack

SCHEMAS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(schema_folder().glob("*.json"))}


def check(text: str, *expected: str) -> dict[str, Any]:
    """The document in a text, which keeps to the schema that its format names: one of those expected."""
    document: dict[str, Any] = json.loads(text)
    name = document["format"].removeprefix("reconciler.").removesuffix("/v1")
    assert name in expected
    jsonschema.Draft202012Validator(SCHEMAS[name]).validate(document)
    assert document.keys() <= SCHEMAS[name]["properties"].keys(), "nothing is there that the schema does not describe"
    return document


def of_validate(project: Project) -> None:
    assert check(project.run("validate", "--json").out, "problems")["valid"]
    project.keep(
        slack("oncall", webhook_url="https://hooks.slack.com/services/T0/B0/x", lint={"bare-host": {"off": "why not"}}),
        slack("other", webhook_url={"env": "SLACK_URL"}, nonsense=1),
    )
    assert len(check(project.run("validate", "--json").out, "problems")["problems"]) == 2


def of_plan(project: Project) -> None:
    assert check(project.run("plan", "--json").out, "plan")["targets"]
    assert project.run("plan", "--out", "plan.json").code == 0
    check((project.folder / "plan.json").read_text(), "plan")
    check(project.run("plan", "--destroy", "--json").out, "plan")
    check(project.run("plan", "--json", "--only", "nobody").out, "failure")


def of_show(project: Project) -> None:
    assert project.run("plan", "--out", "plan.json").code == 0
    check(project.run("show", "plan.json", "--json").out, "plan")


def of_apply(project: Project) -> None:
    result = check(project.run("apply", "--yes", "--json", "--journal", "journal").out, "result")
    assert result["exit_code"] == 0
    for line in (project.folder / "journal").read_text().splitlines():
        check(line, "journal")
    project.environ["SLACK_URL"] = "https://gone.example.org/services/T0/B0/x"
    check(project.run("apply", "--yes", "--json").out, "result", "failure")


def of_test(project: Project) -> None:
    assert project.run("apply", "--yes").code == 0
    assert check(project.run("test", "--all", "--json").out, "tests")["tests"]


def of_drift(project: Project) -> None:
    assert project.run("apply", "--yes").code == 0
    project.put("acme_oncall", name="By hand", is_enabled=False)
    assert check(project.run("drift", "--json").out, "drift")["moved"]


def of_list(project: Project) -> None:
    assert project.run("apply", "--yes").code == 0
    assert check(project.run("list", "--json").out, "list")["owned"]
    assert "unmanaged" in check(project.run("list", "--all", "--json").out, "list")
    assert check(project.run("list", "--types", "--json").out, "list")["types"]


def of_users(project: Project) -> None:
    assert project.run("apply", "--yes").code == 0
    check(project.run("users", "oncall", "--json").out, "users")
    check(project.run("users", "--dangling", "--json").out, "users")


def of_release(project: Project) -> None:
    assert project.run("apply", "--yes").code == 0
    check(project.run("release", "oncall", "--yes", "--json").out, "result")


def of_destroy(project: Project) -> None:
    assert project.run("apply", "--yes").code == 0
    check(project.run("destroy", "--yes", "--json").out, "result")


def of_export(project: Project) -> None:
    assert project.run("apply", "--yes").code == 0
    (exported, *_) = check(project.run("export", "--json").out, "export")["manifests"]
    jsonschema.Draft202012Validator(SCHEMAS["manifest"]).validate(exported)
    assert project.run("export", "--snapshot", "snapshot.json").code == 0
    check((project.folder / "snapshot.json").read_text(), "snapshot")


def of_doctor(project: Project) -> None:
    assert check(project.run("doctor", "--json").out, "doctor", "failure")["format"] == "reconciler.doctor/v1"


def of_version(project: Project) -> None:
    check(project.run("version", "--json").out, "version")


CHECKS: dict[str, Callable[[Project], None]] = {
    name.removeprefix("of_"): item for name, item in sorted(globals().items()) if name.startswith("of_")
}


@pytest.mark.parametrize("verb", sorted(CHECKS))
def test_the_documents_of_a_verb_keep_to_their_schemas(verb: str, both: Project) -> None:
    both.keep(slack("oncall"), manifest("Subscription", "failures", **SUBSCRIPTION))
    CHECKS[verb](both)


SUBSCRIPTION = {"notification_type": "Connector failed", "channels": ["oncall"], "targets": ["kafka"]}


def test_no_verb_that_writes_a_document_is_left_out() -> None:
    commands = {name: import_module(f"reconciler.cli.verbs.{name}").command for name in VERBS}
    writing = {name for name, item in commands.items() if any("--json" in one.opts for one in item.params)}
    assert len(writing) > 8
    assert writing <= CHECKS.keys()


def members(node: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every member of every object in a schema, with where it is."""
    if isinstance(node, list):
        for item in node:
            yield from members(item, at)
    elif isinstance(node, dict):
        for name, schema in node.get("properties", {}).items() if isinstance(node.get("properties"), dict) else ():
            yield f"{at}.{name}", schema
        for key, value in node.items():
            if key not in ("examples", "default", "enum", "const", "if", "not"):
                yield from members(value, f"{at}.{key}")


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_has_an_identity_and_describes_every_member(name: str) -> None:
    schema = SCHEMAS[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"https://channels.gitops/schemas/v1/{name}.json"
    bare = [where for where, member in members(schema) if not _is_described(schema, member)]
    assert bare == []
    assert schema.get("title")


def _is_described(schema: dict[str, Any], member: Any) -> bool:
    if (
        not isinstance(member, dict)
        or "const" in member
        or not {*member} - {"items", "anyOf", "allOf"}
        or "not" in member
    ):
        return True
    reference = member.get("$ref", "").removeprefix("#/$defs/")
    return bool(member.get("description") or schema.get("$defs", {}).get(reference, {}).get("description"))


def test_every_document_has_a_schema_that_can_be_printed(opensearch: Project) -> None:
    for name in SCHEMAS.keys() - KINDS.keys():
        assert json.loads(opensearch.run("schema", name).out) == SCHEMAS[name]
