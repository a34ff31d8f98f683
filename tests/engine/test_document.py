"""The plan as a document: its schema, and the way there and back."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.manifest import schema_folder
from reconciler.model.errors import ConfigurationError, RefusedError
from reconciler.model.evidence import Unknown, UsedBy, User
from reconciler.model.gaps import UnknownReason
from reconciler.model.masking import Json
from reconciler.model.resource import ChangeKey, Server, VersionSource
from reconciler.model.values import SecretText
from reconciler.plan.changes import (
    Action,
    Candidate,
    Change,
    Message,
    Origin,
    Pending,
    Plan,
    ProbableRename,
    Reason,
    RefusedResource,
    SecretField,
    TargetPlan,
    UnreadTarget,
)
from reconciler.plan.diff import FieldChange
from reconciler.plan.saved import (
    check_signature,
    parse_document,
    parse_plan,
    plan_document,
    plan_key,
    plan_schema,
    signed,
)
from tests.engine.projects import Project
from tools.schemas import main

KEY = SecretText("a key that only the pipeline knows")

text = st.sampled_from(["", "a", "oncall", "two\nlines", "\u202eright to left", "\\", '"quoted"', "🚨", "\x00", "0"])
"""A few texts that are odd each in its own way: drawing every character of every field takes minutes."""
shown: st.SearchStrategy[Json] = st.one_of(
    text,
    st.integers(-5, 70000),
    st.booleans(),
    st.none(),
    st.lists(text, max_size=3),
    st.fixed_dictionaries({"secret": text}, optional={"reference": text, "pin": text}),
)
path = st.lists(text, min_size=1, max_size=2).map(tuple)
fields = st.builds(FieldChange, path, shown, shown, st.booleans(), st.booleans())
keys = st.builds(ChangeKey, text, text, text, st.none() | text)
gaps = st.none() | st.builds(Unknown, st.sampled_from(UnknownReason), text)
users = st.builds(User, text, text, text, st.none() | st.booleans(), st.booleans(), st.booleans(), text)
changes = st.builds(
    Change,
    st.sampled_from(Action),
    text,
    text,
    text,
    st.none() | text,
    st.lists(st.sampled_from(Reason), max_size=2).map(tuple),
    st.lists(fields, max_size=3).map(tuple),
    st.none() | st.sampled_from(Origin),
    st.lists(keys, max_size=2).map(tuple),
    st.lists(text, max_size=2).map(tuple),
    text,
    text,
    st.lists(st.tuples(path, text), max_size=2).map(tuple),
    st.none() | st.builds(UsedBy, st.lists(users, max_size=2).map(tuple), gaps, st.just(("reports",))),
)
targets = st.builds(
    TargetPlan,
    text,
    text,
    st.none()
    | st.builds(Server, text, text, text, st.sampled_from(VersionSource), text, text, st.lists(text).map(tuple)),
    st.lists(changes, max_size=3).map(tuple),
    st.lists(st.builds(Message, keys, text, st.lists(text, max_size=2).map(tuple)), max_size=2).map(tuple),
    candidates=st.lists(st.builds(Candidate, text, text, text, text), max_size=2).map(tuple),
    possible_messages=st.lists(st.builds(Message, keys, text), max_size=2).map(tuple),
    copies=st.lists(st.builds(Candidate, text, text, text, text), max_size=2).map(tuple),
    renames=st.lists(st.builds(ProbableRename, st.tuples(keys), st.tuples(keys, keys)), max_size=2).map(tuple),
    refusals=st.lists(st.builds(RefusedResource, text, text, text), max_size=2).map(tuple),
    unresolved=st.lists(st.builds(SecretField, text, path, text, st.none() | text, text), max_size=2).map(tuple),
    pending=st.lists(st.builds(Pending, st.sampled_from(Action), text, text, text), max_size=2).map(tuple),
    ignored=st.lists(st.tuples(text, text), max_size=2).map(tuple),
)
plans = st.builds(
    Plan,
    text,
    text,
    st.lists(targets, max_size=2).map(tuple),
    st.lists(st.builds(UnreadTarget, text, text, text), max_size=2).map(tuple),
    scope=st.dictionaries(text, st.booleans() | st.lists(text), max_size=2),
    created_at=text,
    commit=text,
    tool_version=text,
)


@settings(max_examples=60)
@given(plans)
def test_a_plan_comes_back_from_its_document_as_it_was(plan: Plan) -> None:
    document = parse_document(json.dumps(plan_document(plan)), "plan.json")
    assert parse_plan(document, "plan.json") == plan


@settings(max_examples=30)
@given(plans)
def test_every_plan_is_as_the_published_schema_says(plan: Plan) -> None:
    schema = json.loads((schema_folder() / "plan.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(signed(plan_document(plan), KEY))


@settings(max_examples=30)
@given(plans, st.data())
def test_a_plan_cut_short_anywhere_is_one_clear_error(plan: Plan, data: st.DataObject) -> None:
    whole = json.dumps(plan_document(plan))
    end = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ConfigurationError, match=r"^plan\.json: is "):
        parse_document(whole[:end], "plan.json")


def test_a_signature_holds_for_the_same_values_and_no_others() -> None:
    document = signed(plan_document(Plan("p", "o")), KEY)
    assert check_signature(json.loads(json.dumps(document, indent=7)), KEY, "plan.json")
    assert not check_signature(document, None, "plan.json")
    for name in document:
        with pytest.raises(RefusedError):
            check_signature(document | {name: "else"}, KEY, "plan.json")
    with pytest.raises(RefusedError, match="not signed"):
        check_signature(plan_document(Plan("p", "o")), KEY, "plan.json")


def test_the_key_is_never_shown_and_a_weak_one_is_refused() -> None:
    assert KEY.reveal() not in repr(plan_key({"RECONCILER_PLAN_KEY": KEY.reveal()}))
    with pytest.raises(ConfigurationError, match="shorter than 16"):
        plan_key({"RECONCILER_PLAN_KEY": "guessable"})


def test_the_schema_file_is_as_the_types_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert main(["--check"], tmp_path) == 1
    assert "make schemas WRITE=1" in capsys.readouterr().err
    assert main(["--write"], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert main([]) == 64
    assert plan_schema()["properties"]["format"]["const"] == "reconciler.plan/v1"


def test_a_real_plan_is_as_the_schema_says(project: Project) -> None:
    project.slack("oncall")
    schema = json.loads((schema_folder() / "plan.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(project.save().read_text()))
