"""Deletions: policies, finalizers, what is let go, and what a guard holds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.operator.deletion import Wish, is_overdue, overdue_in, project_wish, renamed, wish_of
from reconciler.operator.kubernetes import ClusterError, path_of
from reconciler.operator.resources import FINALIZER, CustomResource, Snapshot
from reconciler.operator.schedule import since_1970
from tests.operator.fake import ADDRESS, NS, World

DELETE: dict[str, Any] = {"operator": {"deletion_policy": "delete"}}
PROJECT_PATH = path_of("Project", NS, "acme")
NOON = "2026-01-01T12:00:00Z"
PROJECT = CustomResource("Project", "team", "acme")
ONCALL = CustomResource("SlackChannel", "team", "oncall")


def wish(resource: CustomResource, project: CustomResource = PROJECT, **more: Any) -> Wish:
    return wish_of(resource, Snapshot("team", (project,), (resource,), **more))


def test_the_finalizer_follows_the_policy() -> None:
    ours = replace(ONCALL, finalizers=(FINALIZER,))
    assert wish(ONCALL) is Wish.NOTHING
    assert wish(replace(ONCALL, spec=DELETE)) is Wish.ADD
    assert wish(ONCALL, replace(PROJECT, spec=DELETE)) is Wish.ADD
    assert wish(replace(ours, spec=DELETE)) is Wish.NOTHING
    assert wish(ours) is Wish.REMOVE
    assert wish_of(replace(ONCALL, spec=DELETE), Snapshot("team")) is Wish.NOTHING


def test_only_an_object_that_is_being_deleted_and_has_our_finalizer_is_a_wish_to_delete() -> None:
    gone = replace(ONCALL, spec=DELETE, deleting=NOON)
    ours = replace(gone, finalizers=("other", FINALIZER))
    assert wish(gone) is Wish.NOTHING
    assert wish(ours) is Wish.DELETE
    assert wish(replace(ours, spec={})) is Wish.LET_GO
    assert wish_of(ours, Snapshot("team")) is Wish.LET_GO


def test_in_a_terminating_namespace_only_the_projects_own_word_counts() -> None:
    ours = replace(ONCALL, spec=DELETE, deleting=NOON, finalizers=(FINALIZER,))
    assert wish(ours, terminating=True) is Wish.LET_GO
    assert wish(ours, replace(PROJECT, spec=DELETE), terminating=True) is Wish.DELETE


def test_a_former_name_is_let_go() -> None:
    ours = replace(ONCALL, spec=DELETE, deleting=NOON, finalizers=(FINALIZER,))
    for written in ("oncall", ["x", "oncall"]):
        new = replace(ONCALL, name="paging", spec={"renamed_from": written})
        assert wish_of(ours, Snapshot("team", (PROJECT,), (ours, new))) is Wish.LET_GO
    assert renamed([replace(new, deleting=NOON)]) == frozenset()


def test_the_project_stays_while_a_resource_needs_it() -> None:
    ours = replace(ONCALL, spec=DELETE, finalizers=(FINALIZER,))
    held, going = replace(PROJECT, finalizers=(FINALIZER,)), replace(PROJECT, finalizers=(FINALIZER,), deleting=NOON)
    assert project_wish(Snapshot("team", (PROJECT,), (ours,))) is Wish.ADD
    assert project_wish(Snapshot("team", (PROJECT,), (ONCALL,))) is Wish.NOTHING
    assert project_wish(Snapshot("team", (held,), (ONCALL,))) is Wish.REMOVE
    assert project_wish(Snapshot("team", (going,), (ours,))) is Wish.NOTHING
    assert project_wish(Snapshot("team", (going,), (ONCALL,))) is Wish.LET_GO


def test_a_deletion_is_let_go_after_its_timeout() -> None:
    gone = replace(ONCALL, deleting=NOON)
    assert not is_overdue(gone, PROJECT, since_1970(NOON) + 3599)
    assert is_overdue(gone, PROJECT, since_1970(NOON) + 3600)
    soon = replace(gone, spec={"operator": {"deletion_timeout": "5m"}})
    assert is_overdue(soon, PROJECT, since_1970(NOON) + 300)


def test_the_end_of_the_first_deletion_is_looked_forward_to() -> None:
    gone = replace(ONCALL, spec=DELETE, deleting=NOON, finalizers=(FINALIZER,))
    soon = replace(gone, name="other", spec={"operator": {"deletion_policy": "delete", "deletion_timeout": "5m"}})
    noon = since_1970(NOON)
    assert overdue_in(Snapshot("team", (PROJECT,), (gone, soon)), noon + 60) == 240
    assert overdue_in(Snapshot("team", (PROJECT,), (gone,)), noon + 9000) == 0
    assert overdue_in(Snapshot("team", (PROJECT,), (ONCALL,)), noon) is None


def test_by_default_what_is_live_stays(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall")
    world.look()
    assert not world.has_finalizer(oncall)
    assert not world.has_finalizer(project)
    world.delete(oncall)
    world.look()
    assert list(world.live()) == ["acme_oncall"]


def test_a_delete_deletes_and_lets_resource_and_project_go(world: World) -> None:
    project, oncall, other = world.project(), world.slack("oncall", **DELETE), world.slack("other")
    world.look()
    world.look()
    assert world.has_finalizer(oncall)
    assert world.has_finalizer(project)
    world.delete(oncall)
    world.look()
    assert list(world.live()) == ["acme_other"]
    assert oncall not in world.cluster.objects
    world.look()
    assert not world.has_finalizer(project)
    assert world.conditions(other)["Ready"] == "True Applied"


def test_all_can_be_deleted_at_once(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall", **DELETE)
    world.look()
    world.look()
    world.delete(project)
    world.delete(oncall)
    world.look()
    world.look()
    assert world.live() == {}
    assert project not in world.cluster.objects
    assert oncall not in world.cluster.objects


def test_a_project_that_is_deleted_alone_waits_and_says_for_what(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall", **DELETE)
    world.look()
    world.look()
    world.delete(project)
    world.look()
    assert world.conditions(project)["Ready"] == "False Deleting"
    assert "1 resource" in world.message(project)
    assert list(world.live()) == ["acme_oncall"]
    world.slack("oncall")
    world.look()
    world.look()
    assert project not in world.cluster.objects
    assert not world.has_finalizer(oncall)
    assert list(world.live()) == ["acme_oncall"]


def test_a_delete_that_a_guard_holds_says_so(world: World) -> None:
    world.project()
    oncall = world.slack("oncall", protected=True, **DELETE)
    world.look()
    world.delete(oncall)
    world.look()
    assert world.conditions(oncall)["Stalled"] == "True DeletionHeld"
    assert "protected" in world.message(oncall)
    assert list(world.live()) == ["acme_oncall"]


def test_more_deletes_than_the_project_allows_wait_for_consent_to_that_number(world: World) -> None:
    project = world.project(safety={"max_deletes": 1})
    paths = [world.slack(name, **DELETE) for name in ("one", "two")]
    world.look()
    for path in paths:
        world.delete(path)
    world.look()
    assert {world.conditions(path)["Ready"] for path in paths} == {"False DeletionHeld"}
    assert "max_deletes 1: annotate the Project with channels.gitops/allow: max-deletes=N" in world.message(paths[0])
    assert sorted(world.live()) == ["acme_one", "acme_two"]
    world.annotate(project, allow="max-deletes=1")
    world.look()
    assert "more than channels.gitops/allow: max-deletes=1 of the Project: raise it" in world.message(paths[0])
    world.annotate(project, allow="max-deletes=2")
    world.look()
    assert world.live() == {}
    assert not [path for path in paths if path in world.cluster.objects]


def test_a_delete_that_cannot_be_carried_out_is_let_go_with_a_warning(world: World) -> None:
    world.project()
    spec: dict[str, Any] = {"operator": {"deletion_policy": "delete", "deletion_timeout": "1h"}}
    oncall = world.slack("oncall", **spec)
    world.look()
    del world.cluster.objects[f"/api/v1/namespaces/{NS}/secrets/login"]
    world.delete(oncall)
    world.look()
    assert world.conditions(oncall)["Ready"] == "False DeletionHeld"
    assert oncall in world.cluster.objects
    stored = world.cluster.objects[oncall]
    metadata = {**stored["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
    world.cluster.store(oncall, {**stored, "metadata": metadata})
    world.look()
    assert oncall not in world.cluster.objects
    assert "Warning Orphaned oncall" in world.events


def test_a_terminating_namespace_orphans(world: World) -> None:
    world.project()
    oncall = world.slack("oncall", **DELETE)
    world.look()
    namespace = world.cluster.objects[f"/api/v1/namespaces/{NS}"]
    namespace["metadata"]["deletionTimestamp"] = NOON
    world.delete(oncall)
    world.look()
    assert oncall not in world.cluster.objects
    assert list(world.live()) == ["acme_oncall"]


def test_a_renamed_resource_keeps_what_is_live(world: World) -> None:
    world.project()
    oncall = world.slack("oncall", **DELETE)
    world.look()
    world.delete(oncall)
    paging = world.slack("paging", renamed_from="oncall", **DELETE)
    world.look()
    world.look()
    assert oncall not in world.cluster.objects
    assert list(world.live()) == ["acme_oncall"]
    assert world.conditions(paging)["Ready"] == "True Applied"


def test_what_another_kind_has_the_name_of_is_let_go(world: World) -> None:
    world.project()
    oncall = world.slack("oncall", **DELETE)
    world.look()
    world.delete(oncall)
    world.put("ChimeChannel", "oncall", webhook_url={"secret": "slack", "key": "url"})
    world.look()
    assert oncall not in world.cluster.objects
    assert list(world.live()) == ["acme_oncall"]


def test_a_project_that_is_being_deleted_applies_nothing(world: World) -> None:
    project, _ = world.project(), world.slack("oncall", **DELETE)
    world.look()
    world.look()
    world.delete(project)
    world.slack("late")
    world.look()
    assert list(world.live()) == ["acme_oncall"]


def _give_the_project_another_owner(world: World) -> None:
    world.put("Project", "acme", **{**world.cluster.objects[PROJECT_PATH]["spec"], "owner": "other"})


def _take_the_mark_off(world: World) -> None:
    config = {**world.live()["acme_oncall"], "description": "by hand"}
    with httpx.Client(base_url=world.systems["search"].url, auth=("admin", "admin")) as client:
        path = "/_plugins/_notifications/configs/acme_oncall"
        client.put(path, json={"config_id": "acme_oncall", "config": config}).raise_for_status()


def _hide_the_object(world: World) -> None:
    path = "*/configs/acme_oncall"
    world.systems["search"].faults.add("answer", method="GET", path=path, status=403, times=1000)
    _take_the_mark_off(world)


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (_give_the_project_another_owner, "does not carry this project's mark"),
        (_take_the_mark_off, "does not carry this project's mark"),
        (_hide_the_object, "is gone is unknown"),
    ],
)
def test_what_is_live_without_our_mark_is_not_called_deleted(
    world: World, what: Callable[[World], None], why: str
) -> None:
    world.project()
    oncall = world.slack("oncall", **DELETE)
    world.look()
    world.look()
    what(world)
    world.delete(oncall)
    for _ in range(2):
        world.look()
    assert world.conditions(oncall)["Ready"] == "False DeletionHeld"
    assert why in world.message(oncall)
    assert list(world.live()) == ["acme_oncall"]


def test_what_a_list_does_not_show_yet_is_not_called_deleted(world: World) -> None:
    world.project()
    world.systems["search"].faults.add("stale_list", times=1000)
    oncall = world.slack("oncall", **DELETE)
    world.look()
    world.look()
    world.delete(oncall)
    assert world.look()["search"].failed
    assert world.conditions(oncall)["Ready"] == "False DeletionHeld"
    assert "does not show acme_oncall yet" in world.message(oncall)
    world.systems["search"].faults.clear()
    world.look()
    assert oncall not in world.cluster.objects
    assert world.live() == {}


def test_a_delete_on_a_target_that_the_project_no_longer_has_says_so(tmp_path: Path) -> None:
    with World(tmp_path, "one", "two") as world:
        world.secret("slack", url=ADDRESS)
        world.project()
        oncall = world.slack("oncall", targets=["one", "two"], **DELETE)
        world.look()
        world.look()
        spec = world.cluster.objects[PROJECT_PATH]["spec"]
        without = {"targets": {"one": spec["targets"]["one"]}, "default_targets": ["one"]}
        world.put("Project", "acme", **{**spec, **without})
        world.delete(oncall)
        world.look()
        world.look("one")
        assert world.conditions(oncall)["Ready"] == "False DeletionHeld"
        assert "live on two, which the Project no longer has" in world.message(oncall)
        world.put("Project", "acme", **spec)
        world.look()
        assert oncall not in world.cluster.objects
        assert world.live("one") == world.live("two") == {}


@pytest.mark.parametrize("status", [403, 409, 500])
def test_a_finalizer_that_cannot_be_removed_yet_is_removed_later(world: World, status: int) -> None:
    world.project()
    oncall = world.slack("oncall", **DELETE)
    world.look()
    world.look()
    world.delete(oncall)
    world.cluster.refuse["PATCH", ".*/slackchannels/oncall"] = status
    for _ in range(2):
        with suppress(ClusterError):
            world.look()
    assert world.live() == {}
    world.cluster.refuse.clear()
    world.look()
    assert oncall not in world.cluster.objects
    assert "Warning Orphaned oncall" not in world.events


def test_what_cannot_be_let_go_is_not_called_orphaned_at_each_look(world: World) -> None:
    world.project()
    oncall = world.slack("oncall", operator={"deletion_policy": "delete", "deletion_timeout": "0s"})
    world.look()
    world.look()
    world.delete(oncall)
    world.cluster.refuse["PATCH", ".*/slackchannels/oncall"] = 403
    for _ in range(3):
        with pytest.raises(ClusterError):
            world.look()
    assert "Warning Orphaned oncall" not in world.events
    world.cluster.refuse.clear()
    world.look()
    assert world.events.count("Warning Orphaned oncall") == 1
