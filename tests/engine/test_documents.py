"""Projects whose documents come as texts, secret sources of the caller's own, and the permit before each write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import reconciler
from reconciler.engine.connect import connection_of
from reconciler.engine.read import resolver_of
from reconciler.providers.pacing import RunLimits
from reconciler.simulator import Simulator
from tests.engine.projects import simulators

ADDRESS = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"


class Kept:
    """A secret source that has one value, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def read(self, argument: str, key: str) -> str:
        self.asked.append((argument, key))
        return ADDRESS


@pytest.fixture
def systems() -> Iterator[dict[str, Simulator]]:
    with simulators("east", "west") as running:
        yield running


def project(systems: dict[str, Simulator], **spec: Any) -> reconciler.Text:
    targets = {name: {"provider": "opensearch", "url": system.url} for name, system in systems.items()}
    spec = {"targets": targets, "default_targets": sorted(systems), **spec}
    head = {"apiVersion": "channels.gitops/v1", "kind": "Project", "metadata": {"name": "texts"}}
    return reconciler.Text("Project/texts", json.dumps({**head, "spec": spec}))


def slack(name: str, **spec: Any) -> reconciler.Text:
    head = {"apiVersion": "channels.gitops/v1", "kind": "SlackChannel", "metadata": {"name": name}}
    spec = {"webhook_url": {"secret": "slack", "key": "url"}, **spec}
    return reconciler.Text(f"SlackChannel/{name}", json.dumps({**head, "spec": spec}))


def here(tmp_path: Path, **more: Any) -> reconciler.Surroundings:
    return reconciler.Surroundings(environ={}, folder=tmp_path, **more)


def test_texts_are_applied_and_their_secrets_come_from_the_caller(
    tmp_path: Path, systems: dict[str, Simulator]
) -> None:
    source = Kept()
    surroundings = here(tmp_path, sources={"secret": source})
    workspace = reconciler.workspace_of(
        project(systems), [slack("oncall", display_name="\U0001f6a8 On-call"), slack("night")], surroundings
    )
    assert workspace.problems == ()
    applied = asyncio.run(reconciler.apply_plan(reconciler.run_of(workspace, reconciler.ApplyOptions())))
    assert {item.status for target in applied.result.targets for item in target.results} == {reconciler.Status.APPLIED}
    assert source.asked == [("slack", "url")]
    assert asyncio.run(reconciler.make_plan(reconciler.run_of(workspace, reconciler.PlanOptions()))).is_empty


def test_a_broken_text_hides_no_other_and_no_file_is_looked_for(tmp_path: Path, systems: dict[str, Simulator]) -> None:
    broken = reconciler.Text("SlackChannel/broken", "{")
    manifests = [slack("oncall"), broken, slack("twice"), slack("twice")]
    workspace = reconciler.workspace_of(project(systems, manifests=["nowhere/"]), manifests, here(tmp_path))
    assert sorted(workspace.desired.manifests) == ["oncall"]
    assert {problem.location.file for problem in workspace.problems} == {"SlackChannel/broken", "SlackChannel/twice"}


def test_the_permit_is_asked_before_each_write_and_message_and_keeps_them(
    tmp_path: Path, systems: dict[str, Simulator]
) -> None:
    asked = 0

    async def once() -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise reconciler.TargetError("the lease was lost")

    surroundings = here(tmp_path, sources={"secret": Kept()}, permit=once)
    workspace = reconciler.workspace_of(project(systems), [slack("oncall", targets=["east"])], surroundings)
    applied = asyncio.run(reconciler.apply_plan(reconciler.run_of(workspace, reconciler.ApplyOptions())))
    [result] = applied.result.targets[0].results
    assert "the lease was lost" in result.text
    assert asked > 1
    assert not systems["east"].inbox.received


def test_a_permit_is_not_asked_for_reading(tmp_path: Path, systems: dict[str, Simulator]) -> None:
    async def never() -> None:
        raise AssertionError

    surroundings = here(tmp_path, sources={"secret": Kept()}, permit=never)
    workspace = reconciler.workspace_of(project(systems), [slack("oncall")], surroundings)
    plan = asyncio.run(reconciler.make_plan(reconciler.run_of(workspace, reconciler.PlanOptions())))
    assert plan.counts.add == 2


def test_what_is_named_is_destroyed_whatever_the_texts_say(tmp_path: Path, systems: dict[str, Simulator]) -> None:
    surroundings = here(tmp_path, sources={"secret": Kept()})
    manifests = [slack("oncall"), slack("night")]
    workspace = reconciler.workspace_of(project(systems), manifests, surroundings)
    asyncio.run(reconciler.apply_plan(reconciler.run_of(workspace, reconciler.ApplyOptions())))
    options = reconciler.DestroyOptions(targets=("west",), names=("oncall",))
    applied = asyncio.run(reconciler.apply_plan(reconciler.run_of(workspace, options)))
    assert [str(item.change) for target in applied.result.targets for item in target.results] == [
        'SlackChannel "oncall"'
    ]
    live = asyncio.run(reconciler.list_objects(reconciler.run_of(workspace, reconciler.ListOptions())))
    names = {
        target.target: sorted(item.name for item in target.matching.owned)
        for target in live
        if isinstance(target, reconciler.ReadTarget)
    }
    assert names == {"east": ["night", "oncall"], "west": ["night"]}


def test_the_authorities_of_a_target_come_from_where_secrets_are_kept(tmp_path: Path) -> None:
    target = {
        "provider": "opensearch",
        "url": "https://search.example.org",
        "tls": {"ca": {"secret": "ca", "key": "k"}},
    }
    login = {"basic": {"username": {"plain": "admin"}, "password": {"secret": "login", "key": "password"}}}
    named = project({}, targets={"search": {**target, "auth": login}}, default_targets=["search"])
    workspace = reconciler.workspace_of(named, [], here(tmp_path, sources={"secret": Kept()}))
    resolver = resolver_of(workspace, for_credentials=True)
    connection = asyncio.run(connection_of(workspace, "search", resolver, None, None, RunLimits()))
    assert connection.tls.ca == reconciler.SecretText(ADDRESS)


def test_a_run_on_a_target_that_is_not_there_is_an_error(tmp_path: Path, systems: dict[str, Simulator]) -> None:
    workspace = reconciler.workspace_of(project(systems), [slack("oncall")], here(tmp_path))
    with pytest.raises(reconciler.ConfigurationError, match="--target nort"):
        reconciler.run_of(workspace, reconciler.PlanOptions(targets=("north",)))
