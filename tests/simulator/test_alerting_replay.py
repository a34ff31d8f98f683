"""What real nodes with Alerting answered, played against the simulator; also with security, and without Alerting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from reconciler.simulator import Receiver, Simulator, Timings
from tests import calls
from tests.simulator.alerting_replay import settle_alerting
from tests.simulator.secured_replay import FULL, READ, secured, user
from tests.simulator.settling import load_exchanges, observed, recorded

COMPARED = ("content-type", "allow")
NOT_PLAYED = {
    "no index yet: are there indices",  # other indices of the node are not played
    "mapping of destination_id",  # nor are mappings
    "page sorted by _id",  # ids are made up, so their order is chance
    "execute, dry run",  # two triggers share one placeholder in the recording, so that one of them is lost
}
BY_CHANCE = {
    # ten of fourteen, or one of fourteen: which ones they are depends on how the index was merged
    "search all, without size",
    "legacy route: search",
    "search all with _source in the body",
    "search all as Dashboards, one hit",
    "search all as Dashboards with _source in the body",
}


class Alerting:
    """The recording without security. `names` maps what was made up now to what it is called there."""

    def __init__(self, simulator: Simulator, receiver: Receiver, client: httpx.Client) -> None:
        self.simulator, self.receiver, self.client = simulator, receiver, client
        self.names = {
            f"127.0.0.1:{receiver.port}": "127.0.0.1:SINK",
            '"testbed"': '"NODE"',
            "[testbed]": "[NODE]",
            "opensearch-testbed": "CLUSTER",
            "D-DjMqyjQVC0e5dektCauA": "CLUSTER_UUID",
            '"build_type": "zip"': '"build_type": "tar"',
        }

    def play(self, exchange: Mapping[str, Any], headers: tuple[str, ...] = COMPARED) -> tuple[Any, Any]:
        asked = exchange["request"]
        if asked["method"] == "PUT":
            asked = {**asked, "body": self.with_own_ids(asked["body"])}
        self.receiver.clear()
        content = self.mine(json.dumps(asked["body"])) if "body" in asked else None
        sent = {"Content-Type": "application/json"} if content else {}
        path = self.mine(asked["path"])
        response = self.client.request(asked["method"], path, content=content, headers=sent | asked.get("headers", {}))
        now = observed(response, self.receiver.received, headers)
        return recorded(exchange, headers), now

    def mine(self, text: str) -> str:
        for mine, theirs in self.names.items():
            text = text.replace(theirs, mine)
        return text

    def with_own_ids(self, body: dict[str, Any]) -> dict[str, Any]:
        """An update that names triggers and actions by the ids that they have here."""
        alerting = self.simulator.node.alerting
        assert alerting is not None
        (stored,) = (one for one in alerting.monitors if one.content["name"] == body["name"])
        return {**body, "triggers": stored.content["triggers"]}


MADE = {
    "facts query": "MON_QUERY",
    "facts disabled": "MON_DISABLED",
    "facts bucket": "MON_BUCKET",
    "facts doc": "MON_DOC",
    "facts metrics": "MON_METRICS",
    "facts leaf": "MON_LEAF",
    "facts workflow": "WORKFLOW",
    "facts unknown": "MON_UNKNOWN",
    "facts blank": "MON_BLANK",
    "facts throttled": "MON_THROTTLED",
    "facts owned": "MON_OWNED",
    "facts full": "MON_FULL",
    "facts both": "MON_BOTH",
    "facts b": "MON_B",
}


def meanwhile(simulator: Simulator, receiver: Receiver, label: str) -> None:
    """What the recorder did between the exchanges, without recording it; the labels say so, or the answers show it."""
    alerting = simulator.node.alerting
    assert alerting is not None
    hook: dict[str, Any] = {
        "name": "facts hook",
        "config_type": "webhook",
        "webhook": {"url": f"{receiver.url}/hooks/x", "header_params": {}, "method": "POST"},
    }
    if label == "create channel facts_hook":
        alerting.runner.documents = ["0", "1", "2"]
    if label == "search all, without size":
        alerting.monitors.seed(
            [
                {"_id": f"MON_FILLER{i}", "name": f"facts filler {i}", "enabled": False, "inputs": [SEARCH]}
                for i in range(4)
            ]
        )
    if label == "search right after a write: after":
        alerting.monitors.seed([{"_id": "MON_SOON", "name": "soon", "inputs": [SEARCH]}])
    if label == "search right after a delete":
        soon = alerting.monitors.get("MON_SOON")
        assert soon is not None
        alerting.monitors.delete(soon)
    if label == "execute, doc-level, real":
        alerting.runner.documents.append("10")
    if label == "channel muted: execute":
        simulator.seed([{"config_id": "facts_hook", "config": {**hook, "is_enabled": False}}])
    if label == "channel failing (500): execute":
        failing = {**hook, "webhook": {**hook["webhook"], "url": f"{receiver.url}/status/500"}}
        simulator.seed([{"config_id": "facts_hook", "config": failing}])
    if label == "channel deleted: execute doc-level":
        alerting.runner.documents.append("11")
    if label == "scheduled runs with the channel deleted: alerts":
        run(simulator, next(one.id for one in alerting.monitors if one.content["name"] == "facts query"))
    if label == "search after all monitors are gone":
        for stored in alerting.monitors:
            alerting.monitors.delete(stored)
    if label in ("another kind under the same id: create", "channel re-created under the same id: create"):
        simulator.store.delete("facts_hook")


def run(simulator: Simulator, monitor_id: str) -> None:
    """A run as the scheduler makes it."""
    path = f"/_plugins/_alerting/monitors/{monitor_id}/_execute"
    calls.post(f"{simulator.url}{path}").raise_for_status()


SEARCH = {"search": {"indices": ["facts-logs"], "query": {"size": 0, "query": {"match_all": {}}}}}


def test_every_exchange_with_alerting_comes_out_as_on_the_real_node() -> None:
    differing, count = {}, 0
    with (
        Simulator(timings=Timings(resend=0.0)) as simulator,
        Receiver() as receiver,
        httpx.Client(base_url=simulator.url, timeout=30) as client,
    ):
        replay = Alerting(simulator, receiver, client)
        for exchange in load_exchanges("opensearch-alerting-3.6.0"):
            label = exchange["label"]
            meanwhile(simulator, receiver, label)
            if label in NOT_PLAYED:
                continue
            then, now = replay.play(exchange)
            learn_monitor(replay, exchange, now)
            alert_id = now["body"]["alerts"][0]["id"] if label == "channel re-created under the same id: alert" else ""
            then, now = settle_alerting(then, {}), settle_alerting(now, replay.names)
            if alert_id:
                replay.names[alert_id] = "ALERT_ID"  # the calls from here on name it
            put_aside(label, then, now)
            count += 1
            if then != now:
                differing[label] = (then, now)
    assert count == 139 - len(NOT_PLAYED)
    assert differing == {}


def learn_monitor(replay: Alerting, exchange: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    body = now["body"]
    if exchange["request"]["method"] == "POST" and now["status"] == 201:
        replay.names[body["_id"]] = MADE[exchange["request"]["body"]["name"]]


def put_aside(label: str, then: dict[str, Any], now: dict[str, Any]) -> None:
    for seen in (then, now):
        if label.startswith("create ") and isinstance(seen["body"], dict):
            seen["body"].pop("_id", None)  # in some recordings it is GENERATED_ID, in others the name
        if label in BY_CHANCE:
            seen["body"]["hits"]["hits"] = len(seen["body"]["hits"]["hits"])


ALERTING_USERS = {
    "admin": user(backend_roles=("admin",)),
    "notif": user(FULL),
    "reader": user(READ),
    "nothing": user(),
    "facts_none": user(FULL),
    "facts_al_full": user("alerting_full_access", "facts_logs", backend_roles=("team-a",)),
    "facts_al_both": user("alerting_full_access", FULL, "facts_logs", backend_roles=("team-a",)),
    "facts_al_b": user("alerting_full_access", FULL, "facts_logs", backend_roles=("team-b",)),
    "facts_al_read": user("alerting_read_access", backend_roles=("team-a",)),
    "facts_al_search": user("searcher", backend_roles=("team-a",)),
    "facts_al_ci": user("alerting_read_access", FULL, backend_roles=("team-a",)),
}
ALERTING_ROLES = {
    "facts_logs": ["indices:data/read/*"],
    "searcher": ["cluster:admin/opendistro/alerting/monitor/search"],
}


def test_every_exchange_with_alerting_and_security_comes_out_as_on_the_real_node() -> None:
    differing = {}
    exchanges = load_exchanges("opensearch-alerting-security-3.6.0")
    with secured(ALERTING_USERS, ALERTING_ROLES) as replay:
        alerting = replay.simulator.node.alerting
        assert alerting is not None
        alerting.runner.documents = ["0"]
        for config_id, team in (("facts_hook", "team-a"), ("facts_hook_b", "team-b")):
            webhook = {"url": f"{replay.receiver.url}/hooks/x", "header_params": {}, "method": "POST"}
            config = {"name": config_id.replace("_", " "), "config_type": "webhook", "webhook": webhook}
            replay.simulator.seed([{"config_id": config_id, "config": config, "access": [team]}])
        for exchange in exchanges:
            then, now = replay.play_raw(exchange)
            if now["status"] == 201:
                replay.names[now["body"]["_id"]] = MADE[exchange["request"]["body"]["name"]]
            then, now = settle_alerting(then, {}), settle_alerting(now, replay.names)
            if then != now:
                differing[exchange["label"]] = (then, now)
    assert len(exchanges) == 80
    assert differing == {}


PARTS = ("3.6.0", "2.19.5", "3.6.0 with security")


@pytest.mark.parametrize("part", PARTS)
def test_a_node_without_alerting_answers_as_the_real_one(part: str) -> None:
    exchanges = [one for one in load_exchanges("opensearch-alerting-absent") if one["label"].startswith(f"{part}: ")]
    differing = {}
    users = {"admin": user(backend_roles=("admin",)), "notif": user(FULL), "nothing": user()}
    with (
        Simulator(
            opensearch_version=part.split()[0], alerting=False, users={"users": users} if "security" in part else None
        ) as simulator,
        calls.client(base_url=simulator.url) as client,
    ):
        for exchange in exchanges:
            asked = exchange["request"]
            is_wrong = "wrong password" in exchange["label"]
            auth = (asked["user"], "wrong" if is_wrong else "right") if "user" in asked else None
            response = client.request(asked["method"], asked["path"], json=asked.get("body"), auth=auth)
            headers = (*COMPARED, "x-opensearch-version", "www-authenticate")
            then, now = recorded(exchange, headers), observed(response, [], headers)
            then, now = settle_alerting(then, {}), settle_alerting(now, {})
            if then != now:
                differing[exchange["label"]] = (then, now)
    assert exchanges
    assert differing == {}
