"""A plan file in anybody's hands: whatever is edited in it is harmless, or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.engine.options import SCOPE
from reconciler.plan.saved import plan_schema
from tests.engine.projects import SLACK, Project
from tests.engine.test_saved_plan import KEY, broken, edit, edit_target, refused


def scope(path: Path, **flags: Any) -> None:
    edit(path, scope={**json.loads(path.read_text())["scope"], **flags})


def test_a_file_elsewhere_is_not_applied_because_the_plan_says_so(project: Project) -> None:
    project.slack("oncall")
    elsewhere = project.root / "elsewhere.json"
    project.slack("evil").rename(elsewhere)
    project.slack("evil")
    plan = project.save("-f", str(elsewhere))
    refused(project, plan, "was made with --file", "give the flag again")
    edit(plan, scope={})
    project.remove("evil")
    refused(project, plan)
    scope(plan, files=[str(elsewhere)])
    refused(project, plan, "was made with --file")


def test_a_test_is_not_left_out_because_the_plan_says_so(project: Project) -> None:
    project.slack("oncall", test={"when": "change"})
    plan = project.save()
    scope(plan, test_when="never")
    edit_target(plan, messages=[])
    refused(project, plan, "was made with --test-when")
    edit(plan, scope={})
    refused(project, plan, "test message")


def test_an_unmanaged_object_is_not_taken_over_because_the_plan_says_so(project: Project) -> None:
    slack: dict[str, Any] = {"name": "oncall", "description": "", "config_type": "slack", "is_enabled": True}
    project.create_live("theirs", **slack, slack={"url": SLACK + "theirs"})
    project.slack("oncall")
    plan = project.save("--adopt")
    refused(project, plan, "was made with --adopt")
    assert project.configs()["theirs"]["slack"]["url"] == SLACK + "theirs"
    project.apply_saved(plan, "--adopt")
    assert project.configs()["theirs"]["description"] == "[acme/oncall]"


def test_secrets_are_not_rewritten_because_the_plan_says_so(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    scope(plan, rewrite_secrets=True)
    refused(project, plan, "was made with --rewrite-secrets")


def test_a_verified_file_needs_no_flag_again(project: Project) -> None:
    slack: dict[str, Any] = {"name": "oncall", "description": "", "config_type": "slack", "is_enabled": True}
    project.create_live("theirs", **slack, slack={"url": SLACK + "theirs"})
    project.slack("oncall")
    plan = project.save("--adopt", RECONCILER_PLAN_KEY=KEY)
    project.apply_saved(plan, RECONCILER_PLAN_KEY=KEY)
    assert project.configs()["theirs"]["description"] == "[acme/oncall]"


def test_a_target_without_its_identity_promises_nothing(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    edit_target(plan, server=None)
    refused(project, plan, "names no system to apply it to")


def test_a_target_that_could_not_be_read_promises_nothing_and_is_no_error(two_targets: Project) -> None:
    two_targets.slack("oncall", targets=["east", "west"])
    plan = two_targets.save()
    document = json.loads(plan.read_text())
    west = document["targets"].pop()
    document["unread"] = [{"target": west["target"], "provider": west["provider"], "error": "no answer"}]
    plan.write_text(json.dumps(document))
    two_targets.apply_saved(plan)
    assert set(two_targets.configs("east")) == {"acme_oncall"}
    assert two_targets.configs("west") == {}


def test_a_plan_without_targets_is_one_clear_error(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    edit(plan, targets=[])
    broken(project, plan, "names no target")


def test_what_narrows_counts_from_the_file(project: Project) -> None:
    project.slack("oncall")
    project.slack("other")
    plan = project.save("--only", "oncall")
    project.apply_saved(plan)
    assert set(project.configs()) == {"acme_oncall"}


def pins(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["pin"]] if "pin" in value else []
        yield from (pin for item in value.values() for pin in pins(item))
    elif isinstance(value, list):
        yield from (pin for item in value for pin in pins(item))


def test_pins_do_not_tell_that_two_fields_channels_or_targets_share_a_secret(two_targets: Project) -> None:
    two_targets.slack("one", targets=["east", "west"])
    two_targets.slack("two", targets=["east"])
    two_targets.manifest(
        "WebhookChannel",
        "three",
        targets=["east"],
        url={"env": "SLACK_URL"},
        headers={"X-A": {"env": "SLACK_URL"}, "X-B": {"env": "SLACK_URL"}},
        test={"when": "never"},
    )
    first = [*pins(json.loads(two_targets.save(RECONCILER_PLAN_KEY=KEY).read_text()))]
    again = [*pins(json.loads(two_targets.save(RECONCILER_PLAN_KEY=KEY).read_text()))]
    assert first == again
    assert len(first) == len(set(first)) == 6


@pytest.mark.parametrize("name", ["Plan", "TargetPlan", "Change"])
def test_the_schema_says_of_every_field_what_it_is_worth(name: str) -> None:
    schema = plan_schema()
    properties = schema["properties"] if name == "Plan" else schema["$defs"][name]["properties"]
    assert [field for field, item in properties.items() if not item.get("description")] == []


def test_the_schema_names_every_flag_of_the_scope() -> None:
    words = plan_schema()["properties"]["scope"]["description"]
    assert [flag for flag in SCOPE if flag not in words] == []
