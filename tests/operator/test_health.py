"""Argo CD's health check, run as Argo CD runs it: a Lua script that gets the object as `obj`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lupa
import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "examples/argocd/argocd-cm.yaml").read_text("utf-8")
CUSTOMIZATIONS = yaml.safe_load(yaml.safe_load(TEXT)["data"]["resource.customizations"])


def condition(kind: str, status: str, reason: str = "Any") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": f"{kind} is {status}"}


def health(status: dict[str, Any] | None) -> str:
    lua = lupa.LuaRuntime(unpack_returned_tuples=True)
    obj = {"metadata": {"generation": 3}} | ({"status": status} if status is not None else {})
    script = CUSTOMIZATIONS["channels.gitops/*"]["health.lua"]
    made = lua.eval(f"function(obj)\n{script}\nend")(lua.table_from(obj, recursive=True))
    return str(made["status"])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, "Progressing"),
        ({"observedGeneration": 3}, "Progressing"),
        ({"observedGeneration": 2, "conditions": [condition("Ready", "True")]}, "Progressing"),
        ({"observedGeneration": 3, "conditions": [condition("Ready", "True")]}, "Healthy"),
        ({"observedGeneration": 3, "conditions": [condition("Ready", "Unknown")]}, "Degraded"),
        ({"observedGeneration": 3, "conditions": [condition("Ready", "False")]}, "Degraded"),
        (
            {"observedGeneration": 3, "conditions": [condition("Reconciling", "True"), condition("Ready", "False")]},
            "Progressing",
        ),
        (
            {
                "observedGeneration": 3,
                "conditions": [
                    condition("Ready", "False"),
                    condition("Reconciling", "True"),
                    condition("Stalled", "True"),
                ],
            },
            "Degraded",
        ),
        ({"observedGeneration": 3, "conditions": [condition("Ready", "False", "Suspended")]}, "Suspended"),
    ],
)
def test_a_resource_is_healthy_only_if_it_is_ready(status: dict[str, Any] | None, expected: str) -> None:
    assert health(status) == expected


def test_the_page_shows_this_check() -> None:
    assert f"```yaml\n{TEXT}```" in (ROOT / "docs/operator.md").read_text("utf-8")
