"""The loop and the filter of the watch: what is looked at, how often, and what is not worth a look."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from reconciler.model.errors import ReconcilerError
from reconciler.operator.loop import Loop
from reconciler.operator.rounds import After
from reconciler.operator.schedule import Key, Queue
from reconciler.operator.watch import Filter

A = Key("team", "a")


def at_once() -> Queue:
    return Queue(quiet=0.0, longest=0.0)


async def until(loop: Loop, done: asyncio.Event) -> None:
    async with asyncio.timeout(30):
        running = asyncio.create_task(loop.run())
        await done.wait()
        loop.end()
        await running


def test_an_error_of_one_key_is_tried_again_and_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> Counter[Key]:
        seen: Counter[Key] = Counter()
        done = asyncio.Event()

        async def look(key: Key) -> After:
            seen[key] += 1
            if key.namespace == "fault":
                raise ValueError("hunter2")
            if key.namespace == "away":
                raise ReconcilerError("the API server is away")
            if len(seen) == 3:
                done.set()
            return After()

        loop = Loop(look, queue=at_once())
        for namespace in ("fault", "away", "team"):
            loop.mark(namespace)
        await until(loop, done)
        assert loop.queue.waits(0.0) is not None
        return seen

    assert set(asyncio.run(main())) == {Key("fault"), Key("away"), Key("team")}
    assert "hunter2" not in caplog.text
    assert "internal error (ValueError at test_loop.py:" in caplog.text


def test_a_mark_during_a_look_is_one_more_look() -> None:
    async def main() -> int:
        count = 0
        done = asyncio.Event()

        async def look(_key: Key) -> After:
            nonlocal count
            count += 1
            if count == 1:
                loop.mark("team")
                loop.mark("team")
            else:
                done.set()
            return After()

        loop = Loop(look, queue=at_once())
        loop.mark("team")
        await until(loop, done)
        return count

    assert asyncio.run(main()) == 2


def test_what_is_under_way_ends_before_the_loop_does() -> None:
    async def main() -> list[str]:
        heard: list[str] = []
        begun = asyncio.Event()

        async def look(_key: Key) -> After:
            begun.set()
            await asyncio.sleep(0)
            heard.append("finished")
            return After()

        loop = Loop(look, queue=at_once())
        loop.mark("team")
        await until(loop, begun)
        return heard

    assert asyncio.run(main()) == ["finished"]


def event(uid: str = "1", kind: str = "MODIFIED", namespace: str = "team", **metadata: Any) -> dict[str, Any]:
    return {"type": kind, "object": {"metadata": {"uid": uid, "namespace": namespace, "generation": 1, **metadata}}}


def test_our_own_writes_and_others_annotations_trigger_nothing() -> None:
    heard = Filter()
    assert heard.namespace_of("slackchannels", event(resourceVersion="1")) == "team"
    assert heard.namespace_of("slackchannels", event(resourceVersion="2")) == ""
    assert heard.namespace_of("slackchannels", event(annotations={"kubectl.kubernetes.io/x": "1"})) == ""
    assert heard.namespace_of("slackchannels", event(annotations={"channels.gitops/requested-at": "1"})) == "team"
    assert heard.namespace_of("slackchannels", event(generation=2)) == "team"
    assert heard.namespace_of("slackchannels", event(generation=2, deletionTimestamp="x")) == "team"
    assert heard.namespace_of("slackchannels", event(kind="DELETED", generation=2)) == "team"
    assert heard.namespace_of("secrets", event("2", resourceVersion="1")) == "team"
    assert heard.namespace_of("secrets", event("2", resourceVersion="2")) == "team"


def test_a_shard_hears_only_of_namespaces_with_a_project_of_its_own() -> None:
    heard = Filter("two")
    assert heard.namespace_of("slackchannels", event("1")) == ""
    assert heard.namespace_of("projects", event("2")) == "team"
    assert heard.namespace_of("slackchannels", event("3")) == "team"
    assert heard.namespace_of("slackchannels", event("4", namespace="other")) == ""
    assert heard.namespace_of("projects", event("2", "DELETED")) == "team"
    assert heard.namespace_of("slackchannels", event("5")) == ""
