"""A document that breaks a whole list: the command names it, as far as anybody can, and says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.simulator import Simulator
from tests.cases.projects import SLACK_URL, Project, slack

BROKEN = {"config_id": "broken", "broken": "no protocol: nope", "created_time_ms": 2_000}
OTHERS: list[dict[str, Any]] = [
    {
        "config_id": f"theirs-{number}",
        "created_time_ms": number * 1_500,
        "config": {"name": f"Theirs {number}", "config_type": "slack", "slack": {"url": SLACK_URL}},
    }
    for number in (1, 2)
]
WHERE = "number 2 by time of creation, the one created after theirs-1"
WHAT_TO_DO = "an administrator removes it from the index .opensearch-notifications-config"


@pytest.mark.parametrize("status", [424, 400])
def test_a_document_of_somebody_elses_is_named_and_keeps_nothing_from_being_done(
    opensearch: Project, simulator: Simulator, status: int
) -> None:
    simulator.seed([*OTHERS, BROKEN | {"status": status}])
    opensearch.keep(slack("oncall", display_name="Ours"))
    plan = opensearch.run("plan")
    assert plan.code == 0, plan.everything
    assert (WHERE in plan.out, WHAT_TO_DO in plan.out) == (True, True)
    done = opensearch.run("apply", "--yes")
    assert done.code == 0, done.everything
    assert "the list of search is incomplete" in done.out.splitlines()[-1]
    for verb, code in (("plan", 0), ("drift", 0), ("list", 0), ("export", 0)):
        more = opensearch.run(verb)
        assert more.code == code, more.everything
        assert WHERE in more.everything, verb
        assert "No changes." not in more.out
        assert "No drift." not in more.out


def test_a_document_under_our_own_id_holds_its_manifest_and_no_other(opensearch: Project, simulator: Simulator) -> None:
    simulator.seed([*OTHERS, BROKEN | {"config_id": "acme_oncall"}])
    opensearch.keep(slack("oncall", display_name="Ours"), slack("builds", display_name="Builds"))
    plan = opensearch.run("plan")
    assert plan.code == 0, plan.everything
    assert "an object with the id acme_oncall is there, but the server cannot read it" in plan.out
    assert "1 to add" in plan.out
    done = opensearch.run("apply", "--yes")
    assert done.code == 4, done.everything
    assert done.out.count("is there, but the server cannot read it") >= 1
    assert opensearch.run("test", "oncall").code == 7


def test_a_cluster_with_nothing_else_cannot_be_read_and_it_is_said_what_to_remove(
    opensearch: Project, simulator: Simulator
) -> None:
    simulator.seed([BROKEN])
    for verb, code in (("plan", 1), ("drift", 1), ("list", 1), ("export", 1)):
        done = opensearch.run(verb)
        assert done.code == code, done.everything
        assert "number 1 by time of creation" in done.everything
        assert WHAT_TO_DO in done.everything


@pytest.mark.parametrize(
    "odd", ['{"data": [{"display_name": "x"}]}', '{"data": [{"id": 7}, {"id": "i-1", "target": 3}]}']
)
def test_an_integration_that_makes_no_sense_is_counted_and_spoils_nothing(
    confluent: Project, simulator: Simulator, odd: str
) -> None:
    simulator.faults.add("body", path="/notifications/v1/integrations*", times=100, status=200, text=odd)
    plan = confluent.run("plan")
    assert plan.code == 0, plan.everything
    assert "Confluent Cloud lists 1 integration without an id" in plan.out
    listed = confluent.run("list")
    assert (listed.code, "lists 1 integration without an id" in listed.err) == (0, True)
    assert confluent.run("drift").code == 2


def test_a_list_that_is_none_is_an_error_that_names_the_call(confluent: Project, simulator: Simulator) -> None:
    simulator.faults.add("body", path="/notifications/v1/integrations*", times=100, status=200, text='{"data": [7]}')
    done = confluent.run("plan")
    assert done.code == 1
    assert "the answer is JSON, but not a list" in done.everything
