"""When a call is repeated, after what wait, and when it no longer is."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pytest

from reconciler.model.errors import UnexpectedError, UnreachableError
from reconciler.providers.pacing import RetryBudget, stated_wait
from tests.guarded import PATIENCE
from tests.providers.support import Script, Waits, config_of, failure, listing, talk

OK = listing(config_of())
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def read(*answers: httpx.Response | Exception) -> tuple[Script, Waits]:
    """Read one object from a server that answers so; what it was asked, and the waits between."""
    script, waits = Script(list(answers)), Waits()
    talk(script, lambda provider: provider.read("a_slack"), waits=waits)
    return script, waits


@pytest.mark.parametrize(
    "first",
    [
        failure(429, "busy"),
        failure(500, "fault"),
        failure(424, "io"),
        httpx.Response(502, html="<html>"),
        httpx.Response(503),
        httpx.ConnectError("x"),
        httpx.ReadError("x"),
        httpx.RemoteProtocolError("x"),
        httpx.Response(200, text='{"config_list": ['),
    ],
)
def test_a_read_is_repeated_while_the_server_is_busy_or_away(first: httpx.Response | Exception) -> None:
    script, waits = read(first, first, OK)
    assert len(script.requests) == 3
    assert 0 <= waits.waits[0] <= 0.5
    assert 0 <= waits.waits[1] <= 1.0


def test_a_read_is_not_repeated_for_ever() -> None:
    for answer, kind in ((failure(503, "busy"), UnexpectedError), (httpx.ConnectError("x"), UnreachableError)):
        script, waits = Script([answer]), Waits()
        with pytest.raises(kind):
            talk(script, lambda provider: provider.read("a_slack"), waits=waits)
        assert (len(script.requests), len(waits.waits)) == (5, 4)


@pytest.mark.parametrize(
    "answer",
    [
        failure(400, "no"),
        failure(403, "no"),
        failure(424, "no protocol: nope", "malformed_u_r_l_exception"),  # a stored document that cannot be parsed
        failure(500, "no protocol: nope", "malformed_u_r_l_exception"),
        httpx.Response(200, html="<html>"),
    ],
)
def test_a_read_that_will_not_change_is_not_repeated(answer: httpx.Response) -> None:
    script, waits = Script([answer]), Waits()
    with pytest.raises(Exception, match=r"GET .* was answered"):
        talk(script, lambda provider: provider.read("a_slack"), waits=waits)
    assert (len(script.requests), waits.waits) == (1, [])


@pytest.mark.parametrize("headers", [{"retry-after": "7"}, {"x-ratelimit-reset": "7"}])
def test_a_wait_that_the_server_asks_for_is_kept_with_some_jitter(headers: dict[str, str]) -> None:
    _, waits = read(httpx.Response(429, headers=headers), OK)
    assert 7 <= waits.waits[0] <= 7.5


def test_a_wait_that_is_too_long_is_not_cut_short_but_given_up() -> None:
    script, waits = Script([httpx.Response(429, headers={"retry-after": "3600"})]), Waits()
    with pytest.raises(UnexpectedError, match="429"):
        talk(script, lambda provider: provider.read("a_slack"), waits=waits)
    assert (len(script.requests), waits.waits) == (1, [])


def test_the_whole_run_waits_no_longer_than_its_budget() -> None:
    waits = Waits()
    retries = waits.retries(budget=25)
    busy = 10.0

    async def call() -> float:
        return busy

    async def run() -> list[float]:
        return [await retries.repeat(busy, call, lambda _: True, lambda seconds: seconds) for _ in range(3)]

    asyncio.run(run())
    assert 20 <= sum(waits.waits) <= 25
    assert retries.budget.left <= 5


def test_waits_side_by_side_spend_the_budget_once() -> None:
    now = 0.0
    budget = RetryBudget(100, clock=lambda: now)
    with budget.spending():
        now = 10
        with budget.spending():
            now = 30
        assert budget.left == 70
    now = 50
    assert budget.left == 70


@pytest.mark.parametrize(
    ("headers", "status", "seconds"),
    [
        ({"retry-after": "3"}, 503, 3),
        ({"retry-after": " 0.5 "}, 503, 0.5),
        ({"retry-after": "-3"}, 503, 0),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:09 GMT"}, 503, 9),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, 503, 0),
        ({"retry-after": "soon"}, 503, None),
        ({"retry-after": "nan"}, 503, None),
        ({"retry-after": "inf"}, 503, None),
        ({"retry-after": "Mon, 99 Nov 2026 12:00:09 GMT"}, 503, None),
        ({"x-ratelimit-reset": "4"}, 429, 4),
        ({"x-ratelimit-reset": "4"}, 500, None),
        ({"retry-after": "2", "x-ratelimit-reset": "4"}, 429, 2),
        ({}, 429, None),
    ],
)
def test_what_a_server_asks_for_is_read_in_every_form(
    headers: dict[str, str], status: int, seconds: float | None
) -> None:
    assert stated_wait(status, headers, lambda: NOW) == seconds


def test_a_run_without_failures_imports_no_retrying_no_signing_and_no_command_line_of_httpx() -> None:
    program = (
        "import sys, asyncio; from reconciler.providers import provided\n"
        "from reconciler.providers.connection import Connection\n"
        "async def run():\n"
        "    await provided('opensearch').make(Connection('http://127.0.0.1:9'), '', None).close()\n"
        "asyncio.run(run()); print(sorted({'tenacity', 'botocore', 'rich', 'pygments', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.strip() == "['httpx']"


def test_abilities_are_known_without_importing_an_http_client() -> None:
    program = (
        "import sys; from reconciler.providers import provided\n"
        "provided('opensearch').abilities().check('SlackChannel', {}, ''); print('httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.strip() == "False"
