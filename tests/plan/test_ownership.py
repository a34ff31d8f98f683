"""Marks, and which live object belongs to which manifest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.masked import read_address
from reconciler.model.resource import LiveObject, Settings
from reconciler.model.values import SecretText, Value
from reconciler.plan.marks import FLAGS, How, Mark, Matching, Ownership, describe, longest_mark, read_mark
from reconciler.plan.match import match_live
from tests.plan.builders import OWNERSHIP, SLACK_URL, live, live_of, resource, slack

NAMES = st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
FLAGS_OF_MARKS = st.frozensets(st.sampled_from([*sorted(FLAGS), "tomorrow"]))


@given(st.text(), NAMES, NAMES, FLAGS_OF_MARKS)
def test_a_mark_reads_back_as_it_was_written(text: str, owner: str, name: str, flags: frozenset[str]) -> None:
    mark = Mark(owner, name, flags)
    before, _ = read_mark(text)
    if before != text:
        return  # a text of your own may not end like a mark; `validate` refuses it
    assert read_mark(describe(text, mark)) == (text, mark)


def test_a_mark_ends_the_description_after_one_space() -> None:
    assert describe("Pages on-call", Mark("acme", "oncall", frozenset({"unverified", "protected"}))) == (
        "Pages on-call [acme/oncall protected unverified]"
    )


@pytest.mark.parametrize(
    "text", ["[acme/oncall] x", "[acme/on Call]", "[acme/on  call]", "[ACME/x]", "[acme/x v2]", "x[acme/y]", "[/x]"]
)
def test_what_only_looks_like_a_mark_is_none(text: str) -> None:
    assert read_mark(text) == (text, None)


def test_the_longest_mark_is_as_long_as_any_that_is_written() -> None:
    longest = longest_mark("acme", "x", protected=True, disabled=True)
    assert str(longest) == "[acme/x disabled protected unverified]"
    assert len(str(longest_mark("acme", "x", protected=True))) == len("[acme/x protected unverified]")
    assert len(str(longest_mark("acme", "x", protected=False))) == len("[acme/x unverified]") > len("[acme/x replaced]")


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
    assert [refusal.resource.name for refusal in matching.refusals] == ["oncall"]


@pytest.mark.parametrize("settings", [Settings(), Settings(id="acme_oncall")])
def test_another_owners_object_is_refused_even_with_spec_id(settings: Settings) -> None:
    matching = match_live(
        [slack(settings=settings)], [live("SlackChannel", "acme_oncall", "[other/oncall]")], OWNERSHIP
    )
    assert [refusal.resource.name for refusal in matching.refusals] == ["oncall"]
    assert "other" in matching.refusals[0].message


def test_a_former_owners_object_is_taken_over() -> None:
    ours = replace(OWNERSHIP, former_owners=frozenset({"acme-old"}))
    matching = match_live([slack()], [live("SlackChannel", "x", "[acme-old/oncall]")], ours)
    assert matching.matches[0].found is not None


def test_the_same_mark_twice_away_from_our_key_is_an_error_that_names_both() -> None:
    objects = [live("SlackChannel", "a", "[acme/oncall]"), live("SlackChannel", "b", "[acme/oncall]")]
    matching = match_live([slack()], objects, OWNERSHIP)
    assert not matching.matches
    assert "a and b" in matching.refusals[0].message


def test_renamed_from_keeps_the_id() -> None:
    renamed = slack("critical", settings=Settings(renamed_from=("oncall",)))
    matching = match_live([renamed], [live("SlackChannel", "acme_oncall", "[acme/oncall]")], OWNERSHIP)
    assert matching.matches[0].found is not None
    assert matching.candidates == ()


def test_an_id_that_does_not_exist_is_created_where_we_choose_ids_and_refused_elsewhere() -> None:
    pinned = slack(settings=Settings(id="rebuilt"))
    assert match_live([pinned], [], OWNERSHIP).matches[0].create_id == "rebuilt"
    assert match_live([pinned], [], Ownership("acme")).refusals


@pytest.mark.parametrize("ownership", [Ownership("acme"), OWNERSHIP])
def test_an_unmanaged_object_that_looks_like_a_new_one_is_named_until_it_is_adopted(ownership: Ownership) -> None:
    like = live("SlackChannel", "i-1", display_name="oncall")
    assert match_live([slack()], [like], ownership).matches[0].alike == "i-1"
    adopted = match_live([slack()], [like], replace(ownership, adopt=True)).matches[0]
    assert adopted.found is not None
    assert adopted.alike == ""


@pytest.mark.parametrize(
    "other",
    [
        live("ChimeChannel", "i-1", display_name="oncall"),
        live("SlackChannel", "i-1", display_name="On-call"),
        live("SlackChannel", "i-1", "[other/x]", display_name="oncall"),
    ],
)
def test_of_another_kind_or_display_name_or_owner_an_object_does_not_stand_in_the_way(other: LiveObject) -> None:
    match = match_live([slack()], [other], OWNERSHIP).matches[0]
    assert match.alike == ""
    assert [other.id in note for note in match.notes] == ([True] if "other" in str(other.fields["description"]) else [])


def test_adoption_of_one_of_several_equals_is_refused() -> None:
    copies = [live("SlackChannel", name, display_name="oncall") for name in ("i-1", "i-2")]
    matching = match_live([slack()], copies, replace(OWNERSHIP, adopt=True))
    assert "i-1 and i-2" in matching.refusals[0].message


def test_candidates_are_ours_leftovers_are_apart_and_the_rest_is_unmanaged() -> None:
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
    assert [item.id for item in matching.unmanaged] == ["by-hand", "unknown"]
    assert [item.id for item in matching.others] == ["theirs"]


def test_a_channel_whose_name_starts_with_canary_is_a_channel() -> None:
    named = slack("canary-1")
    matching = match_live([named], [live_of(named)], OWNERSHIP)
    assert matching.matches[0].found is not None
    assert matching.leftovers == ()


def test_two_manifests_for_one_live_object_are_refused() -> None:
    both = [slack("a", settings=Settings(id="same")), slack("b", settings=Settings(id="same"))]
    matching = match_live(both, [live("SlackChannel", "same")], OWNERSHIP)
    assert [refusal.resource.name for refusal in matching.refusals] == ["a", "b"]


def names(matching: Matching) -> dict[str, str | None]:
    return {match.resource.name: match.found.id if match.found else None for match in matching.matches}


def test_of_two_objects_with_one_mark_the_one_under_our_key_is_ours_and_the_other_a_copy() -> None:
    objects = [live("SlackChannel", "acme_oncall", "[acme/oncall]"), live("SlackChannel", "a", "[acme/oncall]")]
    matching = match_live([slack()], objects, OWNERSHIP)
    assert names(matching) == {"oncall": "acme_oncall"}
    assert [item.id for item in matching.copies] == ["a"]
    assert matching.candidates == ()
    pinned = match_live([slack(settings=Settings(id="a"))], objects, OWNERSHIP)
    assert names(pinned) == {"oncall": "a"}
    assert [item.id for item in pinned.copies] == ["acme_oncall"]


def test_a_copy_lends_its_name_to_nobody_and_neither_do_two_that_no_manifest_names() -> None:
    objects = [
        live("SlackChannel", "acme_oncall", "[acme/oncall]"),
        live("SlackChannel", "copy", "[acme/oncall]"),
        live("SlackChannel", "gone-1", "[acme/gone]"),
        live("SlackChannel", "gone-2", "[acme/gone]"),
        live("SlackChannel", "past", "[acme/past]"),
    ]
    matching = match_live([slack()], objects, OWNERSHIP)
    assert matching.names == {"acme_oncall": "oncall", "past": "past"}
    assert [item.id for item in matching.candidates] == ["gone-1", "gone-2", "past"]


def test_a_pinned_object_under_a_name_that_no_manifest_has_was_renamed() -> None:
    item = live("SlackChannel", "h1", "[acme/on-call]")
    pinned = slack("oncall", settings=Settings(id="h1"))
    matching = match_live([pinned], [item], OWNERSHIP)
    assert [match.how for match in matching.matches] == [How.RENAMED]
    assert matching.candidates == ()
    both = match_live([pinned, slack("on-call")], [item], OWNERSHIP)
    assert names(both) == {"on-call": "h1"}
    assert "belongs to the manifest on-call" in both.refusals[0].message


def test_a_former_name_is_used_again_under_the_next_free_id() -> None:
    objects = [live("SlackChannel", "acme_oncall", "[acme/critical]")]
    matching = match_live([slack("critical"), slack("oncall")], objects, OWNERSHIP)
    assert {match.resource.name: match.id for match in matching.matches} == {
        "critical": "acme_oncall",
        "oncall": "acme_oncall_2",
    }
    (new,) = [match for match in matching.matches if match.found is None]
    assert "acme_oncall is the id of critical now" in new.notes[0]
    objects.append(live("SlackChannel", "acme_oncall_2", "[acme/oncall]"))
    assert names(match_live([slack("critical"), slack("oncall")], objects, OWNERSHIP))["oncall"] == "acme_oncall_2"


def test_what_any_manifest_names_in_any_way_is_no_candidate() -> None:
    objects = [
        live("SlackChannel", "h1", "[acme/pinned-elsewhere]"),
        live("SlackChannel", "acme_old", "[acme/old]"),
        live("SlackChannel", "acme_new", "[acme/new]"),
        live("SlackChannel", "acme_gone", "[acme/gone]"),
    ]
    wanted = [
        slack("new", settings=Settings(renamed_from=("older", "old"))),
        replace(slack("broken", settings=Settings(id="h1")), kind="EmailGroup"),
    ]
    matching = match_live(wanted, objects, OWNERSHIP)
    assert [item.id for item in matching.candidates] == ["acme_gone"]
    assert [item.id for item in matching.copies] == ["acme_old"]


def test_a_kind_whose_objects_carry_no_mark_names_none_by_its_own_name() -> None:
    subscription = resource("Subscription", "connectors", notification_type="Connector failed")
    channel = live("SlackChannel", "i-1", "[acme/connectors]")
    matching = match_live([subscription], [channel], Ownership("acme"))
    assert [item.id for item in matching.candidates] == ["i-1"]
    assert matching.names == {}, "the channel may not be taken for the subscription of its name"


def test_two_manifests_that_would_be_created_under_one_id_are_refused() -> None:
    matching = match_live([slack("a", settings=Settings(id="acme_b")), slack("b"), slack("c")], [], OWNERSHIP)
    assert [refusal.resource.name for refusal in matching.refusals] == ["a", "b"]
    assert "under one id, acme_b" in matching.refusals[0].message
    assert names(matching) == {"c": None}


def test_replaced_means_something_only_where_we_write_it() -> None:
    old = live("SlackChannel", "i-1", "[acme/oncall replaced]")
    assert [item.id for item in match_live([slack()], [old], Ownership("acme")).leftovers] == ["i-1"]
    assert [item.id for item in match_live([], [old], Ownership("acme")).candidates] == ["i-1"]
    chosen = match_live([slack()], [old], OWNERSHIP)
    assert names(chosen) == {"oncall": "i-1"}
    assert chosen.leftovers == ()


def test_a_flag_of_another_version_holds_its_resource() -> None:
    match = match_live([slack()], [live("SlackChannel", "acme_oncall", "[acme/oncall muted]")], OWNERSHIP).matches[0]
    assert "the flag muted" in match.held


def test_where_nothing_is_ours_it_is_asked_whether_the_project_was_renamed() -> None:
    theirs = [live("SlackChannel", f"old_{name}", f"[acme-old/{name}]") for name in ("oncall", "builds")]
    wanted = [slack("oncall"), slack("builds"), slack("new")]
    (hint,) = match_live(wanted, theirs, OWNERSHIP).hints
    assert "was this project called acme-old?" in hint
    assert "spec.former_owners" in hint
    assert match_live(wanted, [*theirs, live_of(slack("new"))], OWNERSHIP).hints == ()
    several = [*theirs, live("SlackChannel", "x", "[someone/new]")]
    assert match_live(wanted, several, OWNERSHIP).hints == (), "nobody knows which of the two it was"


CREATED = (("i-2", "2026-01-01T00:00:00Z"), ("i-1", "2026-01-02T00:00:00Z"))


def copies(**fields: Value) -> list[LiveObject]:
    """Two with one mark, the one with the greater id being the older."""
    base = [live("SlackChannel", name, "[acme/oncall]", webhook_url=SLACK_URL) for name, _ in CREATED]
    older, younger = (replace(item, created=created) for item, (_, created) in zip(base, CREATED, strict=True))
    return [older, replace(younger, fields={**younger.fields, **fields})]


def test_where_the_provider_chooses_ids_the_older_is_ours_and_the_same_younger_a_duplicate() -> None:
    matching = match_live([slack()], copies(), Ownership("acme"))
    assert names(matching) == {"oncall": "i-2"}
    assert [(item.id, kept) for item, kept in matching.duplicates] == [("i-1", "i-2")]
    assert matching.matches[0].held == ""
    assert matching.names == {"i-1": "oncall", "i-2": "oncall"}


def test_masks_that_look_alike_are_not_known_to_hide_the_same() -> None:
    masked = read_address("https://hooks.slack.com/*****")
    both = [replace(item, fields={**item.fields, "webhook_url": masked}) for item in copies()]
    matching = match_live([slack()], both, Ownership("acme"))
    assert matching.duplicates == ()
    assert [item.id for item in matching.copies] == ["i-1"]
    assert matching.matches[0].held


@pytest.mark.parametrize("url", [None, SecretText("https://hooks.slack.com/services/T0/B0/another")])
def test_copies_that_are_not_known_to_be_the_same_are_listed_and_hold_their_resource(url: SecretText | None) -> None:
    matching = match_live([slack()], copies(webhook_url=url), Ownership("acme"))
    assert matching.duplicates == ()
    assert [item.id for item in matching.copies] == ["i-1"]
    assert "i-1 and i-2 carry the same mark" in matching.matches[0].held
    pinned = match_live([slack(settings=Settings(id="i-1"))], copies(webhook_url=url), Ownership("acme"))
    assert (names(pinned), pinned.matches[0].held) == ({"oncall": "i-1"}, "")
