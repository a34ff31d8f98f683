"""`make test-live` with CONFLUENT_CLOUD_API_KEY: ask a real organisation what the vendor's documents leave open.

It writes only integrations whose names begin with `rlive-`, and one subscription of an optional type that has none;
all of them are removed at the end. Messages go to TEST_RECEIVER_URL, and nowhere without it; TEST_FILL_QUOTA=yes makes
integrations until the organisation is full. Each answer is one line, with the simulator's setting that behaves so.
Exit codes: 0 all was asked · 1 something was left behind, or the provider failed · 64 nothing could be asked.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import click
import httpx

from reconciler.model.errors import ReconcilerError
from reconciler.model.resource import Payload
from reconciler.model.values import SecretText, Value
from reconciler.providers.confluent import make_provider
from reconciler.providers.confluent.client import ConfluentProvider
from reconciler.providers.connection import Basic, Connection

__all__ = ["main"]

_API = "/notifications/v1"
_DEAD = "https://receiver.invalid/rlive"  # a host that cannot exist (RFC 2606)
_MOST_TO_FILL = 500  # integrations
_PATIENCE = 20.0  # seconds that a write may take to show


@dataclass
class Questioner:
    """Asks one organisation, and remembers what it made."""

    http: httpx.Client
    receiver: str
    may_fill: bool = False
    name: str = field(default_factory=lambda: f"rlive-{token_hex(4)}")
    made: list[str] = field(default_factory=list)

    def create(self, ending: str, url: str, **extra: str) -> httpx.Response:
        """Make an integration; `ending` and `url` make it distinct, or not."""
        body = {"display_name": f"{self.name}-{ending}", "target": {"kind": "Webhook", "url": url}, **extra}
        answer = self.http.post(f"{_API}/integrations", json=body)
        if answer.status_code == 201:
            location = answer.headers.get("location", "")
            self.made.append(f"{_API}/integrations/{answer.json().get('id') or location.rpartition('/')[2]}")
        return answer

    def read(self, path: str) -> dict[str, Any]:
        """One object as it is given back."""
        answer = self.http.get(path)
        content: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        return content

    def listed(self, collection: str) -> list[dict[str, Any]]:
        """A whole list; the pages are asked of the same host."""
        items: list[dict[str, Any]] = []
        token = ""
        while True:
            answer = self.http.get(f"{_API}/{collection}", params={"page_token": token} if token else {})
            answer.raise_for_status()
            page = answer.json()
            items += page["data"]
            following = httpx.URL(page.get("metadata", {}).get("next") or "").params.get("page_token")
            if not following or following == token:
                return items
            token = following

    def seconds_until(self, is_so: Callable[[], bool]) -> str:
        """How long it took for something to become so, in words."""
        begin = time.monotonic()
        while not is_so():
            if time.monotonic() - begin > _PATIENCE:
                return f"not within {_PATIENCE:.0f} s"
            time.sleep(0.2)
        return f"after {time.monotonic() - begin:.1f} s"

    def remove_all(self, paths: list[str]) -> list[str]:
        """Remove what was made, latest first; the paths that could not be."""
        left = []
        for path in reversed(paths):
            if self.http.delete(path).status_code not in (204, 404) and self.read(path):
                left.append(path)
        return left


def _ask_about_creating(ask: Questioner) -> Iterator[tuple[str, str]]:
    url = f"{_DEAD}/{ask.name}/one"
    answer = ask.create("one", url, description="asked")
    yield "create with an address that cannot be reached", f"{answer.status_code} (201: probe=no)"
    if answer.status_code != 201:
        return
    path = ask.made[-1]
    yield "members of the 201", f"{', '.join(sorted(answer.json()))} (all: created=whole)"
    yield "rate-limit headers", f"{_rate(answer)} (rate_headers)"
    yield "a read shows the create", f"{ask.seconds_until(lambda: bool(ask.read(path)))} (at once: late=nothing)"
    own_id = path.rpartition("/")[2]
    seen = ask.seconds_until(lambda: own_id in {one["id"] for one in ask.listed("integrations")})
    yield "a list shows the create", f"{seen} (at once: late=nothing)"
    back = ask.read(path)
    yield "deleted_at of what is there", f"{back['metadata'].get('deleted_at')} (None: deleted_at=absent)"
    yield "the address is given back", "in clear (addresses=clear)" if back["target"].get("url") == url else "changed"
    yield "resource name", back.get("metadata", {}).get("resource_name", "none").partition("/integration=")[0]
    again = ask.create("one", f"{_DEAD}/{ask.name}/two")
    yield "a second one of that name", f"{again.status_code}{_place(again)} (201: unique_names=no)"
    again = ask.create("three", url)
    yield "a second one of that address", f"{again.status_code}{_place(again)} (201: unique_addresses=no)"


def _ask_about_changing(ask: Questioner) -> Iterator[tuple[str, str]]:
    if ask.create("changed", f"{_DEAD}/{ask.name}/four", description="to be cleared").status_code != 201:
        return
    path = ask.made[-1]
    answer = ask.http.patch(path, json={"description": ""})
    left = ask.read(path).get("description")
    yield "description cleared by an empty one", f"{answer.status_code}, then {left!r} (description=clears)"
    target = {"kind": "Slack", "webhook_url": "https://hooks.slack.com/services/T0/B0/rlive"}
    answer = ask.http.patch(path, json={"target": target})
    kind = ask.read(path).get("target", {}).get("kind")
    yield "kind changed by PATCH", f"{answer.status_code}, then {kind} (kind_change)"
    answer = ask.http.post(
        f"{_API}/integrations",
        json={"display_name": f"{ask.name}-role", "target": {"kind": "RoleEmail", "role_name": "OrganizationAdmin"}},
    )
    if answer.status_code == 201:
        ask.made.append(f"{_API}/integrations/{answer.json()['id']}")
    yield "a read-only kind", f"{answer.status_code} (refusal_code)"


def _ask_about_subscriptions(ask: Questioner) -> Iterator[tuple[str, str]]:
    types = ask.listed("notification-types")
    taken = {one["notification_type"]["id"] for one in ask.listed("subscriptions")}
    yield "notification types", f"{len(types)}; required {_count(types, 'REQUIRED')}, subscribed {len(taken)}"
    refused = [one for one in types if not one["is_included_in_plan"]]
    free = [
        one
        for one in types
        if one["subscription_priority"] == "OPTIONAL" and one["is_included_in_plan"] and one["id"] not in taken
    ]
    if ask.create("used", f"{_DEAD}/{ask.name}/five").status_code != 201:
        return
    used = ask.made[-1]
    body: dict[str, Any] = {"integrations": [{"id": used.rpartition("/")[2]}]}
    if refused:
        answer = ask.http.post(f"{_API}/subscriptions", json=body | {"notification_type": {"id": refused[0]["id"]}})
        yield "a type that is not in the plan", f"{answer.status_code} (refusal_code)"
        if answer.status_code == 201:
            ask.made.append(f"{_API}/subscriptions/{answer.json()['id']}")
    if not free:
        yield "delete of what is in use", "not asked: every optional type is subscribed to"
        return
    body["notification_type"] = {"id": free[0]["id"]}
    answer = ask.http.post(f"{_API}/subscriptions", json=body)
    if answer.status_code != 201:
        yield "a subscription", f"{answer.status_code}"
        return
    subscription = f"{_API}/subscriptions/{answer.headers.get('location', '').rpartition('/')[2]}"
    ask.made.append(subscription)
    again = ask.http.post(f"{_API}/subscriptions", json=body)
    yield "a second subscription of a type", f"{again.status_code}{_place(again)} (409: unique_subscriptions=yes)"
    answer = ask.http.delete(used)
    after = ask.http.get(subscription)
    rest = len(after.json()["integrations"]) if after.status_code == 200 else 0
    yield "delete of what is in use", f"{answer.status_code}; its subscription {after.status_code}, with {rest} left"


def _ask_about_deleting(ask: Questioner) -> Iterator[tuple[str, str]]:
    if ask.create("deleted", f"{_DEAD}/{ask.name}/six").status_code != 201:
        return
    path = ask.made[-1]
    answer = ask.http.delete(path)
    dying = ask.read(path).get("metadata", {}).get("deleted_at")
    gone = ask.seconds_until(lambda: not ask.read(path))
    yield "delete", f"{answer.status_code}; gone {gone}; deleted_at {dying} (at once: deletion=at-once)"
    yield "a second delete", f"{ask.http.delete(path).status_code}"
    answer = ask.http.get(path)
    yield "a read of what was deleted", f"{answer.status_code} (404: gone_code=404)"
    answer = ask.http.get(f"{path}0")
    yield "a read of what never was", f"{answer.status_code}, members {_members(answer)} (errors: error_shape=list)"


def _ask_about_lists(ask: Questioner) -> Iterator[tuple[str, str]]:
    items = ask.listed("integrations")
    times = [one["metadata"].get("created_at", "") for one in items]
    order = "oldest first" if times == sorted(times) else "newest first" if times == sorted(times)[::-1] else "another"
    yield "order of lists", f"{order} (order)"
    kinds = sorted({one["target"]["kind"] for one in items})
    yield "kinds of target", ", ".join(kinds)
    users = sorted({type(one["target"].get("user")).__name__ for one in items if "user" in one["target"]})
    yield "the user of an e-mail", f"{', '.join(users) or 'none here'} (dict: users=object)"
    answer = ask.http.get(f"{_API}/integrations", params={"resource": ask.name, "resource_type": "CONNECTOR"})
    found = len(answer.json().get("data", [])) if answer.status_code == 200 else 0
    yield "a filter that finds nothing", f"{answer.status_code}, with {found} (404: filtered_nothing=not-found)"


def _ask_about_names_of_kinds(ask: Questioner) -> Iterator[tuple[str, str]]:
    body = {"display_name": f"{ask.name}-kind", "target": {"kind": "WebhookTarget", "url": f"{_DEAD}/{ask.name}/kind"}}
    answer = ask.http.post(f"{_API}/integrations", json=body)
    if answer.status_code != 201:
        yield "a kind by its schema's name", f"{answer.status_code} (kind_names=document)"
        return
    path = f"{_API}/integrations/{answer.headers.get('location', '').rpartition('/')[2] or answer.json()['id']}"
    ask.made.append(path)
    given = ask.read(path).get("target", {}).get("kind")
    yield "a kind by its schema's name", f"201, given back as {given} (Webhook: kind_names=either)"


def _ask_about_refusals(ask: Questioner) -> Iterator[tuple[str, str]]:
    answer = ask.http.get(f"{_API}/integrations", auth=(ask.name, "no-such-key"))
    yield "a key that is nobody's", f"{answer.status_code}: {_said(answer)} (401: wrong_key_code=401)"
    if not ask.may_fill:
        yield "a full organisation", "not asked: TEST_FILL_QUOTA=yes fills it for a moment"
        return
    before = list(ask.made)
    yield "a full organisation", _filled(next((one for one in _fill(ask) if one.status_code != 201), None))
    filled, ask.made = ask.made[len(before) :], before
    ask.made += ask.remove_all(filled)


def _fill(ask: Questioner) -> Iterator[httpx.Response]:
    return (ask.create(f"fill-{one}", f"{_DEAD}/{ask.name}/fill/{one}") for one in range(_MOST_TO_FILL))


def _filled(answer: httpx.Response | None) -> str:
    if answer is None:
        return f"not full with {_MOST_TO_FILL} more"
    return f"{answer.status_code}: {_said(answer)} (quota_code, quota_words)"


def _ask_about_testing(ask: Questioner) -> Iterator[tuple[str, str]]:
    body = {"display_name": ask.name, "target": {"kind": "Webhook", "url": _DEAD}}
    answer = ask.http.post(f"{_API}/integrations:test", json=body)
    yield "a test that cannot arrive", f"{answer.status_code} (test_code)"
    if not ask.receiver:
        yield "a test that arrives", "not asked: TEST_RECEIVER_URL is not set"
        return
    body["target"] = {"kind": "Webhook", "url": ask.receiver}
    yield "a test that arrives", f"{ask.http.post(f'{_API}/integrations:test', json=body).status_code}"


_QUESTIONS = (
    _ask_about_creating,
    _ask_about_changing,
    _ask_about_subscriptions,
    _ask_about_deleting,
    _ask_about_lists,
    _ask_about_names_of_kinds,
    _ask_about_testing,
    _ask_about_refusals,
)


def _rate(answer: httpx.Response) -> str:
    limits = [f"{name}: {text}" for name, text in answer.headers.items() if name.startswith("x-ratelimit")]
    return ", ".join(limits) or "none"


def _members(answer: httpx.Response) -> str:
    content = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    return ", ".join(sorted(content)) or "none"


def _said(answer: httpx.Response) -> str:
    return " ".join(answer.text.split())[:200]


def _place(answer: httpx.Response) -> str:
    return " with Location" if answer.status_code == 409 and "location" in answer.headers else ""


def _count(types: list[dict[str, Any]], priority: str) -> int:
    return sum(1 for one in types if one["subscription_priority"] == priority)


async def _take_round(connection: Connection, ask: Questioner) -> None:
    """What the provider itself does with an integration, from nothing to nothing."""
    provider = make_provider(connection)
    fields: dict[str, Value] = {"display_name": f"{ask.name}-round", "description": f"[rlive/{ask.name}]"}
    payload = Payload("WebhookChannel", fields | {"url": SecretText(f"{_DEAD}/{ask.name}/round")})
    try:
        object_id = await provider.create(payload)
        ask.made.append(f"{_API}/integrations/{object_id}")
        await _change_and_delete(provider, object_id, payload)
    finally:
        await provider.close()


async def _change_and_delete(provider: ConfluentProvider, object_id: str, payload: Payload) -> None:
    live = await provider.read(object_id)
    assert live is not None, "what was created is not there"
    changed = Payload(payload.kind, {**payload.fields, "display_name": f"{payload.fields['display_name']}-2"})
    await provider.update(object_id, changed, live)
    live = await provider.read(object_id)
    assert live is not None, "what was changed is not there"
    assert live.fields["display_name"] == changed.fields["display_name"], "the change is not there"
    assert object_id in {one.id for one in (await provider.read_all()).objects}, "the list lacks what was made"
    assert await provider.delete(object_id), "the delete did nothing"
    assert await provider.read(object_id) is None, "what was deleted is still there"


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Ask everything, say what came, and remove what was made."""
    key = (environ.get("CONFLUENT_CLOUD_API_KEY", ""), environ.get("CONFLUENT_CLOUD_API_SECRET", ""))
    if not all(key):
        click.echo("error: set CONFLUENT_CLOUD_API_KEY and CONFLUENT_CLOUD_API_SECRET", err=True)
        return 64
    url = environ.get("CONFLUENT_CLOUD_URL", "https://api.confluent.cloud")
    failed = False
    with httpx.Client(base_url=url, auth=key, timeout=30) as http:
        may_fill = environ.get("TEST_FILL_QUOTA") == "yes"
        ask = Questioner(http, environ.get("TEST_RECEIVER_URL", ""), may_fill)
        click.echo(f"organisation behind {url}; this run {ask.name}")
        try:
            for question in _QUESTIONS:
                for what, answer in question(ask):
                    click.echo(f"{what:48} {answer}")
            auth = Basic(SecretText(key[0]), SecretText(key[1]))
            asyncio.run(_take_round(Connection(url, "live", auth), ask))
            click.echo("the provider's own round                         passed")
        except (AssertionError, ReconcilerError, httpx.HTTPError) as error:
            failed = True
            click.echo(f"FAILED: {error}")
        finally:
            left = ask.remove_all(ask.made)
    for path in left:
        click.echo(f"left behind: {path}")
    return 1 if failed or left else 0


if __name__ == "__main__":
    sys.exit(main())
