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
    is_app: bool = False
    page_size: int = 2
    numbers: int = 0

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def add(self, body: str, author: str) -> None:
        user = {"user": {"login": author}} if self.site == "github" else {"author": {"username": author}}
        self.numbers += 1
        self.comments.append({"id": self.numbers, "body": body, **user})

    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self.comments]

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        self.calls.append(f"{request.method} {path}")
        assert TOKEN in (request.headers.get("authorization", "") + request.headers.get("private-token", ""))
        if self.bad:
            return self.bad.pop(0)
        if path.endswith("/user") and self.is_app:
            return httpx.Response(403, json={"message": "Resource not accessible by integration"})
        if path.endswith("/graphql"):
            return httpx.Response(200, json={"data": {"viewer": {"login": self.login}}})
        if path.endswith("/user"):
            return httpx.Response(200, json={"login": self.login, "username": self.login})
        if request.method == "GET":
            return self._page(request)
        if request.method == "DELETE":
            self.comments = [item for item in self.comments if str(item["id"]) != path.rsplit("/", 1)[1]]
            return httpx.Response(204)
        body = json.loads(request.content)["body"]
        if request.method == "POST":
            self.add(body, self.login)
            return httpx.Response(201, json=self.comments[-1])
        number = path.rsplit("/", 1)[1]
        found = [item for item in self.comments if str(item["id"]) == number]
        if not found:
            return httpx.Response(404, json={"message": "Not Found"})
        found[0]["body"] = body
        return httpx.Response(200, json={})

    def _page(self, request: httpx.Request) -> httpx.Response:
        page = int(request.url.params.get("page", "1"))
        items = self.comments[(page - 1) * self.page_size : page * self.page_size]
        headers = {}
        if page * self.page_size < len(self.comments):
            following = request.url.copy_merge_params({"page": page + 1})
            headers["link"] = f'<{following}>; rel="next"'
        return httpx.Response(200, json=items, headers=headers)
