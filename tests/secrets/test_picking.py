"""A key of a document with several values: names joined by dots, where a name may have dots itself."""

from __future__ import annotations

import pytest

from reconciler.model.errors import SecretError
from reconciler.secrets.sources import pick_value

DOCUMENT = {
    "a": {"b": "nested", "c.d": "dotted below", "e": {"f.g": {"h": "deep"}}},
    "a.x": {"y": "dotted above"},
    "plain.dotted": "top",
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("a.b", "nested"),
        ("a.c.d", "dotted below"),
        ("a.e.f.g.h", "deep"),
        ("a.x.y", "dotted above"),
        ("plain.dotted", "top"),
    ],
)
def test_dots_lead_into_maps_and_stand_in_names(key: str, value: str) -> None:
    assert pick_value(DOCUMENT, key, "secrets.yaml") == value


@pytest.mark.parametrize("key", ["a.z", "a.b.c", "x", "a..b", ""])
def test_what_is_not_there_is_said(key: str) -> None:
    with pytest.raises(SecretError, match="has no key"):
        pick_value(DOCUMENT, key, "secrets.yaml")


def test_what_could_be_two_values_is_not_guessed() -> None:
    with pytest.raises(SecretError, match="several values"):
        pick_value({"a": {"b": "one"}, "a.b": "two"}, "a.b", "secrets.yaml")
