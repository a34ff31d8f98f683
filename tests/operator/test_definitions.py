"""Which kinds are served, and when the watch begins again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import kopf
import pytest

from reconciler.operator.definitions import follow_definitions
from reconciler.operator.kubernetes import Cluster
from reconciler.operator.resources import KINDS_BY_PLURAL

ALL = sorted(KINDS_BY_PLURAL)
SOME = ALL[:2]


class _EndError(Exception):
    """The last answer was given."""


def _begun(answers: list[list[str] | int]) -> tuple[list[int], list[float]]:
    """After which of the answers (kinds, or a status) the watch began, and the waits between."""
    left: Iterator[list[str] | int] = iter(answers)
    asked, begun, waits = 0, [], []

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        given = next(left)
        if isinstance(given, int):
            return httpx.Response(given)
        resources: list[dict[str, Any]] = [{"name": name} for name in given]
        return httpx.Response(200, json={"resources": [*resources, {"name": f"{ALL[0]}/status"}, {"name": "others"}]})

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        if asked == len(answers):
            raise _EndError

    async def follow() -> None:
        login = kopf.ConnectionInfo(server="http://cluster.example")
        cluster = Cluster(lambda: login, transport=httpx.MockTransport(answer))
        with pytest.raises(_EndError):
            await follow_definitions(cluster, lambda: begun.append(asked), wait)
        await cluster.close()

    asyncio.run(follow())
    return begun, waits


def test_it_begins_once_all_is_served() -> None:
    assert _begun([ALL, ALL, ALL])[0] == [1]


def test_it_waits_for_the_first_definition_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        begun, waits = _begun([404, 404, ALL])
    assert begun == [3]
    assert waits[0] < waits[-1]
    assert (
        caplog.messages
        == ["no definition is installed: apply what `reconciler operator manifests --crds-only` prints"] * 2
    )


def test_it_begins_again_when_a_kind_comes_or_goes(caplog: pytest.LogCaptureFixture) -> None:
    assert _begun([SOME, SOME, ALL, ALL, SOME])[0] == [1, 3, 5]
    assert f"no definition of {', '.join(ALL[2:])} is installed" in caplog.text


def test_a_server_that_does_not_answer_changes_nothing() -> None:
    assert _begun([ALL, 503, ALL, 500])[0] == [1]
