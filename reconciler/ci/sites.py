"""What differs between GitHub's and GitLab's comments: paths, headers, authors. Pure; `forges` makes the calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

from reconciler.ci.jobs import Thread
from reconciler.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment on a request; `author` is a login name."""

    id: str
    author: str
    body: str


class Site(Protocol):
    """The paths and field names of one site's API."""

    def headers(self, token: str) -> dict[str, str]:
        """The headers that carry the token."""
        ...

    def comments_path(self, thread: Thread) -> str:
        """The path at which a request's comments are listed and created."""
        ...

    def comment_path(self, thread: Thread, comment_id: str) -> str:
        """The path of one comment."""
        ...

    @property
    def update_method(self) -> str:
        """The HTTP method that updates a comment."""
        ...

    def read(self, item: dict[str, object]) -> Comment:
        """The comment that one entry of the list describes."""
        ...

    @property
    def name_field(self) -> str:
        """The field of the answer to `/user` that holds our name."""
        ...


class _GitHub:
    update_method = "PATCH"
    name_field = "login"

    def headers(self, token: str) -> dict[str, str]:
        return {
            "authorization": f"Bearer {token}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }

    def comments_path(self, thread: Thread) -> str:
        return f"/repos/{quote(thread.repository)}/issues/{quote(thread.request, safe='')}/comments"

    def comment_path(self, thread: Thread, comment_id: str) -> str:
        return f"/repos/{quote(thread.repository)}/issues/comments/{comment_id}"

    def read(self, item: dict[str, object]) -> Comment:
        return Comment(str(item.get("id")), _name(item.get("user"), "login"), str(item.get("body") or ""))


class _GitLab:
    update_method = "PUT"
    name_field = "username"

    def headers(self, token: str) -> dict[str, str]:
        return {"private-token": token}

    def comments_path(self, thread: Thread) -> str:
        return f"/projects/{quote(thread.repository, safe='')}/merge_requests/{quote(thread.request, safe='')}/notes"

    def comment_path(self, thread: Thread, comment_id: str) -> str:
        return f"{self.comments_path(thread)}/{comment_id}"

    def read(self, item: dict[str, object]) -> Comment:
        return Comment(str(item.get("id")), _name(item.get("author"), "username"), str(item.get("body") or ""))


def _name(user: object, field: str) -> str:
    return str(user.get(field) or "") if isinstance(user, dict) else ""


SITES: Mapping[str, Site] = {"github": _GitHub(), "gitlab": _GitLab()}
"""The sites, by the value of `--comment`."""
