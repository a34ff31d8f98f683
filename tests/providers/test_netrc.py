"""No HTTP client of ours takes credentials from a netrc file, or an address from a `.env` file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from reconciler.ci.forges import marker, put_comment
from reconciler.ci.jobs import Thread
from reconciler.model.values import SecretText
from reconciler.providers.connection import Connection, make_client
from tests.ci.forges import TOKEN, FakeForge
from tests.ci.serving import serve


@dataclass
class Witness(FakeForge):
    """A forge that remembers the Authorization header of each request."""

    seen: list[str | None] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request.headers.get("authorization"))
        return super().answer(request)


@pytest.fixture(params=["NETRC", "HOME"], autouse=True)
def planted(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files, where a client that looks for them would find them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".env").write_text("HTTP_PROXY=http://127.0.0.1:9\nALL_PROXY=http://127.0.0.1:9\n")
    file = tmp_path / (".netrc" if request.param == "HOME" else "elsewhere")
    file.write_text("default login planted password planted\n")
    file.chmod(0o600)
    if request.param == "NETRC":
        monkeypatch.setenv("NETRC", str(file))


@pytest.mark.parametrize("url", ["https://search.example", "http://127.0.0.1:9200"])
def test_a_target_is_sent_no_credentials_but_its_own(url: str) -> None:
    seen: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return httpx.Response(200)

    async def call() -> None:
        async with make_client(Connection(url, transport=httpx.MockTransport(handler))) as client:
            await client.get("/x")

    asyncio.run(call())
    assert seen == [None]


@pytest.mark.parametrize(("site", "allowed"), [("github", f"Bearer {TOKEN}"), ("gitlab", None)])
def test_a_forge_is_sent_its_token_and_nothing_else(site: str, allowed: str | None) -> None:
    forge = Witness(site)
    with serve(forge) as url:
        assert put_comment(Thread(site, url, "team/repo", "7", "robot", SecretText(TOKEN)), marker("x"), "x")
    assert set(forge.seen) == {allowed}
