"""Comparing an exchange with its recording: what varies from run to run is put aside in both."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from reconciler.simulator.inbox import Received

RECORDINGS = Path(__file__).parents[1] / "recordings"
_TIME = 1700000000000


def load_exchanges(name: str) -> list[dict[str, Any]]:
    """The exchanges of `tests/recordings/NAME.json`, in their order."""
    content = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    exchanges: list[dict[str, Any]] = content["exchanges"]
    return exchanges


def recorded(exchange: Mapping[str, Any], headers: tuple[str, ...]) -> dict[str, Any]:
    """The answer and what was delivered; of the headers those named."""
    answer = exchange["response"]
    return {
        "status": answer["status"],
        **{name: _as_set(name, answer.get(name)) for name in headers},
        "body": answer.get("body", answer.get("text")),
        "delivered": [
            (one["method"], one["path"], one["headers"].get("content-type"), one["body"])
            for one in exchange.get("delivered", ())
        ],
    }


def observed(response: httpx.Response, delivered: list[Received], headers: tuple[str, ...]) -> dict[str, Any]:
    """The same of an answer of the simulator."""
    is_json = response.headers.get("content-type", "").startswith("application/json") and response.content
    return {
        "status": response.status_code,
        **{name: _as_set(name, response.headers.get(name)) for name in headers},
        "body": response.json() if is_json else response.text,
        "delivered": [(one.method, one.path, one.content_type, one.body) for one in delivered],
    }


def settle(seen: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """With times put aside, and made-up names of this run turned into those of the recording."""
    text = json.dumps(seen, sort_keys=True)
    for mine, theirs in names.items():
        text = text.replace(mine, theirs)
    text = re.sub(r'((?:_time_ms|_time)": )\d{13}', rf"\g<1>{_TIME}", text)
    text = re.sub(r"allowed: \[([A-Z, ]+)\]", _sorted_methods, text)
    settled: dict[str, Any] = json.loads(text)
    return settled


def _sorted_methods(found: re.Match[str]) -> str:
    return f"allowed: [{', '.join(sorted(found.group(1).split(', ')))}]"


def _as_set(name: str, value: str | None) -> list[str] | str | None:
    return sorted(part.strip() for part in value.split(",")) if value and name == "allow" else value
