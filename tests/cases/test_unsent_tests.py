"""A test that the target refused to send is no failed test: nobody judged the channel, and every report says so."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reconciler.simulator import Simulator
from tests.cases.projects import Project
from tests.cases.test_doctor_rights import allow, with_login

ALL_BUT_TEST = ("list", "create", "update", "delete")
OTHER_URL = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/another"


def forbid_on_opensearch(made: Project, simulator: Simulator) -> None:
    """Take away the right to send tests, and nothing else."""
    with_login(made)
    allow(simulator, *ALL_BUT_TEST)


def refuse(status: int) -> Callable[[Project, Simulator], None]:
    """Have the route of tests answer this status."""

    def refuse_tests(made: Project, simulator: Simulator) -> None:
        simulator.faults.add("answer", path="*test*", status=status, times=100)

    return refuse_tests


CASES = [
    ("opensearch", forbid_on_opensearch, "this user lacks the permission", "deleted", "rolled back"),
    ("opensearch", refuse(405), "405", "deleted", "rolled back"),
    ("confluent", refuse(403), "OrganizationAdmin", "not created", "rejected"),
    ("confluent", refuse(405), "405", "not created", "rejected"),
]


@pytest.mark.parametrize(("provider", "forbid", "words", "so", "status"), CASES)
def test_a_new_channel_whose_test_could_not_be_sent(
    request: pytest.FixtureRequest,
    simulator: Simulator,
    provider: str,
    forbid: Callable[[Project, Simulator], None],
    words: str,
    so: str,
    status: str,
) -> None:
    made: Project = request.getfixturevalue(provider)
    forbid(made, simulator)
    done = made.run("apply", "--yes")
    assert done.code == 5, done.everything
    assert f"it could not be tested, so it was {so}: the test could not be sent: " in done.out
    assert words in done.out
    assert done.out.splitlines()[-1].endswith(f"; 1 {status} because it could not be tested.")
    assert "test failed" not in done.everything


@pytest.mark.parametrize(("provider", "forbid"), [case[:2] for case in CASES[::2]])
def test_a_live_channel_whose_test_could_not_be_sent(
    request: pytest.FixtureRequest,
    simulator: Simulator,
    provider: str,
    forbid: Callable[[Project, Simulator], None],
) -> None:
    made: Project = request.getfixturevalue(provider)
    assert made.run("apply", "--yes").code == 0
    forbid(made, simulator)
    done = made.run("test", "--all", "--junit", "tests.xml")
    assert done.code == 1, done.everything
    assert "Tested 0 channels: 0 passed, 0 failed, 0 unknown; 1 not sent: the test could not be sent." in done.out
    junit = (made.folder / "tests.xml").read_text()
    assert 'errors="1"' in junit
    assert "<failure" not in junit
    assert '"reason": "not-sent"' in json.dumps(json.loads(made.run("test", "--all", "--json").out))
    made.environ["SLACK_URL"] = OTHER_URL
    done = made.run("apply", "--yes")
    assert done.code == 5, done.everything
    assert "it could not be tested, so the live object was left as it is: the test could not be sent: " in done.out
    assert done.out.splitlines()[-1].endswith("; 1 rejected because it could not be tested.")
    assert "test failed" not in done.everything


def test_the_doctor_does_not_take_an_answer_that_says_nothing_for_the_right_to_test(
    opensearch: Project, simulator: Simulator
) -> None:
    simulator.faults.add("body", path="*test*", times=100, status=200, text="<html>")
    done = opensearch.run("doctor", "--for", "test")
    assert "right to test: granted" not in " ".join(done.out.split())
    assert "not known: " in done.out
