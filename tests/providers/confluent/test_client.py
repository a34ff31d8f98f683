"""The calls to an organisation: what is sent, what an answer means, and what is repeated after what look."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.model.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    QuotaError,
    RejectedError,
    TargetError,
    UnauthorizedError,
    UnexpectedError,
)
from reconciler.model.evidence import Delivery, Outcome
from reconciler.model.resource import LiveObject, Payload
from reconciler.model.values import SecretText, Value
from reconciler.providers.confluent import make_provider
from reconciler.providers.confluent.client import ConfluentProvider
from reconciler.providers.connection import Connection
from reconciler.simulator.calls import Call, Reply
from reconciler.simulator.confluent import Behaviours
from reconciler.simulator.confluent.access import Rights
from reconciler.simulator.confluent.behaviours import (
    ErrorShape,
    GoneCode,
    QuotaCode,
    QuotaWords,
    Unique,
    UnknownKind,
    WrongKeyCode,
)
from tests.providers.confluent.organisation import Organisation, Trouble
from tests.providers.confluent.scenes import HOOK, SLACK

COMMON: dict[str, Value] = {"description": "Pages us [acme/oncall]", "enabled": True}


def slack(url: str | None = SLACK, name: str = "On-call") -> Payload:
    secret = SecretText(url) if url else None
    return Payload("SlackChannel", COMMON | {"display_name": name, "webhook_url": secret})


def subscribed(word: str, *channels: str, state: str = "ENABLED") -> Payload:
    fields: dict[str, Value] = {"notification_type": word, "channels": frozenset(channels), "state": state}
    return Payload("Subscription", fields)


def times(count: int, end: str, make: Callable[[], Reply | Exception], method: str = "POST") -> Trouble:
    """Trouble for the first `count` calls of that method to paths that end so."""
    left = [count]

    def trouble(call: Call) -> Reply | Exception | None:
        if call.method != method or not call.path.endswith(end) or left[0] == 0:
            return None
        left[0] -= 1
        return make()

    return trouble


def reply(status: int, body: object = None, **headers: str) -> Reply:
    content = b"" if body is None else json.dumps(body).encode()
    return Reply(status, content, "application/json", {name.replace("_", "-"): text for name, text in headers.items()})


def failure(status: int, detail: str = "no") -> Reply:
    return reply(status, {"errors": [{"status": str(status), "title": "Bad", "detail": detail}]})


async def existing(provider: ConfluentProvider, object_id: str) -> LiveObject:
    live = await provider.read(object_id)
    assert live is not None
    return live


# -- repeating


@pytest.mark.parametrize(
    "lost", [httpx.ReadError("cut"), httpx.ReadTimeout("late"), httpx.RemoteProtocolError("broken")], ids=type
)
def test_a_create_whose_answer_was_lost_is_found_and_not_made_twice(lost: Exception) -> None:
    organisation = Organisation()
    losses = [lost]
    organisation.after = lambda call, _: losses.pop() if losses and call.method == "POST" else None
    object_id = organisation.talk(lambda provider: provider.create(slack()))
    assert {one["id"] for one in organisation.integrations().values()} == {object_id}
    assert organisation.sent() == ["POST integrations"]


@pytest.mark.parametrize(
    "make", [lambda: failure(503), lambda: reply(429, retry_after="7"), lambda: httpx.ReadError("x")]
)
def test_a_create_that_did_not_happen_is_sent_again_after_a_look(make: Callable[[], Reply | Exception]) -> None:
    organisation = Organisation(trouble=times(1, "/integrations", make))
    organisation.talk(lambda provider: provider.create(slack()))
    calls = [call.method for call in organisation.calls if call.path.endswith("/integrations")]
    assert calls == ["POST", "GET", "POST"]
    assert len(organisation.integrations()) == 1


def test_the_wait_is_what_the_server_asks_for() -> None:
    organisation = Organisation(trouble=times(1, "/integrations", lambda: reply(429, retry_after="7")))
    organisation.talk(lambda provider: provider.create(slack()))
    assert 7 <= organisation.waits[0] < 8
    reset = reply(429, x_ratelimit_reset="11")  # seconds from now, not an epoch
    organisation = Organisation(trouble=times(1, "/integrations", lambda: reset, "GET"))
    organisation.talk(lambda provider: provider.read_all())
    assert 11 <= organisation.waits[0] < 12


def test_a_subscription_that_was_made_meanwhile_is_taken_if_it_is_the_same() -> None:
    organisation = Organisation()
    same = subscribed("Service quota reached", "i-0role")
    object_id = organisation.talk(lambda provider: provider.create(same))
    assert object_id.startswith("subscriptions/s-")
    with pytest.raises(ConflictError, match=r"subscriptions/s-.* is like it; plan again"):
        organisation.talk(lambda provider: provider.create(subscribed("Service quota reached", "i-0user")))


@pytest.mark.parametrize("unique", [Unique.YES, Unique.YES_UNSAID])
def test_a_name_that_is_taken_is_a_conflict_in_plain_words(unique: Unique) -> None:
    organisation = Organisation(Behaviours(unique_names=unique))
    organisation.talk(lambda provider: provider.create(slack()))
    with pytest.raises(ConflictError, match=r"choose another display name, or adopt it by spec\.id"):
        organisation.talk(lambda provider: provider.create(slack(SLACK + "2")))


def test_an_id_that_the_answer_does_not_tell_is_looked_up() -> None:
    organisation = Organisation()

    def without_id(call: Call, answer: Reply) -> Reply | None:
        if call.method != "POST":
            return None
        body = json.loads(answer.body)
        return reply(answer.status, {name: body[name] for name in ("display_name", "target")})

    organisation.after = without_id
    object_id = organisation.talk(lambda provider: provider.create(slack()))
    assert object_id == organisation.integrations()["On-call"]["id"]


# -- what is sent


def test_a_change_sends_the_members_that_differ_and_the_target_whole() -> None:
    organisation = Organisation()

    async def conversation(provider: ConfluentProvider) -> None:
        object_id = await provider.create(slack())
        await provider.update(object_id, slack(name="New"), await existing(provider, object_id))
        await provider.update(object_id, slack(SLACK + "2", "New"), await existing(provider, object_id))
        await provider.update(object_id, slack(None, "Newer"), await existing(provider, object_id))
        await provider.update(object_id, slack(None, "Newer"), await existing(provider, object_id))
        made = await provider.create(subscribed("Connector recovered", object_id, "i-0role"))
        live = await existing(provider, made)
        await provider.update(made, subscribed("Connector recovered", object_id), live)
        await provider.update(made, subscribed("Connector recovered", object_id, state="DISABLED"), live)

    organisation.talk(conversation)
    object_id = organisation.integrations()["Newer"]["id"]
    assert [json.loads(call.body) for call in organisation.calls if call.method == "PATCH"] == [
        {"display_name": "New"},
        {"target": {"kind": "Slack", "webhook_url": SLACK + "2"}},
        {"display_name": "Newer"},
        {"integrations": [{"id": object_id}]},
        {"integrations": [{"id": object_id}], "current_state": "DISABLED"},
    ]


def test_the_test_call_keeps_its_colon_under_any_base_path() -> None:
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path.decode())
        return httpx.Response(204 if request.method == "POST" else 200, json={"data": [], "metadata": {}})

    async def conversation(provider: ConfluentProvider) -> None:
        assert (await provider.probe(slack())).outcome is Outcome.ACCEPTED

    for base in ("https://api.confluent.cloud", "https://gateway.example/confluent/"):
        connection = Connection(base, transport=httpx.MockTransport(answer))
        Organisation.talk(_Plain(connection), conversation)
    assert [path for path in paths if ":" in path] == [
        "/notifications/v1/integrations:test",
        "/confluent/notifications/v1/integrations:test",
    ]


class _Plain(Organisation):
    """Only a client of that connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def provider(self, retries: Any = None) -> ConfluentProvider:
        return make_provider(self._connection)


# -- what an answer means


def test_refused_credentials_end_all_calls() -> None:
    organisation = Organisation()

    async def conversation(provider: ConfluentProvider) -> None:
        object_id = await provider.create(slack())
        live = await existing(provider, object_id)
        organisation.api.access.rights = Rights.READ
        with pytest.raises(ForbiddenError, match="OrganizationAdmin"):
            await provider.update(object_id, slack(name="New"), live)
        before = len(organisation.calls)
        for call in (provider.read(object_id), provider.delete(object_id), provider.create(slack())):
            with pytest.raises(ForbiddenError, match="no further calls"):
                await call
        assert len(organisation.calls) == before

    organisation.talk(conversation)


@pytest.mark.parametrize("rights", [Rights.NONE])
def test_a_lost_role_is_no_absence(rights: Rights) -> None:
    organisation = Organisation()
    object_id = organisation.talk(lambda provider: provider.create(slack()))
    organisation.api.access.rights = rights
    for call in (lambda p: p.read(object_id), lambda p: p.read_all(), lambda p: p.read_server()):
        with pytest.raises(ForbiddenError):
            organisation.talk(call)


@pytest.mark.parametrize("shape", ErrorShape)
@pytest.mark.parametrize("code", WrongKeyCode)
@pytest.mark.parametrize("call", [lambda p: p.read_server(), lambda p: p.read_all(), lambda p: p.read("i-1")])
def test_a_wrong_key_is_said_with_its_fix_and_in_their_words_however_it_is_refused(
    call: Any, code: WrongKeyCode, shape: ErrorShape
) -> None:
    behaviours = Behaviours(wrong_key_code=code, error_shape=shape)
    organisation = Organisation(behaviours, credentials=("another", "key"))
    with pytest.raises(UnauthorizedError, match=r"takes a Cloud API key \(CONFLUENT_CLOUD_API_KEY") as caught:
        organisation.talk(call)
    said = "invalid API key: make sure" if code is WrongKeyCode.FORBIDDEN else "credentials are missing or wrong"
    assert said in str(caught.value)
    assert "OrganizationAdmin" not in str(caught.value)
    assert "a-secret-of-a-key" not in str(caught.value)


# -- a 403 or a 404 that may mean "gone"


@pytest.mark.parametrize("setting", ["gone_code=403", "error_shape=message", "late=lists", "deletion=silent"])
@pytest.mark.parametrize("payload", [slack(), subscribed("Connector recovered", "i-0role")], ids=["channel", "route"])
def test_our_own_delete_is_done_once_the_list_lacks_the_object(payload: Payload, setting: str) -> None:
    organisation = Organisation(Behaviours.parse(["gone_code=403", setting]))

    async def conversation(provider: ConfluentProvider) -> None:
        first, second = await provider.create(payload), await provider.create(slack(SLACK + "2", "Other"))
        assert await provider.delete(first) is True
        assert await provider.read(first) is None
        assert await provider.delete(second) is True

    organisation.talk(conversation)
    assert organisation.integrations() == {}


@pytest.mark.parametrize("lost", [httpx.ReadError("cut"), httpx.ReadTimeout("late")], ids=type)
@pytest.mark.parametrize("code", GoneCode)
def test_a_delete_whose_answer_was_lost_is_found_done(code: GoneCode, lost: Exception) -> None:
    organisation = Organisation(Behaviours(gone_code=code))
    losses = [lost]
    organisation.after = lambda call, _: losses.pop() if losses and call.method == "DELETE" else None

    async def conversation(provider: ConfluentProvider) -> None:
        assert await provider.delete(await provider.create(slack())) is True

    organisation.talk(conversation)
    assert organisation.sent("DELETE") == [organisation.sent("DELETE")[0]]


@pytest.mark.parametrize("shape", ErrorShape)
def test_what_somebody_else_deleted_is_no_lost_right_and_no_plain_absence(shape: ErrorShape) -> None:
    organisation = Organisation(Behaviours(gone_code=GoneCode.FORBIDDEN, error_shape=shape))
    object_id = organisation.talk(lambda provider: provider.create(slack()))

    async def conversation(provider: ConfluentProvider) -> None:
        live = await existing(provider, object_id)
        organisation.api.store.remove("integrations", organisation.integrations()["On-call"])
        with pytest.raises(NotFoundError, match=r"no longer listed.*deleted meanwhile, or is hidden.*plan again"):
            await provider.read(object_id)
        with pytest.raises(NotFoundError, match="deleted meanwhile"):
            await provider.update(object_id, slack(name="New"), live)
        assert await provider.delete(object_id) is False
        await provider.read_all()  # nothing of it ended the calls

    organisation.talk(conversation)


@pytest.mark.parametrize("code", GoneCode)
def test_a_lost_right_is_distinguished_from_absence_by_the_list(code: GoneCode) -> None:
    organisation = Organisation(Behaviours(gone_code=code))
    object_id = organisation.talk(lambda provider: provider.create(slack()))
    organisation.api.access.rights = Rights.READ
    with pytest.raises(ForbiddenError, match=r"role is missing.*OrganizationAdmin"):
        organisation.talk(lambda provider: provider.delete(object_id))
    assert set(organisation.integrations()) == {"On-call"}


def test_a_read_that_is_forbidden_for_what_is_listed_is_a_lost_right() -> None:
    organisation = Organisation()
    object_id = organisation.talk(lambda provider: provider.create(slack()))
    organisation.trouble = lambda call: failure(403, "role is missing") if call.path.endswith(object_id) else None
    with pytest.raises(ForbiddenError, match=r"role is missing\); reading takes a role"):
        organisation.talk(lambda provider: provider.read(object_id))


def test_a_404_as_gateways_give_it_is_absence_only_if_the_list_agrees() -> None:
    organisation = Organisation()
    object_id = organisation.talk(lambda provider: provider.create(slack()))
    bare = reply(404, {"message": "no Route matched with those values"})
    organisation.trouble = lambda call: bare if call.path.endswith(("/i-nobody", object_id)) else None
    assert organisation.talk(lambda provider: provider.read("i-nobody")) is None
    for call in (lambda p: p.read(object_id), lambda p: p.delete(object_id)):
        with pytest.raises(UnexpectedError, match="no Route matched"):
            organisation.talk(call)


@pytest.mark.parametrize(
    "answer", [Reply(404, b"<h1>not found</h1>", "text/html"), Reply(404, b"{}", "application/json"), Reply(404, b"")]
)
def test_a_gateways_404_is_no_absence(answer: Reply) -> None:
    organisation = Organisation(trouble=lambda call: answer if "integrations" in call.path else None)
    for call in (lambda p: p.read("i-1"), lambda p: p.delete("i-1"), lambda p: p.read_all()):
        with pytest.raises(UnexpectedError, match="404"):
            organisation.talk(call)


@pytest.mark.parametrize("shape", ErrorShape)
def test_absence_is_understood_in_either_shape(shape: ErrorShape) -> None:
    organisation = Organisation(Behaviours(error_shape=shape))

    async def conversation(provider: ConfluentProvider) -> None:
        assert await provider.read("i-nobody") is None
        assert await provider.delete("i-nobody") is False
        assert await provider.delete("subscriptions/s-nobody") is False
        with pytest.raises(NotFoundError):
            await provider.send_test("i-nobody")

    organisation.talk(conversation)


@pytest.mark.parametrize("shape", ErrorShape)
@pytest.mark.parametrize("code", QuotaCode)
@pytest.mark.parametrize(
    ("words", "said"), [(QuotaWords.ID, "integrations_per_org"), (QuotaWords.LIMITED, "limited to 0 integrations")]
)
def test_a_used_up_quota_is_said_in_plain_words_and_theirs(
    words: QuotaWords, said: str, code: QuotaCode, shape: ErrorShape
) -> None:
    behaviours = Behaviours(quota_code=code, quota_words=words, error_shape=shape)
    organisation = Organisation(behaviours, quota=0)
    with pytest.raises(QuotaError, match=f"quota of integrations is used up .*{said}.*; delete one"):
        organisation.talk(lambda provider: provider.create(slack()))


@pytest.mark.parametrize("status", [409, 422])
def test_a_name_that_speaks_of_a_quota_is_no_quota_error(status: int) -> None:
    refusal = failure(status, 'the display name "quota alerts" is odd')
    organisation = Organisation(trouble=times(1, "/integrations", lambda: refusal))
    with pytest.raises(ConflictError if status == 409 else RejectedError):
        organisation.talk(lambda provider: provider.create(slack()))


def test_what_they_say_to_do_is_passed_on() -> None:
    organisation = Organisation(Behaviours(error_shape=ErrorShape.RESOLUTION, unique_names=Unique.NO))
    organisation.trouble = lambda call: (
        reply(422, {"errors": [{"title": "Bad", "detail": "odd", "resolution": "Name it otherwise."}]})
        if call.method == "POST"
        else None
    )
    with pytest.raises(RejectedError, match=r"Bad: odd; Name it otherwise\."):
        organisation.talk(lambda provider: provider.create(slack()))


def test_a_servers_words_are_passed_on_but_never_a_secret() -> None:
    organisation = Organisation(trouble=times(1, "/integrations", lambda: failure(422, "display_name is odd")))
    with pytest.raises(RejectedError, match="Bad: display_name is odd"):
        organisation.talk(lambda provider: provider.create(slack()))
    organisation = Organisation(trouble=times(1, "/integrations", lambda: failure(422, f"odd: {SLACK}")))
    with pytest.raises(RejectedError) as caught:
        organisation.talk(lambda provider: provider.create(slack()))
    assert "abcdefghijkl" not in str(caught.value)
    assert "withheld" in str(caught.value)


def test_what_the_platform_would_refuse_is_refused_before_the_call() -> None:
    organisation = Organisation()

    async def conversation(provider: ConfluentProvider) -> None:
        listing = await provider.read_all()
        (required,) = (
            live for live in listing.objects if live.fields.get("notification_type") == "Service quota reached"
        )
        with pytest.raises(RejectedError, match="required type, which cannot be disabled"):
            await provider.update(
                required.id, subscribed("Service quota reached", "i-0role", state="DISABLED"), required
            )
        with pytest.raises(RejectedError, match="required type, which cannot be deleted"):
            await provider.delete(required.id)
        with pytest.raises(RejectedError, match="without any channel"):
            await provider.update(required.id, subscribed("Service quota reached"), required)
        with pytest.raises(RejectedError, match="without any channel"):
            await provider.create(subscribed("Connector recovered"))

    organisation.talk(conversation)
    assert organisation.sent() == []


def test_a_subscription_that_nobody_needs_can_be_deleted() -> None:
    organisation = Organisation()

    async def conversation(provider: ConfluentProvider) -> None:
        made = await provider.create(subscribed("Connector recovered", "i-0role"))
        assert await provider.delete(made) is True

    organisation.talk(conversation)
    assert organisation.subscribers("nt-k1v6z") == set()


# -- reading


def test_what_the_platform_made_is_read_only_and_has_a_name() -> None:
    organisation = Organisation(Behaviours(unknown_kind=UnknownKind.YES))
    listing = organisation.talk(lambda provider: provider.read_all())
    made = {live.id: live for live in listing.objects if live.kind is None}
    assert {live.alias for live in made.values()} == {"role:OrganizationAdmin", "user:u-4kd82", ""}
    assert all(live.read_only for live in made.values())
    assert made["i-0pager"].native_type == "Pager"
    assert organisation.talk(lambda provider: provider.send_test("i-0role")).outcome is Outcome.SKIPPED


def test_of_two_objects_of_one_alias_only_one_keeps_it() -> None:
    organisation = Organisation()
    target = {"kind": "RoleEmail", "role_name": "OrganizationAdmin"}
    organisation.api.store.add("integrations", {"display_name": "Copy", "target": target}, "i-9role")
    listing = organisation.talk(lambda provider: provider.read_all())
    assert [live.id for live in listing.objects if live.alias == "role:OrganizationAdmin"] == ["i-0role"]


def test_the_organisation_is_known_by_its_objects() -> None:
    organisation = Organisation()
    server = organisation.talk(lambda provider: provider.read_server())
    assert server.identity == "9d0c1f4e-2b7a-4c55-8f0e-1a2b3c4d5e6f"
    empty = reply(200, {"data": [], "metadata": {}})
    organisation.trouble = lambda call: empty
    server = organisation.talk(lambda provider: provider.read_server())
    assert server.identity == "https://api.confluent.cloud"
    assert "is used as its identity" in server.notes[0]


def page(*ids: str, following: object = None) -> Reply:
    data = [{"id": one, "display_name": one, "target": {"kind": "Slack", "webhook_url": SLACK}} for one in ids]
    return reply(200, {"data": data, "metadata": {"next": following}})


def read_pages(*pages: Reply) -> tuple[list[str], list[str]]:
    """The ids that were read of these pages, and the queries."""
    waiting = list(pages)
    organisation = Organisation()

    def trouble(call: Call) -> Reply:
        if not call.path.endswith("/integrations"):
            return page()
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    organisation.trouble = trouble
    listing = organisation.talk(lambda provider: provider.read_all())
    queries = [call.query for call in organisation.calls if call.path.endswith("/integrations")]
    return [live.id for live in listing.objects], queries


@pytest.mark.parametrize("end", [None, "", False])
def test_a_list_is_read_to_its_end(end: object) -> None:
    first = page("i-1", "i-2", following="https://elsewhere.example/x?page_size=9&page_token=a%2Bb")
    ids, queries = read_pages(first, page("i-2", "i-3", following=end))
    assert ids == ["i-1", "i-2", "i-3"]
    assert queries == ["page_size=100", "page_size=100&page_token=a%2Bb"]


def test_a_list_without_metadata_has_one_page() -> None:
    assert read_pages(reply(200, {"data": []}))[0] == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (page("i-1", following="https://api.confluent.cloud/x?page_token=a"), "same page again and again"),
        (page("i-1", following="https://api.confluent.cloud/x"), "has no page_token"),
        (reply(200, {"data": None}), "not a list"),
        (reply(200, ["x"]), "not a list"),
        (Reply(200, b"<html>", "text/html"), "HTML"),
        (failure(500), "500"),
    ],
)
def test_half_a_list_is_an_error(broken: Reply, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        read_pages(broken)


def test_there_is_an_end_to_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.providers.confluent.calls.MOST_PAGES", 3)
    pages = [page(f"i-{n}", following=f"https://api.confluent.cloud/x?page_token={n}") for n in range(5)]
    with pytest.raises(UnexpectedError, match="more than 3 pages"):
        read_pages(*pages)


# -- testing


def probed(organisation: Organisation, payload: Payload | None = None) -> Delivery:
    return organisation.talk(lambda provider: provider.probe(payload or slack()))


def test_a_test_sends_the_new_body_once() -> None:
    organisation = Organisation()
    assert probed(organisation).outcome is Outcome.ACCEPTED
    body = {
        "display_name": "On-call",
        "description": "Pages us [acme/oncall]",
        "target": {"kind": "Slack", "webhook_url": SLACK},
    }
    assert organisation.bodies("POST", ":test") == [body]
    assert len(organisation.inbox) == 1


@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        (lambda: failure(400, "the receiver answered 410"), Outcome.FAILED),
        (lambda: failure(404), Outcome.FAILED),
        (lambda: failure(422), Outcome.FAILED),
        (lambda: failure(500), Outcome.UNKNOWN),
        (lambda: Reply(502, b"<html>"), Outcome.UNKNOWN),
        (lambda: reply(429), Outcome.SKIPPED),
        (lambda: httpx.ReadTimeout("late"), Outcome.UNKNOWN),
        (lambda: httpx.ReadError("cut"), Outcome.UNKNOWN),
        (lambda: httpx.DecodingError("odd"), Outcome.UNKNOWN),
    ],
)
def test_a_test_that_failed_is_never_sent_again(make: Callable[[], Reply | Exception], outcome: Outcome) -> None:
    organisation = Organisation(trouble=times(9, ":test", make))
    assert probed(organisation).outcome is outcome
    assert organisation.sent() == ["POST integrations:test"]


def test_a_test_that_the_api_turned_away_is_sent_again() -> None:
    organisation = Organisation(trouble=times(2, ":test", lambda: reply(429, retry_after="3")))
    assert probed(organisation).outcome is Outcome.ACCEPTED
    assert organisation.sent() == ["POST integrations:test"] * 3
    assert len(organisation.inbox) == 1
    assert all(3 <= wait < 4 for wait in organisation.waits)


def test_a_test_without_a_connection_or_a_role_is_an_error() -> None:
    with pytest.raises(TargetError, match="no connection"):
        probed(Organisation(trouble=times(9, ":test", lambda: httpx.ConnectError("no"))))
    with pytest.raises(ForbiddenError):
        probed(Organisation(trouble=times(9, ":test", lambda: failure(403))))


def test_the_receivers_refusal_is_reported_without_the_address() -> None:
    organisation = Organisation(trouble=times(1, ":test", lambda: failure(400, f"{SLACK} answered 410")))
    delivery = probed(organisation)
    assert "400" in delivery.text
    assert "abcdefghijkl" not in delivery.text


def test_a_live_test_takes_the_manifests_address_where_none_is_given_back() -> None:
    organisation = Organisation(Behaviours.parse(["addresses=stars"]))

    async def conversation(provider: ConfluentProvider) -> tuple[Delivery, Delivery]:
        object_id = await provider.create(slack())
        return await provider.send_test(object_id), await provider.send_test(object_id, slack())

    without, with_payload = organisation.talk(conversation)
    assert (without.outcome, with_payload.outcome) == (Outcome.SKIPPED, Outcome.ACCEPTED)
    assert [delivery.address for delivery in organisation.inbox] == [SLACK]


def test_a_live_test_goes_by_what_is_live() -> None:
    organisation = Organisation()

    async def conversation(provider: ConfluentProvider) -> Delivery:
        return await provider.send_test(await provider.create(slack(HOOK)), slack())

    assert organisation.talk(conversation).outcome is Outcome.ACCEPTED
    assert [delivery.address for delivery in organisation.inbox] == [HOOK]
