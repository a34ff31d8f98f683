"""Whatever is sent, the simulator answers as a server does: it never breaks by itself."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.simulator import Simulator
from reconciler.simulator.calls import Call
from reconciler.simulator.clock import Clock
from reconciler.simulator.delivery import Courier, Timings
from reconciler.simulator.inbox import Inbox
from reconciler.simulator.opensearch.api import OpenSearchApi
from reconciler.simulator.opensearch.sending import TestSender
from reconciler.simulator.opensearch.store import Store
from reconciler.simulator.opensearch.versions import Version
from reconciler.simulator.outcomes import Outcomes

PATH = "/_plugins/_notifications/configs"
TYPES = Version.parse("3.6.0").config_types
MEMBERS = (
    "config_id",
    "config",
    "name",
    "config_type",
    "is_enabled",
    "url",
    "port",
    "method",
    "recipient_list",
    *TYPES,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from(TYPES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS) | st.text(), inner, max_size=5)
    ),
    max_leaves=12,
)
queries = st.text(alphabet='ab*?:"~/\\()[]{}+-!&|^ANDORT 1<>=', max_size=25)


@pytest.fixture(scope="module")
def api() -> OpenSearchApi:
    clock, version = Clock(), Version.parse("3.6.0")
    store = Store(clock, refreshes_at_once=True)
    store.seed([{"config_id": "a", "config": {"name": "ab a", "config_type": "slack", "slack": {"url": "http://a/b"}}}])
    return OpenSearchApi(store, version, TestSender(store, version, Courier(Inbox(clock), Outcomes(), Timings())))


def _status(api: OpenSearchApi, method: str, path: str, query: str = "", body: bytes = b"") -> int:
    call = Call(method, path, query, {"content-type": "application/json"}, body)
    reply = asyncio.run(api.answer(call))
    if reply.content_type.startswith("application/json"):
        json.loads(reply.body)
    return reply.status


relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed
@given(body=st.binary(max_size=60) | values.map(json.dumps).map(str.encode), method=st.sampled_from(["POST", "PUT"]))
def test_any_body_is_answered(api: OpenSearchApi, body: bytes, method: str) -> None:
    path = PATH if method == "POST" else f"{PATH}/a"

    assert _status(api, method, path, body=body) in (200, 400, 404, 406, 409, 500)


@relaxed
@given(config=st.dictionaries(st.sampled_from(MEMBERS), values, max_size=6), kind=st.sampled_from(TYPES), block=values)
def test_any_config_is_answered(api: OpenSearchApi, config: dict[str, object], kind: str, block: object) -> None:
    body = json.dumps({"config": {**config, "name": "n", "config_type": kind, kind: block}}).encode()

    assert _status(api, "POST", PATH, body=body) in (200, 400, 404, 406, 500)


@relaxed
@given(
    text=queries, name=st.sampled_from(["query", "text_query", "name", "created_time_ms", "max_items", "sort_field"])
)
def test_any_list_query_is_answered(api: OpenSearchApi, text: str, name: str) -> None:
    escaped = "".join(f"%{byte:02x}" for byte in text.encode())

    assert _status(api, "GET", PATH, f"{name}={escaped}") in (200, 400, 406, 500, 501)


def test_numbers_beyond_all_measure_are_out_of_range(api: OpenSearchApi) -> None:
    for number in ("1e400", "9" * 6000, "-1e400"):
        body = f'{{"config":{{"smtp_account":{{"port":{number}}}}}}}'.encode()
        assert _status(api, "POST", PATH, body=body) == 400


def test_versions_that_are_none_are_refused() -> None:
    for text in ("", "3", "three.six", "3.x.0"):
        with pytest.raises(ValueError, match="not an OpenSearch version"):
            Simulator(opensearch_version=text)
