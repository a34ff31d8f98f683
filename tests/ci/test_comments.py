"""One comment is kept up to date, only ours is touched, and a site's limits and refusals are heeded."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from reconciler.ci.forges import CommentError, Forge, NoTokenError, marker, put_comment, replace_comment
from reconciler.ci.jobs import Thread, WantedThread, commit_of, find_thread, run_of
from reconciler.ci.sites import SITES
from reconciler.model.errors import ConfigurationError
from reconciler.model.values import SecretText
from tests.ci.forges import TOKEN, FakeForge

LINE = marker("reconciler.yaml", "")
APIS = {"github": "https://github.example/api/v3", "gitlab": "https://gitlab.example/api/v4"}


def thread(site: str, author: str = "robot", token: str | None = TOKEN) -> Thread:
    return Thread(site, APIS[site], "team/repo", "7", author, SecretText(token) if token else None)


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest) -> FakeForge:
    return FakeForge(request.param)


def put(forge: FakeForge, text: str, author: str = "robot") -> str:
    return put_comment(thread(forge.site, author), LINE, text, forge.transport)


def test_a_first_comment_is_written_and_then_kept_up_to_date(forge: FakeForge) -> None:
    assert put(forge, "first") == "created"
    assert put(forge, "second") == "updated"
    assert forge.bodies() == [f"{LINE}\nsecond"]


def test_it_is_found_on_a_later_page(forge: FakeForge) -> None:
    for number in range(5):
        forge.add(f"other {number}", "somebody")
    put(forge, "first")
    assert put(forge, "second") == "updated"
    assert len(forge.comments) == 6


def test_a_marker_that_somebody_else_wrote_is_not_ours(forge: FakeForge) -> None:
    forge.add(f"{LINE}\nforged", "mallory")
    assert put(forge, "ours") == "created"
    assert forge.bodies() == [f"{LINE}\nforged", f"{LINE}\nours"]


def test_who_we_are_is_asked_for_where_nobody_says(forge: FakeForge) -> None:
    put(forge, "first", author="")
    assert put(forge, "second", author="") == "updated"


def test_the_address_is_that_of_the_enterprise_host() -> None:
    seen = FakeForge("github")
    put(seen, "text")
    assert seen.calls == [
        "GET /api/v3/repos/team/repo/issues/7/comments",
        "POST /api/v3/repos/team/repo/issues/7/comments",
    ]
    lab = FakeForge("gitlab")
    put(lab, "text")
    assert lab.calls[-1] == "POST /api/v4/projects/team%2Frepo/merge_requests/7/notes"


def test_without_a_token_nothing_is_called(forge: FakeForge) -> None:
    with pytest.raises(NoTokenError, match="fork"):
        put_comment(thread(forge.site, token=None), LINE, "text", forge.transport)
    assert forge.calls == []


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_may_not_comment_is_distinguished_from_trouble(forge: FakeForge, status: int) -> None:
    forge.bad = [httpx.Response(status, json={"message": f"secret {TOKEN}"})]
    with pytest.raises(NoTokenError) as error:
        put(forge, "text")
    assert TOKEN not in str(error.value)


def waited(forge: FakeForge, text: str = "text") -> list[float]:
    waits: list[float] = []
    here = thread(forge.site)
    headers = SITES[forge.site].headers(TOKEN)
    with httpx.Client(base_url=here.api, headers=headers, transport=forge.transport) as client:
        Forge(client, SITES[forge.site], here, waits.append).put(LINE, text)
    return waits


def test_a_limit_is_waited_for_as_long_as_the_site_asks(forge: FakeForge) -> None:
    forge.bad = [
        httpx.Response(429, headers={"retry-after": "7"}),
        httpx.Response(403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}),
    ]
    assert waited(forge) == [7.0, 1.0]
    assert forge.bodies() == [f"{LINE}\ntext"]


def test_a_limit_that_lasts_an_hour_is_not_waited_for(forge: FakeForge) -> None:
    forge.bad = [httpx.Response(429, headers={"retry-after": "3600"})]
    with pytest.raises(CommentError, match="limiting our calls"):
        waited(forge)
    assert len(forge.calls) == 1


def test_reads_and_updates_are_repeated_on_trouble(forge: FakeForge) -> None:
    forge.bad = [httpx.Response(502)]
    assert waited(forge) == [1.0]
    updates = FakeForge(forge.site)
    updates.add(f"{LINE}\nolder", "robot")
    updates.bad = [httpx.Response(200, json=updates.comments), httpx.Response(502)]
    assert waited(updates) == [1.0]
    assert updates.bodies() == [f"{LINE}\ntext"]


def test_a_new_comment_is_not_sent_again_before_a_look_whether_it_is_there(forge: FakeForge) -> None:
    forge.bad = [httpx.Response(200, json=[]), httpx.Response(502)]
    assert put(forge, "text") == "created"
    assert [call.split()[0] for call in forge.calls] == ["GET", "POST", "GET", "POST"]
    taken = FakeForge(forge.site)
    taken.add(f"{LINE}\ntext", "robot")  # it was taken, though the answer was lost
    taken.bad = [httpx.Response(200, json=[]), httpx.Response(502)]
    assert put(taken, "text") == "created"
    assert taken.bodies() == [f"{LINE}\ntext"]


def test_a_comment_that_was_deleted_since_it_was_found_is_made_again(forge: FakeForge) -> None:
    gone = {"id": 99, "body": f"{LINE}\nold", "user": {"login": "robot"}, "author": {"username": "robot"}}
    forge.bad = [httpx.Response(200, json=[gone])]
    assert put(forge, "new") == "created"
    assert forge.bodies() == [f"{LINE}\nnew"]


def test_of_two_comments_of_ours_none_stays_stale(forge: FakeForge) -> None:
    forge.add(f"{LINE}\none", "robot")
    forge.add("somebody's", "somebody")
    forge.add(f"{LINE}\ntwo", "robot")
    assert put(forge, "new") == "updated"
    assert forge.bodies() == [f"{LINE}\nnew", "somebody's"]


def test_a_secondary_limit_that_only_its_words_tell_is_waited_for(forge: FakeForge) -> None:
    forge.bad = [httpx.Response(403, json={"message": "You have exceeded a secondary rate limit. Please wait."})]
    assert waited(forge) == [60.0]
    assert forge.bodies() == [f"{LINE}\ntext"]


@pytest.mark.parametrize("is_app", [False, True])
def test_a_token_of_an_app_or_person_keeps_one_comment_in_actions_too(is_app: bool) -> None:
    forge = FakeForge("github", login="acme-bot[bot]", is_app=is_app)
    here = Thread("github", APIS["github"], "team/repo", "7", "github-actions[bot]", SecretText(TOKEN), "/api/graphql")
    for text in ("first", "second", "third"):
        put_comment(here, LINE, text, forge.transport)
    assert forge.bodies() == [f"{LINE}\nthird"]


def test_the_token_goes_to_the_sites_own_host_only(forge: FakeForge) -> None:
    elsewhere = {"link": '<https://elsewhere.example/page/2>; rel="next"'}
    for answer in (
        httpx.Response(200, json=[], headers=elsewhere),
        httpx.Response(301, headers={"location": "https://elsewhere.example/repos/a/b"}),
        httpx.Response(302, headers={"location": "http://github.example/api/v3/downgraded"}),
    ):
        forge.bad = [answer]
        forge.calls.clear()
        with pytest.raises(CommentError, match="another host"):
            put(forge, "text")
        assert len(forge.calls) == 1


def test_a_repository_that_moved_is_followed_with_the_same_method(forge: FakeForge) -> None:
    moved = f"{APIS[forge.site]}/repositories/42/comments"
    forge.bad = [
        httpx.Response(301, headers={"location": moved}),
        httpx.Response(200, json=[]),
        httpx.Response(307, headers={"location": moved}),
    ]
    assert put(forge, "text") == "created"
    assert [call.split()[0] for call in forge.calls] == ["GET", "GET", "POST", "POST"]
    assert forge.bodies() == [f"{LINE}\ntext"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>please log in</html>"),
        httpx.Response(200, json={"message": "an object"}),
        httpx.Response(200, json=["a string"]),
    ],
)
def test_what_is_no_answer_of_the_api_is_a_comment_error(forge: FakeForge, answer: httpx.Response) -> None:
    forge.bad = [answer]
    with pytest.raises(CommentError):
        put(forge, "text")


@pytest.mark.parametrize(("api", "token"), [("ht!tp://x y", TOKEN), ("https://github.example", "tökén")])
def test_a_wrong_address_or_token_is_a_comment_error(api: str, token: str) -> None:
    with pytest.raises(CommentError) as error:
        put_comment(Thread("github", api, "a/b", "7", "robot", SecretText(token)), LINE, "text")
    assert token not in str(error.value)


def test_a_proxy_variable_that_is_none_is_a_comment_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "nonsense://proxy.example")
    with pytest.raises(CommentError) as error:
        put_comment(Thread("github", "http://127.0.0.1:9/api", "a/b", "7", "robot", SecretText(TOKEN)), LINE, "text")
    assert TOKEN not in str(error.value)


def test_only_an_earlier_comment_is_replaced(forge: FakeForge) -> None:
    assert replace_comment(thread(forge.site), LINE, "under way", forge.transport) is False
    assert forge.bodies() == []
    forge.add(f"{LINE}\ngreen", "robot")
    assert replace_comment(thread(forge.site), LINE, "under way", forge.transport) is True
    assert forge.bodies() == [f"{LINE}\nunder way"]


def test_markers_of_other_projects_targets_or_ids_differ() -> None:
    parts: list[tuple[str, ...]] = [("a",), ("b",), ("a", "x"), ("a", "x", "y"), ("a", "xy")]
    assert len({marker(*item) for item in parts}) == len(parts)
    assert marker("-->")[:-3].count("-->") == 0


def test_actions_tells_where_and_who(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 41, "head": {"sha": "f" * 40}}}))
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "team/repo",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_API_URL": "https://github.example/api/v3",
        "GITHUB_RUN_ID": "99",
        "GITHUB_SHA": "0" * 40,
    }
    found = find_thread(WantedThread("github"), environ)
    assert (found.repository, found.request, found.author) == ("team/repo", "41", "github-actions[bot]")
    assert found.api == "https://github.example/api/v3"
    assert commit_of(environ) == "f" * 12
    assert run_of(environ) == "https://github.example/team/repo/actions/runs/99"


@pytest.mark.parametrize(
    ("site", "environ", "request_number"),
    [
        ("github", {"GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/pull/12/merge"}, "12"),
        ("gitlab", {"CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "3"}, "3"),
    ],
)
def test_the_request_is_found_in_the_ci(site: str, environ: dict[str, str], request_number: str) -> None:
    assert find_thread(WantedThread(site), environ).request == request_number


def test_any_other_ci_passes_flags() -> None:
    found = find_thread(WantedThread("gitlab", "a/b", "9", "me"), {})
    assert (found.repository, found.request, found.author, found.api) == ("a/b", "9", "me", "https://gitlab.com/api/v4")
    with pytest.raises(ConfigurationError, match="--pr"):
        find_thread(WantedThread("github", "a/b"), {})
