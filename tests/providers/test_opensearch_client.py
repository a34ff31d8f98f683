"""The calls to a cluster: what is sent, what an answer means, and what is repeated after what look."""

from __future__ import annotations

import json

import httpx
import pytest

from reconciler.model.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RejectedError,
    TargetError,
    TimedOutError,
    UnauthorizedError,
    UnexpectedError,
    UnreachableError,
)
from reconciler.model.evidence import Outcome
from reconciler.model.resource import Server, VersionSource
from reconciler.model.values import SecretText
from reconciler.providers.opensearch.client import OpenSearchProvider
from tests.providers.support import (
    CONFIGS,
    Handler,
    Script,
    Waits,
    as_response,
    config_of,
    failure,
    listing,
    recorded,
    root,
    slack,
    talk,
    talk_raw,
)

MISSING = failure(404, "NotificationConfig a_slack not found")
CREATED = httpx.Response(200, json={"config_id": "a_slack"})
CUT = httpx.ReadError("cut")
ONE = f"{CONFIGS}/a_slack"


def test_a_read_gives_the_object_and_none_where_the_plugin_says_that_there_is_none() -> None:
    script = Script([listing(config_of()), MISSING])

    async def conversation(provider: OpenSearchProvider) -> None:
        live = await provider.read("a_slack")
        assert live is not None
        assert live.kind == "SlackChannel"
        assert await provider.read("a_slack") is None

    talk(script, conversation)
    assert script.calls == [f"GET {ONE}", f"GET {ONE}"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, html="<h1>not found</h1>"),
        httpx.Response(404, text="404 page not found"),
        failure(404, "no such index [_plugins]", "index_not_found_exception"),
    ],
)
def test_another_404_is_not_taken_for_absence(answer: httpx.Response) -> None:
    with pytest.raises(UnexpectedError, match="404"):
        talk(Script([answer]), lambda provider: provider.read("a_slack"))
    with pytest.raises(UnexpectedError, match="404"):
        talk(Script([answer]), lambda provider: provider.delete("a_slack"))


def test_an_id_made_by_others_is_quoted_in_the_path() -> None:
    script = Script([listing(config_of() | {"config_id": "a/b+c"})])
    live = talk(script, lambda provider: provider.read("a/b+c"))
    assert live is not None
    assert script.requests[0].url.raw_path == f"{CONFIGS}/a%2Fb%2Bc".encode()


def test_a_create_sends_our_id_next_to_the_config() -> None:
    script = Script([CREATED])
    assert talk(script, lambda provider: provider.create(slack())) == "a_slack"
    assert script.calls == [f"POST {CONFIGS}"]
    assert json.loads(script.requests[0].content) == {"config_id": "a_slack", "config": config_of()["config"]}
    assert script.requests[0].headers["content-type"] == "application/json"


def test_a_create_whose_answer_was_lost_is_done_if_the_object_is_there_as_wanted() -> None:
    script = Script([CUT, listing(config_of())])
    assert talk(script, lambda provider: provider.create(slack())) == "a_slack"
    assert script.calls == [f"POST {CONFIGS}", f"GET {ONE}"]


def test_a_create_that_did_not_happen_is_sent_again_only_after_a_look() -> None:
    script = Script([failure(503, "busy"), MISSING, CREATED])
    talk(script, lambda provider: provider.create(slack()))
    assert script.calls == [f"POST {CONFIGS}", f"GET {ONE}", f"POST {CONFIGS}"]


def test_a_create_that_arrived_late_after_all_is_done() -> None:
    script = Script([CUT, MISSING, failure(409, "Document version conflict"), listing(config_of())])
    assert talk(script, lambda provider: provider.create(slack())) == "a_slack"


def test_a_create_stops_where_another_object_has_the_id_by_now() -> None:
    script = Script([CUT, listing(config_of(name="other"))])
    with pytest.raises(ConflictError, match="another object"):
        talk(script, lambda provider: provider.create(slack()))
    assert script.calls == [f"POST {CONFIGS}", f"GET {ONE}"]


def test_a_create_under_a_taken_id_is_a_conflict_even_if_the_object_is_equal() -> None:
    script = Script([failure(409, "Document version conflict"), listing(config_of())])
    with pytest.raises(ConflictError, match="exists already"):
        talk(script, lambda provider: provider.create(slack()))


@pytest.mark.parametrize("hidden", [MISSING, failure(403, "Permission denied for NotificationConfig a_slack")])
def test_a_create_under_the_id_of_a_hidden_object_says_so(hidden: httpx.Response) -> None:
    with pytest.raises(ConflictError, match="your roles may not see it"):
        talk(Script([failure(409, "Document version conflict"), hidden]), lambda provider: provider.create(slack()))


def test_a_refused_create_is_not_repeated() -> None:
    for answer in (failure(400, "name is null or empty"), failure(500, "no protocol: x", "malformed_u_r_l_exception")):
        script = Script([answer])
        with pytest.raises(TargetError):
            talk(script, lambda provider: provider.create(slack()))
        assert script.calls == [f"POST {CONFIGS}"]


def test_a_write_answered_with_something_else_is_looked_into() -> None:
    script = Script([httpx.Response(200, html="<h1>hello</h1>"), listing(config_of())])
    assert talk(script, lambda provider: provider.create(slack())) == "a_slack"
    assert script.calls[-1] == f"GET {ONE}"


def test_when_even_the_look_fails_the_first_failure_stands() -> None:
    script = Script([httpx.ReadTimeout("slow"), httpx.ConnectError("gone")])
    with pytest.raises(TimedOutError, match="POST"):
        talk(script, lambda provider: provider.create(slack()))
    assert script.calls.count(f"POST {CONFIGS}") == 1


def test_a_reference_that_is_missing_does_not_read_as_an_object_that_is_gone() -> None:
    answer = as_response(recorded("3.6.0", "update email with missing account"))
    before = talk(Script([listing(config_of())]), lambda provider: provider.read("a_slack"))
    assert before is not None
    for conversation in (
        lambda provider: provider.update("a_slack", slack(), before),
        lambda provider: provider.create(slack()),
    ):
        with pytest.raises(RejectedError, match="account or group that does not exist"):
            talk(Script([answer]), conversation)


def test_an_update_replaces_all_and_never_names_an_id_in_its_body() -> None:
    script = Script([listing(config_of(is_enabled=False)), CREATED])

    async def conversation(provider: OpenSearchProvider) -> None:
        before = await provider.read("a_slack")
        assert before is not None
        payload = slack(display_name="new", webhook_url=None)
        del payload.fields["enabled"]  # type: ignore[attr-defined]
        await provider.update("a_slack", payload, before)

    talk(script, conversation)
    assert json.loads(script.requests[1].content) == {"config": config_of(name="new", is_enabled=False)["config"]}


def _update(script: Script) -> None:
    async def conversation(provider: OpenSearchProvider) -> None:
        before = await provider.read("a_slack")
        assert before is not None
        await provider.update("a_slack", slack(display_name="new"), before)

    talk(script, conversation)


def test_an_update_whose_answer_was_lost_is_looked_into_before_it_is_repeated() -> None:
    old, new = listing(config_of()), listing(config_of(name="new"))
    done = Script([old, CUT, new])
    _update(done)
    assert done.calls == [f"GET {ONE}", f"PUT {ONE}", f"GET {ONE}"]
    repeated = Script([old, CUT, old, CREATED])
    _update(repeated)
    assert repeated.calls == [f"GET {ONE}", f"PUT {ONE}", f"GET {ONE}", f"PUT {ONE}"]


def test_an_update_that_never_ends_well_is_looked_at_once_more_and_fails_as_it_was_answered() -> None:
    answers: list[httpx.Response | Exception] = [listing(config_of())]
    for _ in range(5):
        answers += [failure(500, "Failed to update"), listing(config_of())]
    script = Script(answers)
    with pytest.raises(UnexpectedError, match="500"):
        _update(script)
    assert script.calls.count(f"PUT {ONE}") == 5
    assert script.calls[-1] == f"GET {ONE}"


def test_an_update_of_what_is_gone_says_so() -> None:
    with pytest.raises(NotFoundError):
        _update(Script([listing(config_of()), MISSING]))
    with pytest.raises(NotFoundError, match="deleted meanwhile"):
        _update(Script([listing(config_of()), CUT, MISSING]))


def test_an_update_to_another_type_is_a_conflict() -> None:
    answer = as_response(recorded("3.6.0", "update type change"))
    with pytest.raises(ConflictError, match="kind cannot be changed"):
        _update(Script([listing(config_of()), answer]))


def test_a_delete_tells_whether_there_was_anything() -> None:
    deleted = httpx.Response(200, json={"delete_response_list": {"a_slack": "OK"}})
    assert talk(Script([deleted]), lambda provider: provider.delete("a_slack")) is True
    assert talk(Script([MISSING]), lambda provider: provider.delete("a_slack")) is False


@pytest.mark.parametrize("first", [CUT, failure(408, "a_slack delete failed"), failure(503, "busy")])
def test_a_delete_that_is_unclear_is_looked_into(first: httpx.Response | Exception) -> None:
    gone = Script([first, MISSING])
    assert talk(gone, lambda provider: provider.delete("a_slack")) is True
    assert gone.calls == [f"DELETE {ONE}", f"GET {ONE}"]
    late = Script([first, listing(config_of()), MISSING])
    assert talk(late, lambda provider: provider.delete("a_slack")) is True
    assert late.calls == [f"DELETE {ONE}", f"GET {ONE}", f"DELETE {ONE}"]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (httpx.Response(401, text="Unauthorized"), UnauthorizedError, "credentials were not accepted"),
        (
            failure(403, "no permissions for [cluster:admin/opensearch/notifications/configs/get] and User [name=x]"),
            ForbiddenError,
            "lacks the permission cluster:admin/opensearch/notifications/configs/get",
        ),
        (failure(403, "User doesn't have backend roles configured. Contact admin"), ForbiddenError, "backend role"),
        (
            httpx.Response(400, json={"error": "no handler found for uri [/x] and method [GET]"}),
            RejectedError,
            "no Notifications plugin",
        ),
        (failure(429, "Data too large", "circuit_breaking_exception"), UnexpectedError, "short of memory"),
        (httpx.Response(200, html="<html>login</html>"), UnexpectedError, "HTML"),
        (httpx.Response(200, json=[1]), UnexpectedError, "not a list of notification configs"),
        (httpx.Response(200, json={"hello": "world"}), UnexpectedError, "not a list of notification configs"),
        (httpx.Response(200, text='{"config_list": [{"config_id"'), UnexpectedError, "cut off or damaged"),
        (
            httpx.Response(301, headers={"location": "https://other.example/x?token=T"}),
            UnexpectedError,
            "other.example",
        ),
        (httpx.Response(502, html="<html>bad gateway</html>"), UnexpectedError, "HTML"),
    ],
)
def test_a_list_that_fails_is_one_clear_error(answer: httpx.Response, kind: type[TargetError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        talk(Script([answer]), lambda provider: provider.read_all())
    assert "token=T" not in str(caught.value)
    assert "search" in str(caught.value)


def test_the_server_tells_its_version_and_its_cluster_and_is_asked_once() -> None:
    script = Script([root("2.19.5")])

    async def conversation(provider: OpenSearchProvider) -> None:
        server = await provider.read_server()
        assert (server.version, server.source) == ("2.19.5", VersionSource.ROOT)
        assert server.identity == "D-DjMqyjQVC0e5dektCauA"
        assert await provider.read_server() == server

    talk_raw(script, conversation)
    assert script.calls == ["GET /"]


def forbidding_root(
    version: str = "", root_answer: httpx.Response | None = None, features: tuple[str, ...] = ("slack",)
) -> Handler:
    """A server that may not be asked for its root; `version` is that of the header in all its answers."""

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"X-OpenSearch-Version": f"OpenSearch/{version} (opensearch)"} if version else {}
        if request.url.path == "/":
            refused = root_answer or failure(403, "no permissions for [cluster:monitor/main]")
            return httpx.Response(refused.status_code, headers=headers, content=refused.content)
        if request.url.path.endswith("/features"):
            return httpx.Response(200, headers=headers, json={"allowed_config_type_list": [*features]})
        body = listing()
        return httpx.Response(200, headers=headers, content=body.content)

    return answer


def server_of(handler: Handler, claimed: str = "") -> Server:
    """What is known of a server after its list was read."""

    async def conversation(provider: OpenSearchProvider) -> Server:
        await provider.read_all()
        return await provider.read_server()

    return talk_raw(handler, conversation, version=claimed)


def test_a_version_in_the_headers_needs_no_right_to_read_the_root() -> None:
    server = server_of(forbidding_root("3.6.0"))
    assert (server.version, server.source) == ("3.6.0", VersionSource.ANSWERS)
    assert server.identity == "https://search.example:9200"


@pytest.mark.parametrize("root_version", ["7.10.2", "0.1.0", "9" * 5000, "x", "3", "3.6.0"])
def test_what_the_headers_say_counts_before_what_the_root_says(root_version: str) -> None:
    assert server_of(forbidding_root("3.6.0", root(root_version))).version in ("3.6.0", "3.0.0")


@pytest.mark.parametrize("impossible", ["7.10.2", "7.10.0", "0.1.0", "9" * 5000, "1e9", "x", "", "3600.0.0"])
def test_a_version_that_cannot_be_is_unknown_wherever_it_stands(impossible: str) -> None:
    for server in (server_of(forbidding_root(root_answer=root(impossible))), server_of(forbidding_root(impossible))):
        assert (server.version, server.source) == ("", VersionSource.UNKNOWN)
        assert "set targets.search.version" in " ".join(server.notes)
    assert server_of(forbidding_root(), impossible).version == ""


def test_of_several_nodes_the_oldest_counts_and_it_is_said() -> None:
    versions = iter(["3.6.0", "3.1.0", "3.6.0"])

    def answer(request: httpx.Request) -> httpx.Response:
        return forbidding_root(next(versions))(request)

    server = server_of(answer)
    assert (server.version, server.source) == ("3.1.0", VersionSource.ANSWERS)
    assert "3.1.0 and 3.6.0" in " ".join(server.notes)
    mixed = server_of(forbidding_root("3.6.0", root("2.19.5")))
    assert (mixed.version, mixed.source) == ("2.19.5", VersionSource.ROOT)


def test_features_show_a_version_that_it_is_at_least() -> None:
    server = server_of(forbidding_root(features=("slack", "microsoft_teams")))
    assert (server.version, server.at_least, server.source) == ("", "2.10", VersionSource.UNKNOWN)
    assert server_of(forbidding_root(features=("mattermost", "microsoft_teams"))).at_least == "3.5"


def test_the_project_files_claim_is_taken_where_nothing_else_is_known_and_never_against_the_server() -> None:
    claimed = server_of(forbidding_root(), "2.19")
    assert (claimed.version, claimed.source, claimed.certain) == ("2.19", VersionSource.PROJECT, False)
    contradicted = server_of(forbidding_root("3.6.0"), "2.19")
    assert contradicted.version == "3.6.0"
    assert "the project file says version 2.19" in " ".join(contradicted.notes)
    assert not server_of(forbidding_root("3.6.1"), "3.6").notes[1:]  # the address is used as its identity, no more
    older = server_of(forbidding_root(features=("mattermost",)), "2.19")
    assert older.version == ""
    assert "features are of 3.5 or newer" in " ".join(older.notes)


def test_a_list_is_believed_at_once_only_where_the_server_itself_says_3_1_or_newer() -> None:
    def stale(handler: Handler, claimed: str = "") -> bool:
        return talk_raw(handler, lambda provider: provider.read_all(), version=claimed).stale

    assert not stale(forbidding_root("3.1.0"))
    assert not stale(forbidding_root(features=("mattermost",)))
    assert stale(forbidding_root("3.0.0"))
    assert stale(forbidding_root())
    assert stale(forbidding_root(), "3.6")


def test_credentials_that_are_refused_end_all_calls_at_once() -> None:
    script = Script([httpx.Response(401, text="Unauthorized")])

    async def conversation(provider: OpenSearchProvider) -> None:
        for _ in range(3):
            with pytest.raises(UnauthorizedError, match="credentials were not accepted"):
                await provider.read_all()
        with pytest.raises(UnauthorizedError, match="no further calls"):
            await provider.send_test("a_slack")

    talk_raw(script, conversation)
    assert script.calls == ["GET /"]


def test_another_product_or_an_old_one_is_refused() -> None:
    elastic = {"cluster_uuid": "x", "version": {"number": "8.1.0"}, "tagline": "You Know, for Search"}
    for body, words in ((elastic, "not OpenSearch"), ({"hello": 1}, "not what OpenSearch says")):
        with pytest.raises(RejectedError, match=words):
            talk_raw(Script([httpx.Response(200, json=body)]), lambda provider: provider.read_server())
    with pytest.raises(RejectedError, match="too old"):
        talk_raw(Script([root("1.3.0")]), lambda provider: provider.read_server())


def _test(answer: httpx.Response | Exception, version: str = "3.6.0") -> tuple[Outcome, str]:
    script = Script([answer])
    delivery = talk(script, lambda provider: provider.send_test("a_slack"), version=version)
    assert script.calls == ["POST /_plugins/_notifications/feature/test/a_slack"]
    return delivery.outcome, delivery.text


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("slow"),
        CUT,
        httpx.RemoteProtocolError("gone"),
        httpx.Response(502, html="<html>bad gateway</html>"),
        httpx.Response(503, text="busy"),
        httpx.Response(200, html="<html>login</html>"),
        httpx.Response(200, text='{"event_source'),
        httpx.Response(429),
    ],
)
def test_a_test_that_may_have_been_sent_is_unknown_and_never_repeated(answer: httpx.Response | Exception) -> None:
    assert _test(answer)[0] is Outcome.UNKNOWN


def test_a_test_that_certainly_was_not_sent_is_an_error() -> None:
    for answer, kind in (
        (httpx.ConnectError("refused"), UnreachableError),
        (httpx.Response(401, text="Unauthorized"), UnauthorizedError),
        (failure(403, "no permissions for [cluster:admin/opensearch/notifications/test_notification]"), ForbiddenError),
        (as_response(recorded("3.6.0", "test missing")), NotFoundError),
        (httpx.Response(400, json={"error": "no handler found for uri [/x] and method [POST]"}), RejectedError),
    ):
        with pytest.raises(kind):
            _test(answer)


def test_a_test_has_its_own_deadline() -> None:
    waits = Waits()

    async def conversation(provider: OpenSearchProvider) -> None:
        await provider.send_test("a_slack")

    script = Script([as_response(recorded("3.6.0", "test webhook"))])
    talk(script, conversation, waits=waits)
    timeout = script.requests[0].extensions["timeout"]
    assert (timeout["read"], timeout["connect"]) == (120.0, 10.0)
    assert waits.waits == []


def test_a_secret_that_the_server_repeats_in_its_reason_is_withheld() -> None:
    secret = "hooks.example/services/S3CR3TPIECE"
    script = Script([failure(400, f"something odd about {secret} at 1:20")])
    with pytest.raises(RejectedError) as caught:
        talk(script, lambda provider: provider.create(slack(webhook_url=SecretText(f"https://{secret}"))))
    assert "S3CR3T" not in str(caught.value) + caught.value.reason
    assert "withheld" in str(caught.value)
