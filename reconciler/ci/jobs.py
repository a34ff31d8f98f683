"""What a CI job says about itself: its commit, its address, and the thread that its comment belongs to.

Read from flags and variables. Pure except for reading the event file that GitHub Actions writes for its steps.
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

    `site` is `github` or `gitlab`, `api` the address of its API, `author` our name there ("": ask the site). `token` is
    None if the job has none, as for a pull request from a fork. `viewer_url` is the GraphQL address at which GitHub
    tells whose an app's token is; None on GitLab.
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
    """The thread as the flags name it; what is empty is taken from the CI's variables."""

    site: str
    repository: str = ""
    request: str = ""
    author: str = ""


def find_thread(wanted: WantedThread, environ: Mapping[str, str]) -> Thread:
    """The thread to comment on; ConfigurationError names the flag to pass if the CI's variables do not name it."""
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
    """The number from the event that started the run, else from the ref `refs/pull/7/merge`; "" if there is none."""
    event = read_event(environ)
    for key in ("pull_request", "issue"):
        number = event.get(key, {}).get("number") if isinstance(event.get(key), dict) else None
        if number:
            return str(number)
    parts = environ.get("GITHUB_REF", "").split("/")
    return parts[2] if parts[:2] == ["refs", "pull"] and len(parts) > 2 else ""


def read_event(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The event that started the run, as GitHub Actions describes it; empty elsewhere."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    try:
        event = json.loads(Path(path).read_text("utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}


def commit_of(environ: Mapping[str, str]) -> str:
    """The commit that a job is about, by its first 12 digits: a pull request's own head, not the merge commit that
    GitHub makes for the job. "" if it is not known."""
    request = read_event(environ).get("pull_request")
    head = request.get("head") if isinstance(request, dict) else None
    sha = head.get("sha") if isinstance(head, dict) else None
    return str(sha or environ.get("CI_COMMIT_SHA") or environ.get("GITHUB_SHA") or "")[:12]


def run_of(environ: Mapping[str, str]) -> str:
    """The address of this job's page; "" if the CI does not give it."""
    if environ.get("CI_JOB_URL"):
        return environ["CI_JOB_URL"]
    server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
    run = environ.get("GITHUB_RUN_ID")
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
