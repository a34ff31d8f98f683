"""What a job of a CI says of itself: commit, run, and the thread for its comment.

From flags and variables: pure but for the event file that GitHub Actions leaves for its steps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError
from reconciler.model.values import SecretText

ACTIONS_BOT = "github-actions[bot]"


@dataclass(frozen=True, slots=True)
class Thread:
    """The pull or merge request that a comment belongs to.

    `site` is `github` or `gitlab`, `api` its address, `author` who we are there ("" to ask the site).
    `token` is None where the job has none, as for a pull request from a fork. `viewer_url` is where GitHub tells
    whose an app's token is.
    """

    site: str
    api: str
    repository: str
    request: str
    author: str
    token: SecretText | None
    viewer_url: str | None = None


@dataclass(frozen=True, slots=True)
class WantedThread:
    """What a person says of it; what is empty is looked for in the CI's variables."""

    site: str
    repository: str = ""
    request: str = ""
    author: str = ""


def find_thread(wanted: WantedThread, environ: Mapping[str, str]) -> Thread:
    """Where to comment; ConfigurationError names the flag that is missing outside of a CI."""
    site = wanted.site
    repository = wanted.repository or environ.get("GITHUB_REPOSITORY" if site == "github" else "CI_PROJECT_ID", "")
    request = wanted.request or (_pull_request(environ) if site == "github" else _merge_request(environ))
    for value, flag in ((repository, "--repo"), (request, "--pr")):
        if not value:
            raise ConfigurationError(
                f"--comment {site}: this job does not say which request to comment on: pass {flag}"
            )
    author = wanted.author
    if site == "github":
        token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
        author = author or (ACTIONS_BOT if environ.get("GITHUB_ACTIONS") else "")
        api = environ.get("GITHUB_API_URL") or "https://api.github.com"
    else:
        token = environ.get("GITLAB_TOKEN")
        api = environ.get("CI_API_V4_URL") or "https://gitlab.com/api/v4"
    api = api.rstrip("/")
    viewer = f"{api.removesuffix('/v3')}/graphql" if site == "github" else None
    return Thread(site, api, repository, request, author, SecretText(token) if token else None, viewer)


def _merge_request(environ: Mapping[str, str]) -> str:
    return environ.get("CI_MERGE_REQUEST_IID", "")


def _pull_request(environ: Mapping[str, str]) -> str:
    """From the event that started the run; else from the ref of a pull request, `refs/pull/7/merge`."""
    event = read_event(environ)
    for key in ("pull_request", "issue"):
        number = event.get(key, {}).get("number") if isinstance(event.get(key), dict) else None
        if number:
            return str(number)
    parts = environ.get("GITHUB_REF", "").split("/")
    return parts[2] if parts[:2] == ["refs", "pull"] and len(parts) > 2 else ""


def read_event(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """What GitHub Actions says of the event that started the run; empty elsewhere."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    try:
        event = json.loads(Path(path).read_text("utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def commit_of(environ: Mapping[str, str]) -> str:
    """The commit that a job is about: a pull request's own head, not the merge that was made for the job."""
    request = read_event(environ).get("pull_request")
    head = request.get("head") if isinstance(request, dict) else None
    sha = head.get("sha") if isinstance(head, dict) else None
    return str(sha or environ.get("CI_COMMIT_SHA") or environ.get("GITHUB_SHA") or "")[:12]


def run_of(environ: Mapping[str, str]) -> str:
    """The address of this job, "" outside of the CIs that tell it."""
    if environ.get("CI_JOB_URL"):
        return environ["CI_JOB_URL"]
    server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
    run = environ.get("GITHUB_RUN_ID")
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
