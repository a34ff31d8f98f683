"""Values of the domain as documents have them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from reconciler.model.errors import Exit
from reconciler.model.resource import When
from reconciler.model.values import MaskedText, SecretText, to_json


@dataclass(frozen=True)
class Inner:
    when: When
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outer:
    parts: tuple[Inner, ...]
    by_kind: dict[When, int]
    code: Exit = Exit.DONE
    seconds: float = 0.5
    none: None = None


def test_fields_go_by_name_enums_by_value_and_sets_sorted() -> None:
    value = Outer((Inner(When.NEVER, frozenset("cab")),), {When.ALWAYS: 1})
    document = to_json(value)
    assert document == {
        "parts": [{"when": "never", "names": ["a", "b", "c"]}],
        "by_kind": {"always": 1},
        "code": 0,
        "seconds": 0.5,
        "none": None,
    }
    assert (type(document["parts"][0]["when"]), type(document["code"])) == (str, int)


@pytest.mark.parametrize(
    "secret", [SecretText("planted"), MaskedText(SecretText("planted"), ("a", "b")), (SecretText("planted"),)]
)
def test_a_secret_has_no_form_in_a_document(secret: object) -> None:
    with pytest.raises(TypeError) as caught:
        to_json(secret)
    assert "planted" not in str(caught.value)
