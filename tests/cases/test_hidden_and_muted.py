"""What is hidden or muted: a message that cannot be sent is not planned, a hidden id is named, no login hides words."""

from __future__ import annotations

from reconciler.simulator import Simulator
from tests import calls
from tests.cases.projects import SLACK_URL, Project, slack
from tests.cases.test_dead_receivers import set_target

ADMIN = {"username": {"env": "OS_USER"}, "password": {"env": "OS_PASSWORD"}}


def test_an_apply_sends_nothing_through_a_muted_channel_whose_plan_announces_none(opensearch: Project) -> None:
    opensearch.keep(slack("oncall", ignore=["enabled"], test={"when": "always"}))
    assert opensearch.run("apply", "--yes").code == 0
    opensearch.put("acme_oncall", is_enabled=False)
    before = len(opensearch.sent())
    assert "Will send" not in opensearch.run("plan").out
    done = opensearch.run("apply", "--yes")
    assert done.code == 0, done.everything
    assert len(opensearch.sent()) == before
    assert opensearch.run("test", "--all").code == 7


def test_an_id_that_roles_hide_is_named_and_left_as_it_is(opensearch: Project, simulator: Simulator) -> None:
    users = {
        "boss": {"password": "a-boss-password", "backend_roles": ["admin"]},
        "ci": {"password": "a-ci-password", "backend_roles": ["team"], "roles": ["notifications_full_access"]},
    }
    config = {"name": "Theirs", "config_type": "slack", "slack": {"url": SLACK_URL}}
    simulator.set_users({"users": users, "filter_by_backend_roles": True})
    body = {"config_id": "acme_oncall", "config": config}
    url = f"{opensearch.url}/_plugins/_notifications/configs"
    calls.post(url, json=body, auth=("boss", "a-boss-password")).raise_for_status()
    set_target(opensearch, auth={"basic": ADMIN})
    opensearch.environ |= {"OS_USER": "ci", "OS_PASSWORD": "a-ci-password"}
    opensearch.keep(slack("oncall"), slack("other", display_name="Other"))
    done = opensearch.run("apply", "--yes")
    assert done.code == 4, done.everything
    assert "is there, but your roles may not see it" in done.everything
    assert "use a user that shares a backend role with it, or another id" in done.everything
    done = opensearch.run("test", "oncall")
    assert done.code == 7, done.everything
    assert "1 skipped: your roles may not see" in done.everything


def test_a_user_named_admin_hides_none_of_the_servers_words(opensearch: Project, simulator: Simulator) -> None:
    simulator.set_users({"users": {"admin": {"password": "a-long-password", "roles": ["notifications_read_access"]}}})
    set_target(opensearch, auth={"basic": ADMIN})
    opensearch.environ |= {"OS_USER": "admin", "OS_PASSWORD": "a-long-password"}
    done = opensearch.run("apply", "--yes")
    assert done.code != 0
    assert "cluster:admin/opensearch/notifications/configs/create" in done.everything
    assert "a-long-password" not in done.everything
