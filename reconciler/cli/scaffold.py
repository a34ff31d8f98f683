"""The files of a new project: project file, one example manifest, a CI workflow. Pure: it returns texts by path.

Separate from the verb so that a test can check every combination with `validate` and with the CIs' own schemas.
"""

from __future__ import annotations

import json
import re

from reconciler.model.dataclass import dataclass
from reconciler.providers import settings_of

_AUTH = """\
      auth: # the cluster's user, from the environment; leave it out where there is none
        basic:
          username: {env: USERNAME}
          password: {env: PASSWORD}
"""

_GITHUB = """\
# Plan on pull requests, apply on the default branch. The recipes in docs/ci.md go further.
name: channels
on:
  pull_request:
    branches: [BRANCH]
  push:
    branches: [BRANCH]
permissions: {}
jobs:
  plan:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-24.04
    permissions: {contents: read, pull-requests: write}
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with: {fetch-depth: 0, persist-credentials: false}
      - uses: ACTION
        with: # it plans with --base: targets and secret sources are those of BRANCH, whatever the pull request says
          command: plan --comment github --summary --annotations
        env:
          GITHUB_TOKEN: ${{ github.token }}
ENVIRON
  apply:
    if: github.event_name == 'push'
    runs-on: ubuntu-24.04
    permissions: {actions: read, contents: read}
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with: {persist-credentials: false}
      - uses: ACTION
        with:
          in-turn: "true" # applies happen in order, and none is dropped
          command: apply --yes --summary --annotations
        env:
ENVIRON
          EXAMPLE_SLACK_URL: ${{ secrets.EXAMPLE_SLACK_URL }}
"""

_GITLAB = """\
# Plan on merge requests, apply on the default branch. The recipes in docs/ci.md go further.
include:
  - project: OWNER/reconciler # where your copy of reconciler is
    ref: REF # a full commit hash of it
    file: /templates/gitlab-ci.yml
variables:
  RECONCILER_REPOSITORY: https://gitlab.example.org/OWNER/reconciler.git # the same, to install from
  RECONCILER_REF: REF
"""

_QUOTED = re.compile(r"[^A-Za-z0-9:/._~?=&%+@\[\]-]|[:\[]$")
"""Finds in a URL what a YAML scalar without quotes should not contain."""

ACTION = "OWNER/reconciler@REF # where your copy of reconciler is, by its full hash"


@dataclass(frozen=True, slots=True)
class NewProject:
    """What `init` is to write. `url` "": the environment has the address; `ci` is `github`, `gitlab` or `none`."""

    name: str
    provider: str
    url: str = ""
    ci: str = "none"
    branch: str = "main"


def project_files(project: NewProject) -> dict[str, str]:
    """The text of each file by its path from the project's folder."""
    files = {"reconciler.yaml": _project_file(project), "channels/example.yaml": _manifest()}
    if project.ci == "github":
        files[".github/workflows/channels.yaml"] = _workflow(project)
    elif project.ci == "gitlab":
        files[".gitlab-ci.yml"] = _GITLAB
    return files


def _project_file(project: NewProject) -> str:
    settings = settings_of(project.provider)
    target = settings.usual_target
    lines = [
        "# What is managed, and where. `reconciler validate` checks it, `reconciler doctor` tries the targets.",
        "apiVersion: channels.gitops/v1",
        "kind: Project",
        f"metadata: {{name: {project.name}}}",
        "spec:",
        "  manifests: [channels/]",
        f"  default_targets: [{target}]",
        "  targets:",
        f"    {target}:",
        f"      provider: {project.provider}",
    ]
    if settings.default_login:
        lines.append(f"      # credentials: the environment's {' and '.join(settings.default_login)}")
    if project.url:
        lines.append(f"      url: {json.dumps(project.url) if _QUOTED.search(project.url) else project.url}")
    elif settings.url_variable:
        variable = settings.url_variable
        lines.append(f"      # its address: write url here, or set the environment variable {variable}")
    text = "\n".join(lines) + "\n"
    if login := _login(project):
        text += _AUTH.replace("USERNAME", login[0]).replace("PASSWORD", login[1])
    return text


def _login(project: NewProject) -> tuple[str, ...]:
    """The variables of a login that the project file has to name; none for plain http. An address that is not known
    yet is most likely that of a secured system."""
    return () if project.url.startswith("http://") else settings_of(project.provider).usual_login or ()


def _manifest() -> str:
    return """\
# One channel. `reconciler explain SlackChannel` shows what else it can hold.
apiVersion: channels.gitops/v1
kind: SlackChannel
metadata:
  name: example
spec:
  display_name: Example
  description: Says that it works
  webhook_url: {env: EXAMPLE_SLACK_URL} # a secret: the manifest only says where it is kept
"""


def _workflow(project: NewProject) -> str:
    settings = settings_of(project.provider)
    names = [settings.url_variable] if settings.url_variable and not project.url else []
    names += settings.default_login or _login(project)
    environ = "\n".join(f"          {name}: ${{{{ secrets.{name} }}}}" for name in names)
    text = _GITHUB.replace("ACTION", ACTION).replace("BRANCH", project.branch)
    return text.replace("ENVIRON\n", f"{environ}\n" if environ else "")
