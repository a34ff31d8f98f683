"""GitHub's and GitLab's calls for comments.

GitHub: REST API "Issue comments", 2022-11-28; GitLab: API v4 "Notes", 18. Both give the next page in `Link`.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from reconciler.comments.forge import Comment, Site
from reconciler.comments.place import Place

__all__ = ["SITES"]


class _GitHub:
    update_method = "PATCH"
    name_field = "login"

    def headers(self, token: str) -> dict[str, str]:
        return {
            "authorization": f"Bearer {token}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }

    def comments_path(self, place: Place) -> str:
        return f"/repos/{quote(place.repository)}/issues/{quote(place.request, safe='')}/comments"

    def comment_path(self, place: Place, comment_id: str) -> str:
        return f"/repos/{quote(place.repository)}/issues/comments/{comment_id}"

    def read(self, item: dict[str, object]) -> Comment:
        return Comment(str(item.get("id")), _name(item.get("user"), "login"), str(item.get("body") or ""))


class _GitLab:
    update_method = "PUT"
    name_field = "username"

    def headers(self, token: str) -> dict[str, str]:
        return {"private-token": token}

    def comments_path(self, place: Place) -> str:
        return f"/projects/{quote(place.repository, safe='')}/merge_requests/{quote(place.request, safe='')}/notes"

    def comment_path(self, place: Place, comment_id: str) -> str:
        return f"{self.comments_path(place)}/{comment_id}"

    def read(self, item: dict[str, object]) -> Comment:
        return Comment(str(item.get("id")), _name(item.get("author"), "username"), str(item.get("body") or ""))


def _name(user: object, field: str) -> str:
    return str(user.get(field) or "") if isinstance(user, dict) else ""


SITES: Mapping[str, Site] = {"github": _GitHub(), "gitlab": _GitLab()}
"""The sites by the word of `--comment`."""
