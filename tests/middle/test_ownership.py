"""Marks, and which live object belongs to which manifest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.resource import Settings
from reconciler.plan.marks import Mark, Ownership, describe, longest_mark, read_mark
from reconciler.plan.match import match_live
from tests.middle.builders import OWNERSHIP, live, live_of, slack

NAMES = st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
FLAGS = st.frozensets(st.sampled_from(["canary", "protected", "replaced", "unverified"]))


@given(st.text(), NAMES, NAMES, FLAGS)
def test_a_mark_reads_back_as_it_was_written(text: str, owner: str, name: str, flags: frozenset[str]) -> None:
    mark = Mark(owner, name, flags)
    before, _ = read_mark(text)
    if before != text:
        return  # a text of one's own may not end like a mark; `validate` refuses it
    assert read_mark(describe(text, mark)) == (text, mark)


def test_a_mark_ends_the_description_after_one_space() -> None:
    assert describe("Pages on-call", Mark("acme", "oncall", frozenset({"unverified", "protected"}))) == (
        "Pages on-call [acme/oncall protected unverified]"
    )


@pytest.mark.parametrize(
    "text", ["[acme/oncall] x", "[acme/on call]", "[ACME/x]", "[acme/x nonsense]", "x[acme/y]", "[/x]"]
)
def test_what_only_looks_like_a_mark_is_none(text: str) -> None:
    assert read_mark(text) == (text, None)


def test_the_longest_mark_is_as_long_as_any_that_is_written() -> None:
    assert len(str(longest_mark("acme", "x", protected=True))) == len("[acme/x protected unverified]")
    assert len(str(longest_mark("acme", "x", protected=False))) == len("[acme/x unverified]")


def test_spec_id_comes_before_mark_and_key() -> None:
    pinned = slack(settings=Settings(id="hand-made"))
    matching = match_live([pinned], [live("SlackChannel", "hand-made"), live("SlackChannel", "acme_oncall")], OWNERSHIP)
    assert [match.found.id for match in matching.matches if match.found] == ["hand-made"]


def test_a_mark_is_found_under_any_id() -> None:
    matching = match_live([slack()], [live("SlackChannel", "other", "text [acme/oncall]")], OWNERSHIP)
    found = matching.matches[0].found
    assert found is not None
    assert (found.id, found.live.fields["description"]) == ("other", "text")


def test_an_unmarked_object_at_our_key_and_of_our_kind_is_ours() -> None:
    matching = match_live([slack()], [live("SlackChannel", "acme_oncall")], OWNERSHIP)
    assert matching.matches[0].found is not None
    assert not matching.refusals


def test_an_unmarked_object_of_another_kind_at_our_key_is_refused() -> None:
    matching = match_live([slack()], [live("ChimeChannel", "acme_oncall")], OWNERSHIP)
    assert [refusal.foreign for refusal in matching.refusals] == [True]


@pytest.mark.parametrize("settings", [Settings(), Settings(id="acme_oncall")])
def test_another_owners_object_is_refused_even_with_spec_id(settings: Settings) -> None:
    matching = match_live(
        [slack(settings=settings)], [live("SlackChannel", "acme_oncall", "[other/oncall]")], OWNERSHIP
    )
    assert [refusal.foreign for refusal in matching.refusals] == [True]
    assert "other" in matching.refusals[0].message


def test_a_former_owners_object_is_taken_over() -> None:
    ours = replace(OWNERSHIP, former_owners=frozenset({"acme-old"}))
    matching = match_live([slack()], [live("SlackChannel", "x", "[acme-old/oncall]")], ours)
    assert matching.matches[0].found is not None


def test_the_same_mark_twice_is_an_error_that_names_both() -> None:
    objects = [live("SlackChannel", "a", "[acme/oncall]"), live("SlackChannel", "b", "[acme/oncall]")]
    matching = match_live([slack()], objects, OWNERSHIP)
    assert not matching.matches
    assert "a and b" in matching.refusals[0].message


def test_renamed_from_keeps_the_id() -> None:
    renamed = slack("critical", settings=Settings(renamed_from="oncall"))
    matching = match_live([renamed], [live("SlackChannel", "acme_oncall", "[acme/oncall]")], OWNERSHIP)
    assert matching.matches[0].found is not None
    assert matching.candidates == ()


def test_an_id_that_does_not_exist_is_created_where_we_choose_ids_and_refused_elsewhere() -> None:
    pinned = slack(settings=Settings(id="rebuilt"))
    assert match_live([pinned], [], OWNERSHIP).matches[0].create_id == "rebuilt"
    assert match_live([pinned], [], Ownership("acme")).refusals


def test_without_keys_an_unmarked_twin_stops_the_create_until_it_is_adopted() -> None:
    twin = live("SlackChannel", "i-1", display_name="oncall")
    assert "adopt" in match_live([slack()], [twin], Ownership("acme")).refusals[0].message
    adopted = match_live([slack()], [twin], Ownership("acme", adopt=True)).matches[0]
    assert adopted.found is not None


def test_adoption_of_one_of_several_equals_is_refused() -> None:
    twins = [live("SlackChannel", name, display_name="oncall") for name in ("i-1", "i-2")]
    matching = match_live([slack()], twins, replace(OWNERSHIP, adopt=True))
    assert "i-1 and i-2" in matching.refusals[0].message


def test_candidates_are_ours_leftovers_are_apart_and_the_rest_is_foreign() -> None:
    objects = [
        live_of(slack()),
        live("SlackChannel", "acme_gone", "[acme/gone]"),
        live("SlackChannel", "acme_oncall_canary_1", "[acme/oncall canary]"),
        live("SlackChannel", "theirs", "[other/x]"),
        live("SlackChannel", "by-hand"),
        live(None, "unknown"),
    ]
    matching = match_live([slack()], objects, OWNERSHIP)
    assert [item.id for item in matching.candidates] == ["acme_gone"]
    assert [item.id for item in matching.leftovers] == ["acme_oncall_canary_1"]
    assert [item.id for item in matching.foreign] == ["by-hand", "theirs", "unknown"]


def test_a_channel_whose_name_starts_with_canary_is_a_channel() -> None:
    named = slack("canary-1")
    matching = match_live([named], [live_of(named)], OWNERSHIP)
    assert matching.matches[0].found is not None
    assert matching.leftovers == ()


def test_two_manifests_for_one_live_object_are_refused() -> None:
    both = [slack("a", settings=Settings(id="same")), slack("b", settings=Settings(id="same"))]
    matching = match_live(both, [live("SlackChannel", "same")], OWNERSHIP)
    assert [refusal.resource.name for refusal in matching.refusals] == ["a", "b"]
