"""What the operator writes into a status is what the definitions know: a server drops anything else without a word."""

from __future__ import annotations

import dataclasses
from typing import Any

from reconciler.operator.entries import Entry
from reconciler.operator.project_status import TargetState, project_status, project_verdicts
from reconciler.operator.resources import CustomResource
from reconciler.operator.status import resource_status
from reconciler.operator.status_schema import PROJECT_STATUS, RESOURCE_STATUS
from tests.operator.fake import CURRENT
from tests.operator.structure import problems

NOW = "2026-01-02T03:04:05Z"


def filled(of: type[Any]) -> Any:
    """A record with something in every field."""
    values = {"bool": True, "int": 3, "str": NOW, "Mapping[str, str]": {"oncall": "17"}}
    return of(**{field.name: values[str(field.type)] for field in dataclasses.fields(of)})


def test_a_resource_s_status_is_kept_whole() -> None:
    resource = CustomResource("SlackChannel", "payments", "oncall", generation=3)
    entries = {name: dataclasses.replace(filled(Entry), name=name) for name in ("search", "kafka")}
    status = resource_status(resource, entries, NOW, NOW)
    assert [*problems(RESOURCE_STATUS, status, "status")] == []
    assert status["target"] == "search, kafka"
    assert set(status["targets"][0]) == set(RESOURCE_STATUS["properties"]["targets"]["items"]["properties"])
    assert set(status) == set(RESOURCE_STATUS["properties"])


def test_a_project_s_status_is_kept_whole() -> None:
    project = CustomResource("Project", "payments", "acme", annotations={"channels.gitops/requested-at": NOW})
    targets = [filled(TargetState)]
    status = project_status(project, targets, [], project_verdicts(targets, (), CURRENT), NOW)
    assert [*problems(PROJECT_STATUS, status, "status")] == []
    assert set(status) == set(PROJECT_STATUS["properties"])
    assert set(status["targets"][0]) == set(PROJECT_STATUS["properties"]["targets"]["items"]["properties"])


def test_what_was_applied_of_an_older_generation_says_nothing_of_this_one() -> None:
    entry = dataclasses.replace(
        filled(Entry), name="search", generation=3, applied=True, stalled=False, verified="True"
    )
    for generation, ready in ((3, "True"), (4, "Unknown")):
        resource = CustomResource("SlackChannel", "payments", "oncall", generation=generation)
        status = resource_status(resource, {"search": entry}, NOW, NOW)
        found = {item["type"]: item["status"] for item in status["conditions"]}
        assert (found["Ready"], found["Verified"]) == (ready, ready)
