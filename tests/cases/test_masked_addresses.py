"""Only what is really masked is unknown: what is equal is equal, and where the parts in clear differ, it differs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.masked import read_address
from reconciler.model.values import MaskedText, SecretText
from reconciler.simulator import Simulator
from tests.cases.projects import INTEGRATIONS, Project
from tests.plan.builders import MASKER, live_of, plan_of, slack

PLACEHOLDER = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
REAL = "https://hooks.slack.com/services/T0AAAA/B0BBBB/realtoken1234"


@pytest.mark.parametrize(
    ("shown", "value", "may_be"),
    [
        (PLACEHOLDER, REAL, False),
        ("https://hooks.slack.com/services/T0AAAA/B0BBBB/XXXXXXXX", REAL, True),
        ("https://hooks.slack.com/services/T0AAAA/****", REAL, True),
        ("https://hooks.slack.com/services/T0AAAA/B0BBBB/real••••", REAL, True),
        ("https://hooks.slack.com/services/T0AAAA/B0BBBB/fake••••", REAL, False),
        ("https://hooks.slack.com/services/****/B0CCCC/****", REAL, False),
        ("https://other.example/****", REAL, False),
        ("https://e.org/hook?sig=REDACTED&v=1", "https://e.org/hook?sig=abc&v=1", True),
        ("https://e.org/hook?sig=REDACTED&v=1", "https://e.org/hook?sig=abc&v=2", False),
        ("<redacted>", REAL, True),
        ("https://e.org/aa****aa", "https://e.org/aa", False),
    ],
)
def test_a_value_may_be_behind_a_mask_if_all_that_is_in_clear_agrees(shown: str, value: str, may_be: bool) -> None:
    found = read_address(shown)
    assert isinstance(found, MaskedText)
    assert found.may_be(SecretText(value)) is may_be


@given(st.text("abc/=&?.x", min_size=1, max_size=30), st.integers(0, 29), st.integers(1, 30))
def test_whatever_part_is_masked_the_value_may_be_behind_it(path: str, begin: int, length: int) -> None:
    value = f"https://e.org/{path}"
    found = read_address(f"https://e.org/{path[:begin]}***{path[begin + length :]}")
    assert isinstance(found, MaskedText)
    assert found.may_be(SecretText(value))


@pytest.mark.parametrize("secret", [REAL, "https://hooks.slack.com/services/T0AAAA/B0BBBB/xxxxxxxx"])
def test_a_masked_address_is_never_shown(secret: str) -> None:
    found = read_address(secret.replace("B0BBBB", "****"))
    assert isinstance(found, MaskedText)
    assert "realtoken" not in f"{found!r}{found}{MASKER.show(found)}"
    assert "T0AAAA" not in f"{found!r}{found}"


def test_an_address_that_only_looks_masked_is_compared() -> None:
    wanted = slack(webhook_url=SecretText(PLACEHOLDER))
    plan, _ = plan_of([wanted], [live_of(wanted, webhook_url=read_address(PLACEHOLDER))])
    assert (plan.changes, plan.write_only) == ((), ())


def test_an_address_that_differs_outside_of_its_mask_differs() -> None:
    wanted = slack(webhook_url=SecretText(REAL))
    plan, _ = plan_of([wanted], [live_of(wanted, webhook_url=read_address(PLACEHOLDER))])
    assert [change.reasons[0].value for change in plan.changes] == ["secret differs"]
    assert plan.write_only == ()


def test_a_placeholder_written_over_a_live_address_is_drift(confluent: Project) -> None:
    confluent.environ["SLACK_URL"] = REAL
    assert confluent.run("apply", "--yes").code == 0
    (live,) = confluent.integrations()
    confluent.call("PATCH", f"{INTEGRATIONS}/{live['id']}", {"target": {"kind": "Slack", "webhook_url": PLACEHOLDER}})
    assert "secret differs" in confluent.run("plan").out
    assert confluent.run("plan", "--detailed-exitcode").code == 2
    drift = confluent.run("drift", "--json")
    assert (drift.code, json.loads(drift.out)["drifted"]) == (2, True)
    assert REAL.rpartition("/")[2] not in drift.everything
    assert confluent.run("apply", "--yes").code == 0
    assert confluent.run("plan", "--detailed-exitcode").code == 0


def test_a_test_of_an_address_that_is_surely_another_is_no_evidence(confluent: Project, simulator: Simulator) -> None:
    confluent.environ["SLACK_URL"] = REAL
    assert confluent.run("apply", "--yes").code == 0
    (live,) = confluent.integrations()
    confluent.call("PATCH", f"{INTEGRATIONS}/{live['id']}", {"target": {"kind": "Slack", "webhook_url": PLACEHOLDER}})
    sent = len(simulator.inbox)
    for arguments in (("--all",), ("oncall",)):
        done = confluent.run("test", *arguments)
        assert done.code == 7, done.everything
        assert "the live address is masked, and what it shows is not the manifest's" in done.everything
        assert done.out.rstrip().endswith(
            "; 1 skipped: the live address is masked, and certainly not that of the manifest."
        )
    (tested,) = json.loads(confluent.run("test", "--all", "--json").out)["tests"]
    assert tested["tested"]["evidence"]["reason"] == "address-differs"
    assert len(simulator.inbox) == sent
    assert confluent.run("apply", "--yes").code == 0  # as the message says
    assert confluent.run("test", "--all").code == 0


def test_a_manifest_whose_own_address_looks_masked_is_compared(confluent: Project) -> None:
    confluent.environ["SLACK_URL"] = "https://hooks.slack.com/services/T0AAAA/B0BBBB/XXXXXXXX"
    assert confluent.run("apply", "--yes").code == 0
    plan = confluent.run("plan", "--detailed-exitcode")
    assert plan.code == 0
    assert "write-only" not in plan.out
