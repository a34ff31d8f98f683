"""Playing a recording against the simulator, and comparing what comes back.

Made-up ids, times and ports differ from run to run and are put aside; everything else must agree.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from reconciler.simulator import MailReceiver, Receiver, Simulator, Timings

RECORDINGS = Path(__file__).parents[1] / "recordings"
_TIME = 1700000000000

UNRECORDED_URLS = {
    # Before these calls the recorder pointed the channel a_hook at another place, by updates it did not record. The
    # labels and the deliveries say where to; SINK is the receiver's address.
    **{f"test webhook answering {code}": f"SINK/status/{code}" for code in (201, 204, 302, 400, 403, 404, 410, 429)},
    **{f"test webhook answering {code}": f"SINK/status/{code}" for code in (500, 503)},
    "test webhook answering 200 with empty body": "SINK/empty",
    "test webhook on closed port": "http://127.0.0.1:9/hooks/x",
    "test webhook on unresolvable host": "http://nowhere.invalid/hooks/x",
    "test webhook answering after 12 s": "SINK/slow",
    "test webhook with bare host:port url": "SINK",
}

STALE_LABELS = {
    # 2.19.5 refreshes once a second, so these lists hang on the moment. The refresh is held back, and done just
    # before the calls named here: that puts the simulator where the recorded node was.
    "2.19.5": ("create mattermost", "list after 1.5 s", "test webhook", "mute"),
    "3.6.0": (),
}


@dataclass
class Played:
    """One exchange as recorded and as it went now, both with what varies put aside."""

    label: str
    recorded: dict[str, Any]
    now: dict[str, Any]


@dataclass
class Replay:
    """A recording being played. `ids` maps ids made up by the recorded node to those made up now."""

    version: str
    simulator: Simulator
    receiver: Receiver
    mail: MailReceiver
    ids: dict[str, str] = field(default_factory=dict)

    def play(self) -> list[Played]:
        exchanges = load(self.version)["exchanges"]
        with httpx.Client(base_url=self.simulator.url, timeout=30) as client:
            return [self._play(client, exchange) for exchange in exchanges]

    def _play(self, client: httpx.Client, exchange: dict[str, Any]) -> Played:
        label = exchange["label"]
        if label in STALE_LABELS[self.version]:
            self.simulator.refresh()
        if label in UNRECORDED_URLS:
            self._point_hook_at(client, UNRECORDED_URLS[label].replace("SINK", self.receiver.url))
        self.receiver.clear()
        self.mail.clear()
        response = client.send(self._request(client, exchange["request"]))
        recorded = self._recorded(exchange)
        self._note_made_up_ids(exchange, response)
        return Played(label, self._settle(recorded), self._settle(self._observed(response)))

    def _point_hook_at(self, client: httpx.Client, url: str) -> None:
        config = {"name": "w", "config_type": "webhook", "webhook": {"url": url}}
        client.put("/_plugins/_notifications/configs/a_hook", json={"config": config}).raise_for_status()

    def _request(self, client: httpx.Client, request: dict[str, Any]) -> httpx.Request:
        content = request.get("raw")
        if "body" in request:
            content = json.dumps(request["body"])
        headers = {"Content-Type": "application/json"} if content is not None else {}
        headers |= request.get("headers", {})
        body = self._with_ports(content).encode() if content is not None else None
        return client.build_request(request["method"], request["path"], content=body, headers=headers)

    def _with_ports(self, text: str) -> str:
        text = text.replace("127.0.0.1:SINK", f"127.0.0.1:{self.receiver.port}")
        return text.replace('"port": 2525', f'"port": {self.mail.port}')

    def _recorded(self, exchange: dict[str, Any]) -> dict[str, Any]:
        answer = exchange["response"]
        return {
            "status": answer["status"],
            "content-type": answer["content-type"],
            "allow": _as_set(answer.get("allow")),
            "warning": answer.get("warning"),
            "body": answer.get("body", answer.get("text")),
            "delivered": [
                (one["method"], one["path"], one["headers"].get("content-type"), one["body"])
                for one in exchange.get("delivered", ())
            ],
            "mailed": sorted((one["from"], one["to"]) for one in exchange.get("mailed", ())),
        }

    def _observed(self, response: httpx.Response) -> dict[str, Any]:
        is_json = response.headers.get("content-type", "").startswith("application/json")
        return {
            "status": response.status_code,
            "content-type": response.headers.get("content-type"),
            "allow": _as_set(response.headers.get("allow")),
            "warning": response.headers.get("warning"),
            "body": response.json() if is_json else response.text,
            "delivered": [(one.method, one.path, one.content_type, one.body) for one in self.receiver.received],
            "mailed": sorted((one.sender, list(one.recipients)) for one in self.mail.received),
        }

    def _note_made_up_ids(self, exchange: dict[str, Any], response: httpx.Response) -> None:
        body = exchange["request"].get("body") or {}
        if exchange["request"]["method"] == "POST" and "config" in body and "config_id" not in body:
            self.ids[response.json()["config_id"]] = exchange["response"]["body"]["config_id"]

    def _settle(self, seen: dict[str, Any]) -> dict[str, Any]:
        """The same with ids, times and ports of this run turned into those of the recording."""
        text = json.dumps(seen, sort_keys=True)
        for mine, theirs in self.ids.items():
            text = text.replace(mine, theirs)
        text = re.sub(r'(_time_ms": )\d+', rf"\g<1>{_TIME}", text)
        text = re.sub(r'("(node|cluster_uuid)": )"[^"]*"', r'\g<1>"..."', text)
        text = re.sub(r"allowed: \[([A-Z, ]+)\]", _sort_methods, text)
        text = text.replace(f"127.0.0.1:{self.receiver.port}", "127.0.0.1:SINK")
        settled: dict[str, Any] = json.loads(text.replace(f'"port": {self.mail.port}', '"port": 2525'))
        return settled


def load(version: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RECORDINGS / f"opensearch-{version}.json").read_text(encoding="utf-8"))
    return content


def play_recording(version: str) -> list[Played]:
    """Play a whole recording against a fresh simulator of its version, with an HTTP and an SMTP receiver."""
    with (
        Simulator(
            opensearch_version=version, timings=Timings(resend=0.0), auto_refresh=not STALE_LABELS[version]
        ) as simulator,
        Receiver(slow_seconds=0.05) as receiver,
        MailReceiver() as mail,
    ):
        return Replay(version, simulator, receiver, mail).play()


def _sort_methods(found: re.Match[str]) -> str:
    return f"allowed: [{', '.join(sorted(found.group(1).split(', ')))}]"


def _as_set(header: str | None) -> list[str] | None:
    return None if header is None else sorted(part.strip() for part in header.split(","))
