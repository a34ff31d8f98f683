"""What the provider tests share: recorded exchanges, a network made of a function, retries that do not wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from reconciler.model.resource import Payload
from reconciler.model.values import SecretText, Value
from reconciler.providers.connection import Connection
from reconciler.providers.opensearch import make_provider
from reconciler.providers.opensearch.client import OpenSearchProvider
from reconciler.providers.pacing import Retries, RetryBudget

T = TypeVar("T")
Handler = Callable[[httpx.Request], httpx.Response]

RECORDINGS = Path(__file__).parents[1] / "recordings"
CONFIGS = "/_plugins/_notifications/configs"


def recorded(version: str, label: str) -> dict[str, Any]:
    """The exchange of that label, as a single node of that version answered it."""
    document = json.loads((RECORDINGS / f"opensearch-{version}.json").read_text())
    found = [exchange for exchange in document["exchanges"] if exchange["label"] == label]
    assert len(found) == 1, f"{label}: {len(found)} exchanges"
    exchange: dict[str, Any] = found[0]
    return exchange


def as_response(exchange: dict[str, Any]) -> httpx.Response:
    """A recorded answer, to be given by a stand-in."""
    answer = exchange["response"]
    if "text" in answer:
        return httpx.Response(answer["status"], text=answer["text"], headers={"content-type": answer["content-type"]})
    return httpx.Response(answer["status"], json=answer["body"])


@dataclass
class Waits:
    """Stands in for sleeping: notes each wait, and moves its own clock."""

    waits: list[float] = field(default_factory=list)
    now: float = 0.0

    async def sleep(self, seconds: float) -> None:
        """Wait, in name only; still give way to others, as a sleep does."""
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def retries(self, budget: float = 300.0, attempts: int = 5) -> Retries:
        """Retries that wait by this clock."""
        return Retries(RetryBudget(budget, clock=lambda: self.now), attempts=attempts, sleep=self.sleep)


@dataclass
class Script:
    """A server that gives the answers it was given, in order, and notes what it was asked.

    An answer may be an exception, which is raised as the network would. The last one is given for ever.
    """

    answers: list[httpx.Response | Exception]
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def calls(self) -> list[str]:
        """Method and path of each request, in order."""
        return [f"{request.method} {request.url.path}" for request in self.requests]


@dataclass
class Counting:
    """A server that answers every call with an empty object, and notes how many it had at once at the most."""

    most: int = 0
    _under_way: int = 0

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        await asyncio.sleep(0)
        self._under_way -= 1
        return httpx.Response(200, json={})


def root(version: str = "3.6.0") -> httpx.Response:
    """What a cluster of that version says of itself."""
    body = recorded("3.6.0", "root")["response"]["body"]
    return httpx.Response(200, json=body | {"version": body["version"] | {"number": version}})


@contextmanager
def planted(handler: Handler) -> Iterator[Connection]:
    """A connection to a server that is a function."""
    yield Connection("https://search.example:9200", name="search", transport=httpx.MockTransport(handler))


def talk(
    handler: Handler,
    conversation: Callable[[OpenSearchProvider], Coroutine[Any, Any, T]],
    *,
    version: str = "3.6.0",
    waits: Waits | None = None,
) -> T:
    """Have a conversation with a cluster whose plugin's calls `handler` answers; `GET /` is answered for it."""

    def answer(request: httpx.Request) -> httpx.Response:
        return root(version) if request.url.path == "/" else handler(request)

    return talk_raw(answer, conversation, waits=waits)


def talk_raw(
    handler: Handler,
    conversation: Callable[[OpenSearchProvider], Coroutine[Any, Any, T]],
    *,
    version: str = "",
    waits: Waits | None = None,
) -> T:
    """The same where `handler` answers everything; `version` is the project file's."""

    async def run() -> T:
        with planted(handler) as connection:
            provider = make_provider(connection, version, (waits or Waits()).retries())
            try:
                return await conversation(provider)
            finally:
                await provider.close()

    return asyncio.run(run())


def slack(url: str = "https://hooks.slack.com/services/T0/B0/xyz", **fields: Value) -> Payload:
    """A payload of a Slack channel."""
    own: dict[str, Value] = {"display_name": "s", "description": "", "enabled": True, "webhook_url": SecretText(url)}
    return Payload("SlackChannel", own | fields, "a_slack")


def config_of(payload_url: str = "https://hooks.slack.com/services/T0/B0/xyz", **config: Any) -> dict[str, Any]:
    """One entry of `config_list`: the Slack channel of `slack()`, as the recordings show it."""
    own = {"name": "s", "description": "", "config_type": "slack", "is_enabled": True, "slack": {"url": payload_url}}
    times = {"last_updated_time_ms": 1700000000000, "created_time_ms": 1700000000000}
    return {"config_id": "a_slack", **times, "config": own | config}


def listing(*items: dict[str, Any], total: int | None = None, relation: str = "eq") -> httpx.Response:
    """An answer of the list or of a read by id."""
    hits = len(items) if total is None else total
    return httpx.Response(
        200, json={"start_index": 0, "total_hits": hits, "total_hit_relation": relation, "config_list": list(items)}
    )


def failure(status: int, reason: str, kind: str = "status_exception") -> httpx.Response:
    """An error as the plugin words it."""
    inner = {"type": kind, "reason": reason}
    return httpx.Response(status, json={"error": {"root_cause": [inner], **inner}, "status": status})
