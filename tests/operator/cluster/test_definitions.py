"""What a real API server takes and refuses: every manifest of the tests and examples unchanged, every bad one in words
that hold no secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.model.kinds import API_VERSION, KINDS
from reconciler.operator.crds import CATEGORY, PROJECT, SHORT_NAMES, plural_of
from reconciler.operator.status_schema import PROJECT_STATUS, RESOURCE_STATUS
from tests.operator.apiserver import ApiServer
from tests.operator.manifests import ACCEPTED, PROJECTS, REFERENCE, examples
from tests.operator.objects import apply_object, create_object, object_path

SECRET = "xoxb-0123456789-do-not-print"
LITERAL = f"https://hooks.slack.com/services/{SECRET}"


def slack(**spec: Any) -> dict[str, Any]:
    return manifest("SlackChannel", webhook_url=REFERENCE) | {"spec": {"webhook_url": REFERENCE, **spec}}


def manifest(kind: str, name: str = "oncall", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


def project(**target: Any) -> dict[str, Any]:
    return manifest(PROJECT, "acme", targets={"search": {"provider": "opensearch", **target}})


def test_every_manifest_of_tests_and_examples_is_taken_and_kept_as_it_is(cluster: ApiServer) -> None:
    api = cluster.client()
    documents = [*ACCEPTED, *PROJECTS, *examples()]
    assert {document["kind"] for document in documents} == {PROJECT, *KINDS}
    for document in documents:
        document["metadata"].pop("namespace", None)
        answer = create_object(api, document, "default", dryRun="All")
        assert answer.is_success, answer.text
        kept = answer.json()
        assert {name: kept[name] for name in ("apiVersion", "kind", "spec")} == {
            name: document[name] for name in ("apiVersion", "kind", "spec")
        }
        assert "status" not in kept


def test_the_null_of_an_override_is_kept(cluster: ApiServer) -> None:
    override = {"display_name": None, "test": {"when": None}, "webhook_url": None, "renamed_from": None, "ignore": None}
    answer = create_object(cluster.client(), slack(overrides={"kafka": override}), "default", dryRun="All")
    assert answer.is_success, answer.text
    assert answer.json()["spec"]["overrides"] == {"kafka": override}


def test_what_defaults_of_a_project_may_give_can_be_left_out(cluster: ApiServer) -> None:
    for kind in KINDS:
        assert create_object(cluster.client(), manifest(kind), "default", dryRun="All").is_success


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a literal": (slack(webhook_url=LITERAL), "must be of type object"),
    "an environment variable": (slack(webhook_url={"env": "SLACK_URL"}), "spec.webhook_url.env"),
    "a file": (slack(webhook_url={"file": "secrets/slack"}), "spec.webhook_url.file"),
    "a source of the project's own": (slack(webhook_url={"pass": "team/slack"}), "spec.webhook_url.pass"),
    "nothing": (slack(webhook_url={}), "at least 1 properties"),
    "two sources": (slack(webhook_url={**REFERENCE, "plain": LITERAL}), "must have exactly one of"),
    "a Secret without a key": (slack(webhook_url={"secret": SECRET}), "secret and vault need a key"),
    "a key alone": (slack(webhook_url={"key": SECRET}), "must have exactly one of"),
    "a key of a plain value": (slack(webhook_url={"plain": LITERAL, "key": "x"}), "key goes with secret"),
    "a form without a value": (slack(webhook_url={"format": f"{SECRET} {{}}"}), "format and from go together"),
    "a form within a form": (
        slack(webhook_url={"format": "{}", "from": {"format": SECRET, "from": REFERENCE}}),
        "unknown field",
    ),
    "live: false": (slack(webhook_url={"live": False}), 'supported values: "true"'),
    "an unknown field": (slack(webhook_ulr=SECRET), 'unknown field "spec.webhook_ulr"'),
    "an unknown field of an override": (slack(overrides={"kafka": {"targets": []}}), "unknown field"),
    "a wrong type": (slack(enabled="yes"), "must be of type boolean"),
    "a word that is none": (slack(test={"when": "sometimes"}), "supported values"),
    "a target twice": (slack(targets=["search", "search"]), "Duplicate value"),
    "a target's name": (slack(targets=["Search"]), "should match"),
    "a description like a mark": (slack(description="mine [acme/oncall]"), "must not validate"),
    "a duration": (slack(operator={"test_every": "1 week"}), "should match"),
    "a test too often": (slack(operator={"test_every": "59m"}), "should match"),
    "a deletion that waits too long": (slack(operator={"deletion_timeout": "8d"}), "should match"),
    "a deletion policy": (slack(operator={"deletion_policy": "keep"}), "supported values"),
    "a null in a spec": (slack(display_name=None, targets=[None]), "spec.targets"),
    "a dot in a name": (manifest("EmailGroup", "a.b", recipients=["a@example.org"]), "metadata.name must be"),
    "a long name": (manifest("EmailGroup", "a" * 64, recipients=["a@example.org"]), "metadata.name must be"),
    "a port": (manifest("SmtpAccount", port=0), "greater than or equal to 1"),
    "an address of mail": (manifest("EmailGroup", recipients=["nobody"]), "should match"),
    "a role": (manifest("SnsChannel", role_arn="arn:aws:s3:::x"), "should match"),
    "no target": (manifest(PROJECT, targets={}), "at least 1 properties"),
    "no spec": ({name: part for name, part in slack().items() if name != "spec"}, "spec: Required value"),
    "two ways of auth": (project(auth={"bearer": {"token": REFERENCE}, "sigv4": {"region": "eu"}}), "at most 1"),
    "a password as a literal": (
        project(auth={"basic": {"username": {"plain": "admin"}, "password": SECRET}}),
        "must be of type object",
    ),
    "a password from the environment": (
        project(auth={"basic": {"username": {"plain": "admin"}, "password": {"env": "PASSWORD"}}}),
        "password.env",
    ),
    "credentials without a password": (project(auth={"basic": {"username": {"plain": "admin"}}}), "Required value"),
    "a literal in defaults": (
        project() | {"spec": {**project()["spec"], "defaults": {"SlackChannel": {"webhook_url": LITERAL}}}},
        "must be of type object",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_one_is_refused_without_its_secret(cluster: ApiServer, name: str) -> None:
    document, words = BAD[name]
    answer = create_object(cluster.client(), document, "default", dryRun="All")
    assert answer.status_code in (400, 422), answer.text
    assert words in answer.json()["message"]
    assert SECRET not in answer.text


@pytest.mark.parametrize("url", [f"https://admin:{SECRET}@search.example.org", f"not an address {SECRET}"])
def test_an_address_with_credentials_is_not_printed(cluster: ApiServer, url: str) -> None:
    """It is taken, and refused by the operator, whose words never repeat a value."""
    answer = create_object(cluster.client(), project(url=url), "default", dryRun="All")
    assert answer.is_success


def test_what_a_lenient_client_writes_is_not_lost_unseen(cluster: ApiServer) -> None:
    document = slack(webhook_url={"env": "SLACK_URL"})
    answer = create_object(cluster.client(), document, "default", dryRun="All", fieldValidation="Ignore")
    assert answer.status_code == 422
    assert "at least 1 properties" in answer.text


def _sample(schema: dict[str, Any]) -> Any:
    """A value of every field of a status."""
    if schema["type"] == "object":
        fields = schema.get("properties") or {"any": schema["additionalProperties"]}
        return {name: _sample(field) for name, field in fields.items()}
    if schema["type"] == "array":
        return [_sample(schema["items"])]
    texts = {"date-time": "2026-01-02T03:04:05Z"}
    text = (schema.get("enum") or [texts.get(schema.get("format", ""), "text")])[0]
    return {"string": text, "boolean": True, "integer": 3}[schema["type"]]


@pytest.mark.parametrize(("document", "schema"), [(slack(), RESOURCE_STATUS), (project(), PROJECT_STATUS)])
def test_a_status_is_kept_whole_and_raises_no_generation(
    cluster: ApiServer, document: dict[str, Any], schema: dict[str, Any]
) -> None:
    api, namespace, status = cluster.client(), cluster.namespace(), _sample(schema)
    assert create_object(api, {**document, "status": status}, namespace).is_success
    path = object_path(api, document, namespace)
    assert "status" not in api.get(path).json()
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = api.patch(f"{path}/status?fieldValidation=Strict", headers=headers, json={"status": status})
    assert answer.is_success, answer.text
    assert answer.json()["status"] == status
    assert answer.json()["metadata"]["generation"] == 1


def test_the_columns_show_what_a_status_says(cluster: ApiServer) -> None:
    api, namespace = cluster.client(), cluster.namespace()
    create_object(api, slack(), namespace).raise_for_status()
    path = object_path(api, slack(), namespace)
    since = "2026-01-02T03:04:05Z"
    ready = {"type": "Ready", "status": "False", "reason": "TestFailed", "message": "no", "lastTransitionTime": since}
    status = {"target": "search-prod", "conditions": [ready], "lastTestTime": since}
    headers = {"Content-Type": "application/merge-patch+json"}
    api.patch(f"{path}/status", headers=headers, json={"status": status}).raise_for_status()
    table = api.get(path, headers={"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}).json()
    names = [column["name"] for column in table["columnDefinitions"] if column["priority"] == 0]
    assert names == ["Name", "Target", "Ready", "Reason", "Last-Test", "Age"]
    shown = [cell for cell, column in zip(table["rows"][0]["cells"], table["columnDefinitions"], strict=True)
             if column["name"] in ("Target", "Ready", "Reason")]  # fmt: skip
    assert shown == ["search-prod", "False", "TestFailed"]


def test_all_kinds_are_in_one_category_and_none_takes_the_short_name_of_others(cluster: ApiServer) -> None:
    resources = cluster.client().get(f"/apis/{API_VERSION}").json()["resources"]
    ours = {item["name"]: item for item in resources if "/" not in item["name"]}
    assert set(ours) == {plural_of(kind) for kind in (PROJECT, *KINDS)}
    assert all(item["categories"] == [CATEGORY] for item in ours.values())
    short = {item["kind"]: tuple(item["shortNames"]) for item in ours.values() if item.get("shortNames")}
    assert short == SHORT_NAMES


def test_applying_the_same_again_changes_nothing(cluster: ApiServer) -> None:
    api, namespace = cluster.client(), cluster.namespace()
    document = slack(overrides={"kafka": {"display_name": None}}, targets=["search", "kafka"])
    first = apply_object(api, document, namespace).json()
    second = apply_object(api, document, namespace).json()
    assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
    assert json.dumps(first["spec"], sort_keys=True) == json.dumps(document["spec"], sort_keys=True)
