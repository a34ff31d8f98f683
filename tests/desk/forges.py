"""GitHub's and GitLab's comments, as much as is needed: pages, authors, tokens that only read, limits."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

TOKEN = "a-token-for-tests"


@dataclass
class FakeForge:
    """The comments of one request. `bad` are answers that are given first, in order."""

    site: str
    comments: list[dict[str, Any]] = field(default_factory=list)
    bad: list[httpx.Response] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    login: str = "robot"
    page_size: int = 2

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def add(self, body: str, author: str) -> None:
        user = {"user": {"login": author}} if self.site == "github" else {"author": {"username": author}}
        self.comments.append({"id": len(self.comments) + 1, "body": body, **user})

    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self.comments]

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        self.calls.append(f"{request.method} {path}")
        assert TOKEN in (request.headers.get("authorization", "") + request.headers.get("private-token", ""))
        if self.bad:
            return self.bad.pop(0)
        if path.endswith("/user"):
            return httpx.Response(200, json={"login": self.login, "username": self.login})
        if request.method == "GET":
            return self._page(request)
        body = json.loads(request.content)["body"]
        if request.method == "POST":
            self.add(body, self.login)
            return httpx.Response(201, json=self.comments[-1])
        self.comments[int(path.rsplit("/", 1)[1]) - 1]["body"] = body
        return httpx.Response(200, json={})

    def _page(self, request: httpx.Request) -> httpx.Response:
        page = int(request.url.params.get("page", "1"))
        items = self.comments[(page - 1) * self.page_size : page * self.page_size]
        headers = {}
        if page * self.page_size < len(self.comments):
            following = request.url.copy_merge_params({"page": page + 1})
            headers["link"] = f'<{following}>; rel="next"'
        return httpx.Response(200, json=items, headers=headers)
