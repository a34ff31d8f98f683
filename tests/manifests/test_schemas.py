"""Tables and schemas cannot differ: the files are what the tables give, and what a schema takes the table reads."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.manifests.manifest import check_spec, compiled, load_schema, schema_folder
from reconciler.manifests.wording import word_problems
from reconciler.model.fields import read_record, rows
from reconciler.model.kinds import KINDS
from reconciler.model.project import Auth, Project
from reconciler.model.resource import Settings
from reconciler.providers import BUILT_IN
from tools.schemas import main

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in schema_folder().glob("*.json") if path.stem in {*KINDS, "manifest", "project"})


def documents(path: str) -> Iterator[Any]:
    return (document for document in yaml.safe_load_all((HERE / path).read_text("utf-8")) if document)


MANIFESTS = list(documents("accepted/every-kind.yaml"))
(PROJECT,) = documents("projects_accepted/everything.yaml")


def test_the_schema_files_are_as_the_tables_say() -> None:
    assert main(["--check"]) == 0


def test_a_changed_schema_file_is_shown_as_a_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--write"], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    path = tmp_path / "SlackChannel.json"
    path.write_text(path.read_text("utf-8").replace("webhook_url", "webhookUrl"), "utf-8")
    assert main(["--check"], tmp_path) == 1
    shown = capsys.readouterr().err.splitlines()
    assert any(line.startswith("-") and "webhookUrl" in line for line in shown)


def test_every_kind_has_a_schema() -> None:
    assert set(NAMES) == {*KINDS, "manifest", "project"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_default_and_an_example_are_what_the_field_takes(kind: str) -> None:
    base = next(manifest for manifest in MANIFESTS if manifest["kind"] == kind)["spec"]
    properties = load_schema(kind)["properties"]["spec"]["properties"]
    for field in (*rows(Settings), *KINDS[kind].fields):
        about = properties[field.name]
        for value in [*field.examples, *([about["default"]] if "default" in about else [])]:
            if field.name != "ignore":  # its example is for kinds that have a description
                assert check_spec(kind, without_targets(base) | {field.name: value}) == [], field.name


@pytest.mark.parametrize("provider", [*BUILT_IN, "one-of-a-package"])
def test_an_editor_shows_which_logins_a_provider_takes(provider: str) -> None:
    validator = Draft202012Validator(load_schema("project"))
    for way in rows(Auth):
        login = {part.name: "x" for part in rows(way.form.parts[0]) if part.required}
        target = {"provider": provider, "auth": {way.name: login}}
        document = {**PROJECT, "spec": {"manifests": ["channels/"], "targets": {"one": target}}}
        takes = provider not in BUILT_IN or way.name in BUILT_IN[provider].settings.auth
        assert validator.is_valid(document) == takes, way.name


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_stands_alone(name: str) -> None:
    schema = load_schema(name)
    Draft202012Validator.check_schema(schema)
    assert all(reference.startswith("#/$defs/") for reference in references(schema))


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_a_schema_tells_what_it_is(name: str) -> None:
    schema = load_schema(name)
    for section in (schema, schema["properties"].get("spec", {})):
        for field, about in section.get("properties", {}).items():
            target = schema["$defs"].get(str(about.get("$ref")).rpartition("/")[2], {})
            assert about.get("description") or target.get("description"), field


@pytest.mark.parametrize("name", sorted({*KINDS, "project"}))
def test_the_examples_of_a_schema_pass_it(name: str) -> None:
    for example in load_schema(name)["examples"]:
        assert list(Draft202012Validator(load_schema(name)).iter_errors(example)) == []


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: str(manifest["metadata"]["name"]))
def test_the_schema_that_picks_by_kind_agrees_with_that_of_the_kind(manifest: dict[str, Any]) -> None:
    assert compiled("manifest").is_valid(manifest)
    broken = {**manifest, "spec": {**manifest["spec"], "surprise": 1}}
    assert not compiled("manifest").is_valid(broken)
    assert not compiled(manifest["kind"]).is_valid(broken)


def test_required_fields_may_come_from_the_defaults_of_the_project() -> None:
    document = {
        "apiVersion": "channels.gitops/v1",
        "kind": "SmtpAccount",
        "metadata": {"name": "a"},
        "spec": {"from_address": "a@example.org"},
    }
    assert not compiled("SmtpAccount").is_valid(document)
    assert compiled("SmtpAccount", frozenset({"host"})).is_valid(document)


TEXTS = st.sampled_from(
    [
        *("", " ", "A\n", "a\n", "x@y.z\n", "\x00", "a\u2028b", "é", "a" * 64, "Bearer {}", "x [a/b]", "[a/b] "),
        *("https://a b", "http://u:p@[::1]:9/a?b#c\n", '"a b"@c.d', "arn:aws:iam::123456789012:role/x", "opensearch"),
        *("a", "https://x", "ftp://x", "x@y.z", "a@b@c.d", "{}{}", "description", "url", "POST", "post", "start_tls"),
        *("change", "ENABLED", "3.6", "env"),
    ]
)
SCALARS = st.one_of(TEXTS, st.none(), st.booleans(), st.sampled_from([0, 1, 25, 25.0, 25.5, -1, 65536, 10**9]))
KEYS = st.sampled_from(
    [
        *("env", "file", "sops", "vault", "aws_secret", "key", "live", "plain", "format", "from", "own", "x", "X-A"),
        *("Accept", "when", "role", "user", "recipients", "url", "basic", "bearer", "token", "exec", "expect", "UPPER"),
        "a b",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=2)),
    max_leaves=5,
)


@st.composite
def mutated(draw: st.DrawFn, original: Any) -> Any:
    """The document with one to three values changed, taken out or put in, anywhere in it."""
    document = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 3))):
        if not document:
            break
        place: Any = document
        while isinstance(place, (dict, list)) and place:
            steps = sorted(place) if isinstance(place, dict) else list(range(len(place)))
            step = draw(st.sampled_from(steps))
            if not isinstance(place[step], (dict, list)) or not place[step] or draw(st.booleans()):
                break
            place = place[step]
        change(draw, place, step)
    return document


def change(draw: st.DrawFn, place: Any, step: Any) -> None:
    what = draw(st.sampled_from(["set", "set", "remove", "add"]))
    if what == "set":
        place[step] = draw(VALUES)
    elif what == "remove":
        del place[step]
    elif isinstance(place, dict):
        place[draw(KEYS)] = draw(VALUES)
    else:
        place.append(draw(VALUES))


def without_targets(spec: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in ("targets", "overrides")}


def takes(kind: str, spec: Any) -> bool:
    """Whether the spec is right; what is right must be read, too."""
    if check_spec(kind, spec):
        return False
    fields = KINDS[kind].read(spec, "x")
    settings = read_record(Settings, spec)
    assert {name for name in spec if name not in fields} <= {row.name for row in rows(Settings)}
    assert isinstance(settings.renamed_from, tuple)
    return True


@settings(max_examples=250)
@given(st.data())
def test_both_validators_accept_the_same_specs_and_the_table_reads_them(data: st.DataObject) -> None:
    manifest = data.draw(st.sampled_from(MANIFESTS))
    kind = manifest["kind"]
    spec = data.draw(mutated(without_targets(manifest["spec"])))
    document = {**manifest, "spec": spec}
    accepted = compiled(kind).is_valid(document)
    assert takes(kind, spec) is accepted
    assert (word_problems(load_schema(kind), document) == []) is accepted


PLAIN_VALUES = {"when": "change", "on_failure": "keep", "expect": "reached", "recipients": []}


def nulls_filled(value: Any) -> Any:
    """What a null stands for does not matter here, only that its key could have a value."""
    if not isinstance(value, dict):
        return value
    return {key: PLAIN_VALUES.get(key, "x") if item is None else item for key, item in value.items()}


@settings(max_examples=150)
@given(st.data())
def test_an_override_takes_what_the_field_takes_or_null(data: st.DataObject) -> None:
    manifest = data.draw(st.sampled_from(MANIFESTS))
    kind, base = manifest["kind"], without_targets(manifest["spec"])
    field = data.draw(st.sampled_from([row.name for row in (*rows(Settings), *KINDS[kind].fields)]))
    near = mutated([base[field]]).map(lambda made: made[0] if made else None) if field in base else VALUES
    value = data.draw(st.one_of(VALUES, near))
    document = {**manifest, "spec": {**base, "overrides": {"kafka": {field: value}}}}
    accepted = compiled(kind).is_valid(document)
    if field in ("test", "headers"):
        value = nulls_filled(value)
    fits = value is None or takes(kind, {**base, field: value})
    assert accepted is fits
    assert (word_problems(load_schema(kind), document) == []) is accepted


@settings(max_examples=150)
@given(st.data())
def test_both_validators_accept_the_same_projects_and_the_table_reads_them(data: st.DataObject) -> None:
    spec = data.draw(mutated(PROJECT["spec"]))
    document = {**PROJECT, "spec": spec}
    accepted = compiled("project").is_valid(document)
    if accepted:
        assert set(Project.read("acme", spec).targets) == set(spec["targets"])
    assert (word_problems(load_schema("project"), document) == []) is accepted


def test_schemas_are_found_in_an_installed_package_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import reconciler.manifests.manifest as module

    package = tmp_path / "reconciler"
    (package / "manifests").mkdir(parents=True)
    monkeypatch.setattr(module, "__file__", str(package / "manifests" / "schemas.py"))
    assert module.schema_folder() == tmp_path / "schemas" / "v1"
    (package / "schemas" / "v1").mkdir(parents=True)
    assert module.schema_folder() == package / "schemas" / "v1"


def test_schema_files_are_readable_json_with_a_stable_address() -> None:
    for name in NAMES:
        schema = json.loads((schema_folder() / f"{name}.json").read_text("utf-8"))
        assert schema["$id"] == f"https://channels.gitops/schemas/v1/{name}.json"
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
