"""The questions for a real organisation, asked of the simulated one: the answers are its settings."""

from __future__ import annotations

import pytest

from reconciler.simulator import Simulator
from reconciler.simulator.confluent import Behaviours
from tests.live import confluent_live

KEY = ("a-key", "a-secret")


def ask(simulator: Simulator, **environ: str) -> int:
    own = {
        "CONFLUENT_CLOUD_API_KEY": KEY[0],
        "CONFLUENT_CLOUD_API_SECRET": KEY[1],
        "CONFLUENT_CLOUD_URL": simulator.url,
    }
    return confluent_live.main(own | environ)


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ([], ["in clear", "unreached 201", "name 201", "address 201", "'' (description", "then Slack", "oldest first"]),
        (
            ["addresses=stars", "probe=no", "unique_names=yes", "unique_addresses=yes-unsaid", "description=ignored"],
            ["changed", "name 409 with Location", "address 409", "'to be cleared'"],
        ),
        (["delete_in_use=refuse", "refusal_code=400", "test_code=404"], ["400; its subscription 200, with 1 left"]),
        (
            ["gone_code=403", "wrong_key_code=403", "deleted_at=zero", "users=string", "kind_names=schema"],
            ["deleted 403", "never was 403", "nobody's 403", "there 0001-01-01", "e-mail str", "as WebhookTarget"],
        ),
        (
            ["error_shape=message", "filtered_nothing=not-found", "kind_names=either", "deleted_at=as-created"],
            ["members message", "finds nothing 404, with 0", "given back as Webhook"],
        ),
        (["quota_words=limited", "quota_code=400"], ['organisation 400: {"errors"', "currently limited to 12 integ"]),
        (["kind_change=ignored", "order=newest-first", "deletion=announced"], ["then Webhook", "newest first"]),
    ],
)
def test_every_question_has_an_answer_and_nothing_stays(
    settings: list[str], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with Simulator(confluent_credentials=KEY, behaviours=Behaviours.parse(settings)) as simulator:
        simulator.confluent.integrations.quota = 12
        code = ask(simulator, TEST_RECEIVER_URL=f"{simulator.receiver.url}/live", TEST_FILL_QUOTA="yes")
        left = [one for one in simulator.confluent.store.latest("integrations") if "rlive" in one["display_name"]]
        received = len(simulator.receiver.received)
    said = " ".join(capsys.readouterr().out.replace("an address that cannot be reached", "unreached").split())
    assert code == 0, said
    assert left == []
    assert received == 1
    assert "the provider's own round passed" in said
    assert [line for line in lines if line not in said] == [], said


def test_without_a_key_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert confluent_live.main({}) == 64
    assert "CONFLUENT_CLOUD_API_KEY" in capsys.readouterr().err


def test_without_a_receiver_nothing_is_sent() -> None:
    with Simulator(confluent_credentials=KEY) as simulator:
        assert ask(simulator) == 0
        assert {delivery.address for delivery in simulator.inbox} == {"https://receiver.invalid/rlive"}


def test_an_organisation_is_filled_only_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(confluent_credentials=KEY) as simulator:
        assert ask(simulator) == 0
        made = [one for one in simulator.requests if (one.method, one.status) == ("POST", 201)]
    assert "TEST_FILL_QUOTA=yes" in capsys.readouterr().out
    assert len(made) < 12


def test_a_wrong_key_is_reported() -> None:
    with Simulator(confluent_credentials=("another", "key")) as simulator:
        assert ask(simulator) == 1
