"""Two manifests that pin one live object are found before any request, on the targets where they do, and with a fix."""

from __future__ import annotations

import pytest

from tests.cases.projects import Project, slack

ELSEWHERE = {"overrides": {"search": {"id": "abc"}}, "targets": ["search"]}


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ({"id": "abc"}, {"id": "abc"}, True),
        ({"id": "abc", "targets": ["search"]}, ELSEWHERE, True),
        ({"id": "abc"}, {"id": "abd"}, False),
        ({"id": "abc", "targets": ["kafka"]}, ELSEWHERE, False),
    ],
)
def test_one_live_object_is_pinned_by_one_manifest_of_a_target(
    both: Project, first: dict[str, object], second: dict[str, object], found: bool
) -> None:
    both.keep(slack("one", **first), slack("two", **second))
    done = both.run("validate")
    assert (done.code == 1) == found, done.everything
    assert ("pins the same live object of target search as two (" in done.out) == found
    assert ("pins the same live object of target search as one (" in done.out) == found


@pytest.mark.parametrize("end", ["[acme/one]", "see [acme/one protected]"])
def test_a_description_that_ends_like_a_mark_is_fine_with_the_full_stop_that_the_message_names(
    both: Project, end: str
) -> None:
    both.keep(slack("one", description=end))
    done = both.run("validate")
    assert "put a full stop after it" in done.everything
    both.keep(slack("one", description=f"{end}."))
    assert both.run("validate").code == 0
