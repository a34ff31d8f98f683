"""The words by which manifests name objects of kinds without a mark."""

from __future__ import annotations

import pytest

from reconciler.model.provider import KeyWord
from reconciler.model.resource import LiveObject, Resource, Settings
from reconciler.model.values import Value
from reconciler.plan.marks import Ownership
from reconciler.plan.match import match_live, translate
from tests.plan.builders import OWNERSHIP, live, resource, slack

WORDS = {
    "Subscription": {
        "Connector failed": KeyWord("Connector failed"),
        "nt-1": KeyWord("Connector failed"),
        "Quota reached": KeyWord("Quota reached", fixed={"state": "ENABLED"}),
        "Outage": KeyWord("Outage", problem="two have this name"),
    }
}


def named(word: str, name: str = "sub", **fields: str) -> Resource:
    own: dict[str, Value] = {"notification_type": word, "channels": frozenset({"oncall"})}
    return resource("Subscription", name, Settings(), **own, **fields)


@pytest.mark.parametrize("word", ["Connector failed", "nt-1"])
def test_every_word_of_an_object_means_the_one_that_is_live(word: str) -> None:
    kept, refused = translate([named(word)], WORDS)
    assert [one.fields["notification_type"] for one in kept] == ["Connector failed"]
    assert refused == []


def test_kinds_that_the_target_says_nothing_of_are_left_as_they_are() -> None:
    resources = [slack(), named("anything")]
    assert translate(resources, {}) == (resources, [])
    assert translate([slack()], WORDS) == ([slack()], [])


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (named("Connector faild"), "did you mean Connector failed?"),
        (named("x"), "it has Connector failed, Outage, Quota reached"),
        (named("Outage"), "two have this name"),
        (named("Quota reached", state="DISABLED"), "state can only be ENABLED"),
    ],
)
def test_a_word_that_cannot_be_had_is_reported_with_its_reason(written: Resource, message: str) -> None:
    kept, ((refused, why),) = translate([written], WORDS)
    assert kept == []
    assert refused == written
    assert message in why


def test_a_value_that_cannot_be_other_may_be_written() -> None:
    assert translate([named("Quota reached", state="ENABLED")], WORDS)[1] == []


def test_two_resources_with_one_key_are_both_refused() -> None:
    kept, refused = translate([named("nt-1", "one"), named("Connector failed", "two"), named("Quota reached")], WORDS)
    assert [one.name for one in kept] == ["sub"]
    assert sorted((one.name, why) for one, why in refused) == [
        ("one", "one and two have the same notification_type: keep one"),
        ("two", "one and two have the same notification_type: keep one"),
    ]


def test_matching_goes_by_what_a_word_means_and_refuses_what_means_nothing() -> None:
    there = live("Subscription", "subscriptions/1", notification_type="Connector failed")
    matching = match_live([named("nt-1"), named("nothing", "odd")], [there], OWNERSHIP, WORDS)
    assert [match.found.id for match in matching.matches if match.found] == ["subscriptions/1"]
    assert [refusal.resource.name for refusal in matching.refusals] == ["odd"]


def test_a_half_done_replace_lends_its_name_to_nobody() -> None:
    old = live("SlackChannel", "i-1", "[acme/oncall replaced]")
    assert match_live([slack()], [old], Ownership("acme")).names == {}


def test_what_is_read_only_is_no_candidate_though_it_has_our_mark() -> None:
    pager = LiveObject("i-1", None, {"description": "[acme/pager]"}, read_only=True)
    assert match_live([], [pager], OWNERSHIP).candidates == ()
