"""Which kinds are served and how old their definitions are, when the watch begins again, and what that costs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import kopf
import pytest

from reconciler.model.kinds import API_VERSION, KINDS
from reconciler.operator.crds import GROUP, PROJECT, build_crds
from reconciler.operator.definitions import follow_definitions, why_none
from reconciler.operator.kubernetes import Cluster
from reconciler.operator.published import DEFINITIONS_PATH, Published
from reconciler.operator.resources import KINDS_BY_PLURAL
from tests.operator.structure import openapi

ALL = sorted(KINDS_BY_PLURAL)
SOME = ALL[:2]
NEW = openapi(build_crds())
OLD = openapi(build_crds())
OLD["components"]["schemas"]["gitops.channels.v1.Project"]["properties"]["spec"]["properties"].pop("test")
CURRENT = dict.fromkeys([PROJECT, *KINDS], ())
OUTDATED = {**CURRENT, PROJECT: ("spec.test",)}
Answer = list[str] | int | dict[str, Any]


class _EndError(Exception):
    """The last answer was given."""


class Following:
    """What came of a server's answers, one to each look: kinds or a status, and what it publishes or a status."""

    def __init__(
        self, kinds: list[Answer], published: list[Answer] | None = None, failures: list[int] | None = None
    ) -> None:
        self.begun: list[int] = []
        self.lacks: list[tuple[int, object]] = []
        self.why = ""
        self.waits: list[float] = []
        self.asked: list[str] = []
        self.looks = 0
        self._failures = failures or [0] * len(kinds)
        self._kinds = kinds
        self._given: Iterator[Answer] = iter(kinds)
        self._published = iter(published) if published is not None else iter([NEW] * len(kinds))
        asyncio.run(self._follow())

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if path == DEFINITIONS_PATH:
            return self._publish(next(self._published), request.headers.get("if-none-match", ""))
        if path != f"/apis/{API_VERSION}":
            return httpx.Response(404)
        self.looks += 1
        given = next(self._given)
        if not isinstance(given, list):
            return httpx.Response(given if isinstance(given, int) else 200, json=given)
        resources = [{"name": name} for name in given]
        return httpx.Response(200, json={"resources": [*resources, {"name": f"{ALL[0]}/status"}, {"name": "others"}]})

    def _publish(self, given: Answer, known: str) -> httpx.Response:
        if isinstance(given, int):
            return httpx.Response(given)
        etag = f'"{id(given)}"'
        return httpx.Response(304) if known == etag else httpx.Response(200, json=given, headers={"etag": etag})

    def _tell(self, published: Published) -> None:
        self.lacks.append((self.looks, published.lacks))
        self.why = published.why

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.looks == len(self._kinds):
            raise _EndError

    async def _follow(self) -> None:
        login = kopf.ConnectionInfo(server="http://cluster.example")
        cluster = Cluster(lambda: login, transport=httpx.MockTransport(self._answer))
        with pytest.raises(_EndError):
            await follow_definitions(
                cluster,
                lambda: self.begun.append(self.looks),
                self._tell,
                lambda: self._failures[self.looks - 1],
                self._wait,
            )
        await cluster.close()


def test_it_begins_once_all_is_served() -> None:
    assert Following([ALL, ALL, ALL]).begun == [1]


def test_it_waits_for_the_first_definition_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        following = Following([404, 404, ALL])
    assert following.begun == [3]
    assert following.waits[0] < following.waits[-1]
    assert caplog.messages == [
        "no definition is installed: apply what `reconciler operator manifests --crds-only` prints"
    ]


def test_it_begins_again_when_a_kind_comes_or_goes(caplog: pytest.LogCaptureFixture) -> None:
    assert Following([SOME, SOME, ALL, ALL, SOME]).begun == [1, 3, 5]
    assert f"no definition of {', '.join(ALL[2:])} in channels.gitops/v1 is installed" in caplog.text


def test_it_begins_again_after_the_watch_restarted_by_itself_and_may_have_missed_a_kind() -> None:
    assert Following([ALL] * 4, failures=[0, 0, 2, 2]).begun == [1, 3]
    assert Following([ALL, 503, ALL, ALL], failures=[0, 1, 1, 1]).begun == [1, 3]


def test_a_server_that_does_not_answer_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert Following([ALL, 503, ALL, 500]).begun == [1]
    assert Following([500, 503, ALL]).begun == [3]
    assert "no definition" not in caplog.text


def test_what_is_known_of_the_definitions_is_reported_before_the_watch_begins_and_when_it_changes() -> None:
    following = Following([404, ALL, ALL, ALL, ALL], [OLD, OLD, NEW, NEW])
    assert following.lacks == [(2, OUTDATED), (4, CURRENT)]
    assert following.begun == [2]


def test_older_definitions_are_looked_at_more_often_until_they_are_not(caplog: pytest.LogCaptureFixture) -> None:
    following = Following([ALL, ALL, ALL], [OLD, OLD, NEW])
    assert following.waits[0] == following.waits[1] < following.waits[2]
    assert len(caplog.messages) == 1
    assert "older than this operator" in caplog.messages[0]


def test_each_trouble_is_logged_once_however_the_others_change(caplog: pytest.LogCaptureFixture) -> None:
    Following([SOME, SOME, ALL, ALL], [OLD] * 4)
    assert [message.split(" ")[0] for message in caplog.messages] == ["no", "definitions"]


def test_a_look_is_two_calls_and_one_without_any_definition_two() -> None:
    group, kinds = f"/apis/{GROUP}", f"/apis/{API_VERSION}"
    assert Following([404, ALL, ALL]).asked == [kinds, group, *[kinds, DEFINITIONS_PATH] * 2]


def test_what_cannot_be_read_is_unknown_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    following = Following([ALL, ALL, ALL], [403, 403, NEW])
    assert following.lacks == [(1, {}), (3, CURRENT)]
    assert following.waits[0] < following.waits[2]
    assert f"older than this operator: GET {DEFINITIONS_PATH}: 403; allow the operator's account to" in caplog.text
    assert len(caplog.messages) == 1


def test_failed_looks_say_nothing_until_they_are_too_many_and_then_all_is_read_again() -> None:
    assert Following([ALL] * 4, [NEW, 503, 503, NEW]).lacks == [(1, CURRENT)]
    following = Following([ALL] * 4, [NEW, 503, 503, 503])
    assert following.lacks == [(1, CURRENT), (4, {})]
    assert following.why == f"GET {DEFINITIONS_PATH}: 503"
    assert Following([ALL] * 5, [NEW, 503, 503, 503, NEW]).lacks[-1] == (5, CURRENT)


def test_another_reason_for_what_is_unknown_has_no_project_looked_at_again() -> None:
    following = Following([ALL] * 4, [403, 503, 404, 403])
    assert following.lacks == [(1, {})]
    assert "403" in following.why


def test_a_kind_that_is_served_before_it_is_published_is_unknown_until_then(caplog: pytest.LogCaptureFixture) -> None:
    following = Following([ALL, ALL], [openapi(build_crds()[1:]), NEW])
    assert following.lacks == [(1, dict.fromkeys(KINDS, ())), (2, CURRENT)]
    assert "it is unknown whether the definitions of Project are older" in caplog.text


def test_definitions_that_serve_other_versions_alone_are_named() -> None:
    async def ask() -> str:
        login = kopf.ConnectionInfo(server="http://cluster.example")
        group = {"versions": [{"version": "v2"}, {"version": "v1beta1"}]}
        cluster = Cluster(lambda: login, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=group)))
        try:
            return await why_none(cluster)
        finally:
            await cluster.close()

    text = asyncio.run(ask())
    assert "serve channels.gitops in v1beta1, v2 and not in channels.gitops/v1" in text
    assert "run the operator of their version, or apply what" in text
