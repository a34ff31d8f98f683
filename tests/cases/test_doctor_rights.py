"""The doctor says of each right what it knows, by calls that change nothing, and `not tried` where it cannot."""

from __future__ import annotations

import json

import httpx
import pytest

from reconciler.engine.doctor import check_target
from reconciler.engine.options import Purpose
from reconciler.model.errors import Problem
from reconciler.simulator import Simulator
from tests.cases.projects import KEY, SECRET, Project, slack
from tests.cases.test_their_words import CREDENTIALS, RIGHTS
from tests.providers.support import talk_raw

_PREFIX = "cluster:admin/opensearch/notifications"
PERMISSIONS = {
    "list": f"{_PREFIX}/configs/get",
    "create": f"{_PREFIX}/configs/create",
    "update": f"{_PREFIX}/configs/update",
    "delete": f"{_PREFIX}/configs/delete",
    "test": f"{_PREFIX}/test_notification",
}
WRITING = ("create", "update", "delete", "test")


def allow(simulator: Simulator, *rights: str) -> None:
    """Give our user these rights, and no others."""
    permissions = [PERMISSIONS[right] for right in rights]
    simulator.set_users(
        {
            "users": {KEY: {"password": SECRET, "backend_roles": ["team"], "roles": ["ours"]}},
            "roles": {"ours": {"cluster_permissions": permissions}},
        }
    )


def rights_of(project: Project, *flags: str) -> tuple[int, dict[str, str]]:
    """The exit code, and the health of each right."""
    done = project.run("doctor", "--json", *flags)
    checks = json.loads(done.out)["checks"]
    prefix = "right to "
    found = {item["check"].removeprefix(prefix): item["health"] for item in checks if prefix in item["check"]}
    return done.code, found


def with_login(project: Project) -> None:
    """Have the project name our user."""
    document = json.loads((project.folder / "reconciler.yaml").read_text())
    basic = {"username": {"env": "CONFLUENT_CLOUD_API_KEY"}, "password": {"env": "CONFLUENT_CLOUD_API_SECRET"}}
    document["spec"]["targets"]["search"]["auth"] = {"basic": basic}
    project.write("reconciler.yaml", json.dumps(document))


@pytest.mark.parametrize("missing", WRITING)
def test_a_right_that_is_missing_is_named(opensearch: Project, simulator: Simulator, missing: str) -> None:
    with_login(opensearch)
    allow(simulator, "list", *(right for right in WRITING if right != missing))
    code, rights = rights_of(opensearch)
    assert code == 1
    assert {right for right, health in rights.items() if health != "ok"} == {missing}


@pytest.mark.parametrize(("purpose", "needed"), [("plan", ()), ("test", ("test",)), ("apply", WRITING)])
def test_only_the_rights_of_the_purpose_are_asked_for(
    opensearch: Project, simulator: Simulator, purpose: str, needed: tuple[str, ...]
) -> None:
    with_login(opensearch)
    allow(simulator, "list", *needed)
    code, rights = rights_of(opensearch, "--for", purpose)
    assert (code, set(rights)) == (0, {"list", "read one", *needed})
    assert set(rights.values()) == {"ok"}


def test_asking_changes_nothing_and_sends_nothing(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    before, sent = opensearch.configs(), opensearch.sent()
    assert rights_of(opensearch) == (0, dict.fromkeys(("list", "read one", *WRITING), "ok"))
    assert opensearch.configs() == before
    assert opensearch.sent() == sent


def test_what_cannot_be_asked_without_an_effect_is_not_tried(both: Project) -> None:
    done = both.run("doctor", "--target", "kafka")
    assert done.code == 0, done.everything
    assert done.out.count("not tried  right to ") == 4
    assert done.out.endswith("0 failures, 4 not tried.\n")


@pytest.mark.parametrize(
    ("answer", "check", "fix"),
    [(httpx.Response(403, json={"message": words}), "credentials", fix) for words, fix in CREDENTIALS.items()]
    + [
        (httpx.Response(403, json={"Message": RIGHTS}), "right to list", "IAM policy"),
        (httpx.Response(403, json={"error": "?"}), "right to list", "grant the user the rights in docs/permissions.md"),
        (httpx.Response(401, text="Unauthorized"), "credentials", "check the target's auth"),
        (httpx.Response(404, html="<html>"), "plugin", "is that the right address, or is a proxy between?"),
    ],
)
def test_what_fixes_it_is_said_once_and_is_that_of_the_answer(answer: httpx.Response, check: str, fix: str) -> None:
    """A second fix, which fits every failure, sends a person the wrong way."""

    def handler(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    found = talk_raw(handler, lambda provider: check_target("search", provider, "acme", (), Purpose.PLAN))
    (failed,) = [item for item in found if item.name == check]
    assert isinstance(failed.found, Problem)
    assert fix in failed.found.fix
    assert failed.found.fix not in failed.found.message


def test_secrets_of_manifests_with_errors_are_not_said_to_be_found(both: Project) -> None:
    both.keep(slack("oncall"), slack("wrong", webhook_url={"env": "NOT_THERE"}, descriptoin="x"))
    looked = json.loads(both.run("doctor", "--json").out)
    found = {check["check"]: (check["health"], check["text"]) for check in looked["checks"]}
    assert found["manifests"] == ("failure", "1 manifest, 1 error")
    assert found["secrets"] == ("not tried", "those of manifests with errors; of the others 1 secret found")
