"""Promises of a look that only show where something happens in the middle of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from reconciler.model.errors import SecretError
from reconciler.model.values import BUILT_IN_SOURCES
from reconciler.operator.kubernetes import ClusterError
from reconciler.operator.leases import Held, LeaseLostError
from reconciler.operator.permissions import Policy
from reconciler.operator.secrets import sources_of
from tests.operator.fake import ADDRESS, NS, World

LEASES = "/apis/coordination.k8s.io/v1/namespaces/operator/leases"


def once(world: World, method: str, path: str, number: int, happens: Callable[[], object]) -> None:
    """Let something happen just before the API server answers such a call for the nth time."""
    first, left = world.cluster.answer, [number]

    def answer(request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) == (method, path):
            left[0] -= 1
            if left[0] == 0:
                happens()
        return first(request)

    world.cluster.__dict__["answer"] = answer
    world.restart()


def test_nothing_is_sent_once_the_lease_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def permit(self: Held) -> None:
        self.lost = True
        raise LeaseLostError("the lease ended")

    monkeypatch.setattr(Held, "permit", permit)
    world.project()
    oncall = world.slack("oncall")
    assert world.look()["search"].seconds == 1.0
    assert world.live() == {}
    assert world.messages() == 0
    assert world.status(oncall) == {}


def test_what_was_edited_before_the_lease_was_had_is_applied_as_it_is_then(world: World) -> None:
    world.project()
    oncall = world.slack("oncall", description="old")
    once(world, "POST", LEASES, 1, lambda: world.slack("oncall", description="new"))
    world.look()
    assert world.live()["acme_oncall"]["description"].startswith("new ")
    assert world.status(oncall)["observedGeneration"] == 2
    assert world.messages() == 1


def test_an_old_generation_says_nothing_of_what_was_edited_meanwhile(world: World) -> None:
    world.project()
    oncall = world.slack("oncall", description="old")
    # a snapshot asks for its namespace last: of the project, the target, and under the lease
    once(world, "GET", f"/api/v1/namespaces/{NS}", 3, lambda: world.slack("oncall", description="new"))
    world.look()
    assert world.cluster.objects[oncall]["metadata"]["generation"] == 2
    assert world.status(oncall) == {}
    world.look()
    assert world.status(oncall)["observedGeneration"] == 2
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.live()["acme_oncall"]["description"].startswith("new ")


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "fd00:ec2::254"])
def test_a_name_that_leads_to_the_operators_own_machine_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    async def addresses(_host: str) -> list[str]:
        return ["192.0.2.1", address]

    monkeypatch.setattr("reconciler.operator.preparing._addresses", addresses)
    with World(tmp_path, policy=Policy()) as world:
        world.secret("slack", url=ADDRESS)
        project, oncall = world.project(), world.slack("oncall")
        spec = world.cluster.objects[project]["spec"]
        target = {**spec["targets"]["search"], "url": "https://search.example.org"}
        world.put("Project", "acme", **{**spec, "targets": {"search": target}})
        world.look()
        assert world.conditions(project)["Stalled"] == "True NotAllowed"
        assert world.conditions(oncall)["Ready"] == "False ProjectNotReady"
        assert "192.0.2.1" not in world.message(project)


@pytest.mark.parametrize("name", sorted(BUILT_IN_SOURCES))
def test_no_built_in_source_reads_for_itself(name: str) -> None:
    with pytest.raises(SecretError):
        sources_of({}, {})[name].read("HOME", "key")


def _suspend(world: World, project: str) -> None:
    spec = world.cluster.objects[project]["spec"]
    world.put("Project", "acme", **{**spec, "operator": {"suspend": True}})


def _give_another_owner(world: World, project: str) -> None:
    world.put("Project", "acme", **{**world.cluster.objects[project]["spec"], "owner": "other"})


def _create_again_with_another_owner(world: World, project: str) -> None:
    spec = world.cluster.objects.pop(project)["spec"]
    world.put("Project", "acme", **{**spec, "owner": "other"})


def _give_to_another_shard(world: World, project: str) -> None:
    stored = world.cluster.objects[project]
    labels = {"sharding.channels.gitops/key": "other"}
    world.cluster.store(project, {**stored, "metadata": {**stored["metadata"], "labels": labels}})


def _delete(world: World, project: str) -> None:
    stored = world.cluster.objects[project]
    world.cluster.store(project, {**stored, "metadata": {**stored["metadata"], "finalizers": ["somebody/else"]}})
    world.delete(project)


@pytest.mark.parametrize(
    ("changes", "live"),
    [
        (_suspend, []),
        (_give_another_owner, ["other_oncall"]),
        (_create_again_with_another_owner, ["other_oncall"]),
        (_give_to_another_shard, []),
        (_delete, []),
    ],
)
def test_a_project_that_changed_before_the_lease_was_had_is_taken_as_it_is_then(
    world: World, changes: Callable[[World, str], None], live: list[str]
) -> None:
    project = world.project()
    world.slack("oncall")
    once(world, "POST", LEASES, 1, lambda: changes(world, project))
    assert world.look()["search"].seconds == 1.0
    assert world.live() == {}
    world.look()
    assert list(world.live()) == live
    assert world.messages() == len(live)


def _ask_for_a_test(world: World, oncall: str) -> None:
    world.look()
    world.annotate(oncall, test_requested_at="now")


def _let_the_test_fail(world: World, _oncall: str) -> None:
    world.systems["search"].outcomes.set("hooks.slack.com", 404, "no_service")


@pytest.mark.parametrize("status", [403, 409, 422, 429, 500, 503])
@pytest.mark.parametrize(
    ("sends", "tested"), [(_ask_for_a_test, "True TestPassed"), (_let_the_test_fail, "False TestFailed")]
)
def test_no_message_is_repeated_while_the_api_server_takes_no_status(
    world: World, sends: Callable[[World, str], None], tested: str, status: int
) -> None:
    world.project()
    oncall = world.slack("oncall")
    sends(world, oncall)
    before = world.messages()
    world.cluster.refuse["PATCH", ".*/slackchannels/oncall/status"] = status
    for _ in range(3):
        with suppress(ClusterError):
            world.look()
    assert world.messages() == before + 1
    world.cluster.refuse.clear()
    world.look()
    assert world.messages() == before + 1
    assert world.conditions(oncall)["Verified"] == tested


def test_a_test_that_was_asked_for_is_not_repeated_because_of_an_edit_amid_it(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    _ask_for_a_test(world, oncall)
    # a snapshot asks for its namespace last: of the project, the target, and under the lease
    once(world, "GET", f"/api/v1/namespaces/{NS}", 3, lambda: world.slack("oncall", description="new"))
    for _ in range(3):
        world.look()
    assert world.messages() == 2
    assert world.conditions(oncall)["Verified"] == "True TestPassed"
    assert world.status(oncall)["lastHandledTestRequestedAt"] == "now"


def test_a_status_that_the_api_server_does_not_take_hides_no_other(world: World) -> None:
    world.project()
    names = [f"c{number:02}" for number in range(20)]
    written = [world.slack(name) for name in names]
    world.cluster.refuse["PATCH", ".*/slackchannels/c00/status"] = 422
    with pytest.raises(ClusterError):
        world.look()
    assert [world.conditions(path).get("Ready") for path in written[1:]] == ["True Applied"] * 19
