"""A plan says who uses what it takes away, and holds it: without the plugin, without rights, under filtering too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from reconciler.simulator import Simulator, example_monitor
from tests import calls
from tests.engine.projects import Project

SEARCH = "/_plugins/_alerting/monitors/_search"
USER, PASSWORD = "ci", "a-password-of-ours"
CLEAN = (
    "no monitor or workflow uses it; not looked at: ISM policies, long-running operations, snapshot policies, reports"
)
_RIGHTS = "cluster:admin/opensearch/notifications/*"
_SEARCH_RIGHT = "cluster:admin/opendistro/alerting/monitor/search"

Make = Callable[..., AbstractContextManager[Project]]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Make:
    """A project against a simulator of these options, in which two channels were applied."""

    @contextmanager
    def made(*, spec: dict[str, Any] | None = None, **options: Any) -> Iterator[Project]:
        with Simulator(**options) as running:
            project = Project(tmp_path, monkeypatch, capfd, {"search": running})
            project.write_project(**(spec or {}))
            for name in ("oncall", "spare"):
                project.slack(name)
            project.apply()
            project.forget_calls()
            yield project

    return made


def monitors(project: Project, *entries: dict[str, Any]) -> None:
    project.simulators["search"].seed_monitors(entries)


def asked(project: Project) -> list[str]:
    """What was asked about users, each call's path without its query."""
    calls = [call.path.partition("?")[0] for call in project.simulators["search"].requests]
    return [path for path in calls if "_alerting" in path or "_cluster" in path]


def change(project: Project, name: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = (item for item in project.plan(*arguments)["targets"][0]["changes"] if item["name"] == name)
    return found


def secured(*rights: str, backend_roles: tuple[str, ...] = ("team-a",)) -> dict[str, Any]:
    """Users of a simulator: ours with these rights, and an administrator."""
    ours = {"password": PASSWORD, "backend_roles": backend_roles, "roles": ["ours"]}
    admin = {"password": PASSWORD, "roles": ["all_access"]}
    return {"users": {USER: ours, "admin": admin}, "roles": {"ours": {"cluster_permissions": [_RIGHTS, *rights]}}}


def with_login(url: str, user: str = USER) -> dict[str, Any]:
    auth = {"basic": {"username": {"plain": user}, "password": {"env": "PASSWORD"}}}
    return {"targets": {"search": {"provider": "opensearch", "url": url, "auth": auth}}}


@contextmanager
def secured_project(make: Make, monkeypatch: pytest.MonkeyPatch, *rights: str) -> Iterator[Project]:
    """A project whose user has these rights besides those of notifications."""
    monkeypatch.setenv("PASSWORD", PASSWORD)
    with make() as project:
        simulator = project.simulators["search"]
        simulator.set_users(secured(*rights))
        project.write_project(**with_login(simulator.url))
        yield project


# -- what a plan says


def test_a_delete_names_its_users_and_is_held_until_somebody_allows_it(make: Make) -> None:
    with make() as project:
        monitors(
            project,
            example_monitor("checkout-5xx", "acme_oncall"),
            example_monitor("disk", "acme_oncall", "acme_spare"),
            example_monitor("asleep", "acme_oncall", enabled=False),
        )
        project.remove("oncall")
        for form in ("text", "markdown", "html"):
            out = project.run("plan", "--prune", "-o", form).out
            assert "used by 3 monitors: asleep, checkout-5xx, disk (2 enabled)" in out
            assert (
                "still in use by 3 monitors: asleep, checkout-5xx, disk (2 enabled): pass --allow-in-use oncall" in out
            )
            assert "without it, their runs end in an error and notify nobody through it" in out
        found = change(project, "oncall", "--prune")["used_by"]
        assert [user["name"] for user in found["users"]] == ["asleep", "checkout-5xx", "disk"]
        assert [user["enabled"] for user in found["users"]] == [False, True, True]
        assert project.run("apply", "--prune", "--yes").code == 3
        assert "acme_oncall" in project.configs()
        assert project.run("apply", "--prune", "--yes", "--allow-in-use", "spare").code == 3
        project.apply("--prune", "--allow-in-use", "oncall")
        assert "acme_oncall" not in project.configs()


def test_what_nobody_uses_is_deleted_and_what_was_not_looked_at_is_said(make: Make) -> None:
    with make() as project:
        monitors(project, example_monitor("disk", "acme_spare"))
        project.remove("oncall")
        assert CLEAN in project.run("plan", "--prune").out
        project.apply("--prune")
        assert "acme_oncall" not in project.configs()


def test_destroy_is_held_too_and_the_rest_goes(make: Make) -> None:
    with make() as project:
        monitors(project, example_monitor("disk", "acme_spare"))
        done = project.run("destroy", "--yes", "--max-deletes", "9")
        assert done.code == 4
        assert "still in use by 1 monitor: disk (1 enabled)" in done.everything
        assert set(project.configs()) == {"acme_spare"}
        assert project.run("destroy", "spare", "--yes").code == 3
        assert project.run("destroy", "spare", "--yes", "--allow-in-use", "spare@acme_spare").code == 0
        assert project.configs() == {}


def test_a_saved_plan_gives_no_consent_by_itself(make: Make) -> None:
    with make() as project:
        monitors(project, example_monitor("disk", "acme_oncall"))
        project.remove("oncall")
        path = project.save("--prune", "--allow-in-use", "oncall")
        refused = project.run("apply", str(path), "--prune")
        assert refused.code == 3
        assert "acme_oncall" in project.configs()
        project.apply_saved(path, "--prune", "--allow-in-use", "oncall")
        assert "acme_oncall" not in project.configs()


def test_a_monitor_that_came_after_the_plan_holds_its_apply(make: Make) -> None:
    with make() as project:
        project.remove("oncall")
        path = project.save("--prune")
        monitors(project, example_monitor("new", "acme_oncall"))
        done = project.run("apply", str(path), "--prune")
        assert done.code == 3
        assert "still in use by 1 monitor: new" in done.everything
        assert "acme_oncall" in project.configs()


def test_the_projects_own_consent_is_enough_and_only_for_what_it_names(make: Make) -> None:
    with make() as project:
        monitors(project, example_monitor("disk", "acme_oncall", "acme_spare"))
        consent = {"allow": [{"delete": "oncall", "in_use": True}]}
        project.write_project(safety=consent)
        project.remove("oncall")
        project.remove("spare")
        assert project.run("apply", "--prune", "--yes", "--allow-empty").code == 4
        assert set(project.configs()) == {"acme_spare"}


def test_consent_to_a_delete_is_none_to_one_in_use(make: Make) -> None:
    with make(spec={"safety": {"allow": [{"delete": "oncall"}]}}) as project:
        monitors(project, example_monitor("disk", "acme_oncall"))
        project.remove("oncall")
        assert project.run("apply", "--prune", "--yes").code == 3


def test_a_replace_is_held_and_says_what_is_lost_meanwhile(make: Make) -> None:
    with make() as project:
        slow = example_monitor("slow", "acme_oncall")
        slow["triggers"][0]["query_level_trigger"]["actions"][0] |= {
            "throttle_enabled": True,
            "throttle": {"value": 60, "unit": "MINUTES"},
        }
        plain = example_monitor("docs", "acme_oncall")
        monitors(
            project,
            slow,
            {
                **plain,
                "monitor_type": "doc_level_monitor",
                "triggers": [{"document_level_trigger": plain["triggers"][0]["query_level_trigger"]}],
            },
        )
        project.manifest("ChimeChannel", "oncall", webhook_url={"env": "CHIME"}, test={"when": "never"})
        environ = {"CHIME": "https://hooks.chime.aws/incomingwebhooks/0?token=abc"}
        out = project.run("plan", "--allow-replace", **environ).out
        assert "used by 2 monitors: docs, slow (2 enabled)" in out
        assert "between delete and create, their runs end in an error and notify nobody through it" in out
        assert "a failed run counts for a throttle, which then holds back the next message: slow" in out
        assert "documents of a failed run are never reported again: docs" in out
        assert "held: still in use by 2 monitors" in out
        assert project.run("apply", "--yes", "--allow-replace", **environ).code == 3
        project.apply("--allow-replace", "--allow-in-use", "oncall", **environ)
        assert project.configs()["acme_oncall"]["config_type"] == "chime"


def test_a_disable_says_who_goes_without_and_is_not_held(make: Make) -> None:
    with make() as project:
        monitors(
            project, example_monitor("disk", "acme_oncall"), example_monitor("asleep", "acme_spare", enabled=False)
        )
        project.slack("oncall", enabled=False)
        project.slack("spare", enabled=False)
        out = project.run("plan").out
        assert "used by 1 monitor: disk (1 enabled)" in out
        assert out.count("while it is disabled, their runs end in an error") == 1
        project.apply()
        assert project.configs()["acme_oncall"]["is_enabled"] is False


@pytest.mark.parametrize("pinned", [False, True])
def test_what_was_deleted_by_hand_comes_back_to_its_monitors(make: Make, *, pinned: bool) -> None:
    with make() as project:
        monitors(project, example_monitor("disk", "acme_oncall"), example_monitor("cpu", "acme_oncall", enabled=False))
        if pinned:
            project.slack("oncall", id="acme_oncall")
        project.delete_live("acme_oncall")
        assert "named by 2 monitors: cpu, disk (1 enabled): works again with it" in project.run("plan").out
        project.apply()
        assert "acme_oncall" in project.configs()


def test_names_of_monitors_are_shown_as_text_and_cannot_pass_for_more(make: Make) -> None:
    nasty = "x\n::error::hello\u202e <script>`@everyone`" + "y" * 500
    with make() as project:
        monitors(project, example_monitor(nasty, "acme_oncall"))
        project.remove("oncall")
        for form in ("text", "markdown", "html"):
            out = project.run("plan", "--prune", "-o", form).out
            assert "used by 1 monitor: x\\n::error::hello\\u202e" in out
            assert "\u202e" not in out
            assert "\n::error" not in out
            assert "y" * 100 not in out
            assert form != "html" or "hello\\u202e <script>" not in out


# -- how often it is asked


def test_nothing_is_asked_where_no_channel_is_taken_away_or_brought_back(make: Make) -> None:
    with make() as project:
        monitors(project, example_monitor("disk", "acme_oncall"))
        project.run("validate")
        project.run("plan")
        project.run("drift")
        project.slack("oncall", display_name="New", description="words")
        project.run("plan")
        project.apply()
        project.remove("spare")
        project.run("plan")  # a prune candidate is no change
        project.run("release", "spare", "--yes")
        assert asked(project) == []


def test_a_thousand_monitors_are_one_call_and_little_to_read(make: Make) -> None:
    with make() as project:
        monitors(
            project, *(example_monitor(f"monitor number {n}", f"acme_{n % 7}", "acme_oncall") for n in range(1001))
        )
        project.remove("oncall")
        out = project.run("plan", "--prune").out
        assert "used by 1001 monitors: monitor number 0, " in out
        assert " and 991 more (1001 enabled)" in out
        assert asked(project) == [SEARCH]
        simulator = project.simulators["search"]
        (path,) = (call.path for call in simulator.requests if call.path.startswith(SEARCH))
        answer = calls.get(f"{simulator.url}{path}")
        assert answer.json()["hits"]["total"]["value"] == 1001
        assert len(answer.content) < 400_000


def test_many_deletes_are_asked_about_at_once(make: Make) -> None:
    with make() as project:
        monitors(project, example_monitor("disk", "acme_oncall"))
        project.remove("oncall")
        project.remove("spare")
        project.run("plan", "--prune", "--allow-empty")
        assert asked(project) == [SEARCH, "/_cluster/settings"]


# -- what cannot be seen


def test_without_the_plugin_it_is_said_and_nothing_is_held(make: Make) -> None:
    with make(alerting=False) as project:
        project.remove("oncall")
        out = project.run("plan", "--prune").out
        assert "users unknown: Alerting is not installed there" in out
        assert "no monitor or workflow uses it" not in out
        project.apply("--prune")


def test_without_the_right_it_is_said_and_nothing_is_held(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with secured_project(make, monkeypatch) as project:
        monitors(project, example_monitor("disk", "acme_oncall"))
        project.remove("oncall")
        out = project.run("plan", "--prune").out
        assert "users unknown: your user may not search monitors; to know them: grant cluster:admin/opendistro" in out
        assert "no monitor or workflow uses it" not in out
        gap = change(project, "oncall", "--prune")["used_by"]["gap"]
        assert gap["reason"] == "users-forbidden"
        project.apply("--prune")


def test_under_filtering_nobody_is_called_unused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with secured_project(make, monkeypatch, _SEARCH_RIGHT) as project:
        simulator = project.simulators["search"]
        monitors(project, example_monitor("disk", "acme_oncall"))
        admin = ("admin", PASSWORD)
        on = {"persistent": {"plugins.alerting.filter_by_backend_roles": "true"}}
        off = {"persistent": {"opensearch.notifications.general.filter_by_backend_roles": "false"}}
        for settings in (off, on):
            calls.put(f"{simulator.url}/_cluster/settings", json=settings, auth=admin).raise_for_status()
        project.remove("oncall")
        out = project.run("plan", "--prune").out
        assert "users unknown: role filtering may hide monitors and workflows" in out
        assert "no monitor or workflow uses it" not in out


def test_with_the_right_to_read_the_setting_unused_can_be_said(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with secured_project(make, monkeypatch, _SEARCH_RIGHT, "cluster:monitor/state") as project:
        project.remove("oncall")
        assert CLEAN in project.run("plan", "--prune").out


@pytest.mark.parametrize("version", ["2.19.5", "3.1.0", "3.6.0"])
def test_a_cluster_without_any_monitor_has_no_users_on_every_version(make: Make, version: str) -> None:
    with make(opensearch_version=version) as project:
        project.remove("oncall")
        project.simulators["search"].refresh()
        assert CLEAN in project.run("plan", "--prune").out


@pytest.mark.parametrize("version", ["2.0.0", "2.19.5", "3.1.0"])
def test_old_servers_hold_it_too(make: Make, version: str) -> None:
    with make(opensearch_version=version) as project:
        monitors(project, example_monitor("disk", "acme_oncall"))
        project.remove("oncall")
        project.simulators["search"].refresh()
        assert "held: still in use by 1 monitor: disk" in project.run("plan", "--prune").out


@pytest.mark.parametrize("options", [{}, {"alerting": False}])
def test_where_it_is_required_that_users_are_seen_what_cannot_be_seen_is_held(
    make: Make, options: dict[str, Any]
) -> None:
    with make(spec={"safety": {"in_use": "required"}}, **options) as project:
        project.remove("oncall")
        done = project.run("apply", "--prune", "--yes")
        assert done.code == (3 if options else 0)
        if options:
            assert "safety.in_use is required, and who uses it cannot all be seen: Alerting is not" in done.everything
            project.apply("--prune", "--allow-in-use", "oncall")
        assert set(project.configs()) == {"acme_spare"}


def test_a_snapshot_does_not_know_users(make: Make) -> None:
    with make() as project:
        monitors(project, example_monitor("disk", "acme_oncall"))
        assert project.run("export", "--snapshot", "snapshot.json").code == 0
        project.remove("oncall")
        out = project.run("plan", "--against", "snapshot.json", "--prune").out
        assert "users unknown: a snapshot does not hold who uses a channel" in out


def test_a_proposal_can_not_soften_what_the_base_requires(make: Make) -> None:
    with make(alerting=False) as project:
        project.write_project(safety={"in_use": "required"})
        project.git("init", "-q")
        project.commit()
        project.write_project(safety={"in_use": "reported", "allow": [{"delete": "oncall", "in_use": True}]})
        project.remove("oncall")
        out = project.run("plan", "--prune", "--base", "HEAD").out
        assert "held: safety.in_use is required" in out
        assert "safety" in out.splitlines()[0]


def test_a_search_that_fails_is_no_reason_not_to_plan(make: Make) -> None:
    with make() as project:
        simulator = project.simulators["search"]
        simulator.faults.add("answer", path=f"{SEARCH}*", status=408, times=9)
        project.remove("oncall")
        out = project.run("plan", "--prune").out
        assert "users unknown: the monitors could not be read: " in out
        assert json.loads(project.run("plan", "--prune", "--json").out)["summary"]["destroy"] == 1


def test_users_of_a_channel_that_is_gone_are_found_by_its_id_and_unknown_names_are_refused(make: Make) -> None:
    with make() as project:
        endless = "x" * 10_000
        monitors(project, example_monitor("disk", "acme_gone", "acme_gone"), example_monitor(endless, "elsewhere"))
        for name in ("gone", "acme_gone"):
            assert "missing" in project.run("users", name).out
        shown = project.run("users", "elsewhere")
        assert "missing" in shown.out
        assert max(map(len, shown.out.splitlines())) < 250
        refused = project.run("users", "oncall", "onccall", "nobody")
        assert (refused.code, refused.out) == (1, "")
        assert refused.err.count("no live object has this name") == 2
        monitors(project, example_monitor("cpu", "acme_gone"))
        named = project.run("users", "--dangling")
        assert named.code == 2
        assert "2 channels missing or disabled" in named.err
