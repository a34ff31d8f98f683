"""The page of environment variables: each flag's own, and all others that the program reads."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click

from tools.reference.markdown import code, page, prose, table
from tools.reference.verbs import commands

PACKAGE = Path(__file__).resolve().parents[2] / "reconciler"

_INTRO = """Each flag of each verb has a variable, `RECONCILER_` and the flag in capitals; the flag counts before it.
Others are read by the names that their systems gave them. Nothing is read from a `.env` or a netrc file."""

_CHECKOUTS = "Where the CI says that its checkout is: what lies there is the author's of a change, and is not trusted."
_PULL_REQUEST = "Whether the job is a pull or merge request's: then a plan without `--base` is warned of."
_LIBRARY = "Read by the libraries that make the connection; under `--base` refused where it leads into the checkout."
_TREE = "Set or taken away for `git` and for commands of secret sources, so that nothing of a proposal is run."

OTHERS: dict[str, str] = {
    "CI": "Any value: no question is asked and no progress is drawn.",
    "NO_COLOR": "Any value: no colours, whatever else is set.",
    "FORCE_COLOR": "Any value: colours, also where no terminal is.",
    "TERM": "`dumb`: a terminal without colours.",
    "SOURCE_DATE_EPOCH": "The time, in seconds, that a saved plan gives as `created_at`.",
    "RECONCILER_PLAN_KEY": "The key by which saved plans are signed and verified.",
    "OPENSEARCH_URL": "The address of the only OpenSearch target of a project, where it has no `url`.",
    "CONFLUENT_CLOUD_API_KEY": "The API key of a Confluent target without `auth`.",
    "CONFLUENT_CLOUD_API_SECRET": "Its secret.",
    "VAULT_ADDR": "Vault's address.",
    "VAULT_TOKEN": "Vault's token; without it `~/.vault-token`.",
    "VAULT_NAMESPACE": "Vault's namespace.",
    "VAULT_CACERT": "The file of the authority that signed Vault's certificate.",
    "VAULT_CAPATH": "The folder of such authorities.",
    "VAULT_SKIP_VERIFY": "Refused, with what to set instead: anybody in between could read the secrets.",
    "VAULT_CLIENT_CERT": "The file of a certificate that Vault wants of its clients.",
    "VAULT_CLIENT_KEY": "The file of its key; without it the key is in the certificate's file.",
    "SOPS_HC_VAULT_ALLOWLIST": "Set for `sops`, so that it sends its token to `VAULT_ADDR` alone.",
    "HOME": "Where `~/.vault-token` is.",
    "PATH": "Where programs are looked for: `git`, `sops`, commands of secret sources.",
    "PWD": "Where the command was started, links included.",
    "RUNNER_TEMP": "Where the trees of `--base` are put in GitHub Actions.",
    "GITHUB_ACTIONS": "Whether the job runs in GitHub Actions.",
    "GITHUB_TOKEN": "The token for `--comment github`.",
    "GH_TOKEN": "The same, where `GITHUB_TOKEN` is not set.",
    "GITHUB_API_URL": "The API of an enterprise host.",
    "GITHUB_SERVER_URL": "The host, for links.",
    "GITHUB_REPOSITORY": "The repository of the comment, without `--repo`.",
    "GITHUB_REF": "The pull request of the comment, without `--pr`.",
    "GITHUB_EVENT_PATH": "The event that started the job: the pull request and its commit.",
    "GITHUB_SHA": "The commit that the comment names.",
    "GITHUB_RUN_ID": "The run, for the comment's link.",
    "GITHUB_STEP_SUMMARY": "The file that `--summary` adds to.",
    "GITLAB_TOKEN": "The token for `--comment gitlab`.",
    "CI_API_V4_URL": "GitLab's API.",
    "CI_COMMIT_SHA": "The commit that the comment names.",
    "CI_JOB_URL": "The job, for the comment's link.",
    "CI_PROJECT_ID": "The project of the comment, without `--repo`.",
}
"""Variables that the program reads by name, and what each is for."""

GROUPS: dict[str, tuple[str, ...]] = {
    _CHECKOUTS: (
        "BITBUCKET_CLONE_DIR",
        "BUILDKITE_BUILD_CHECKOUT_PATH",
        "BUILD_SOURCESDIRECTORY",
        "CIRCLE_WORKING_DIRECTORY",
        "CI_PROJECT_DIR",
        "CODEBUILD_SRC_DIR",
        "DRONE_WORKSPACE",
        "GITHUB_WORKSPACE",
        "SYSTEM_DEFAULTWORKINGDIRECTORY",
        "TRAVIS_BUILD_DIR",
    ),
    _PULL_REQUEST: (
        "BITBUCKET_PR_ID",
        "BUILDKITE_PULL_REQUEST",
        "CHANGE_ID",
        "CIRCLE_PULL_REQUEST",
        "CI_MERGE_REQUEST_IID",
        "CI_PIPELINE_SOURCE",
        "DRONE_PULL_REQUEST",
        "GITHUB_EVENT_NAME",
        "SYSTEM_PULLREQUEST_PULLREQUESTID",
        "TRAVIS_PULL_REQUEST",
    ),
    _LIBRARY: (
        "ALL_PROXY",
        "AWS_CA_BUNDLE",
        "AWS_CONFIG_FILE",
        "AWS_DATA_PATH",
        "AWS_SHARED_CREDENTIALS_FILE",
        "BOTO_CONFIG",
        "CURL_CA_BUNDLE",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    ),
    _TREE: (
        "GIT_ASKPASS",
        "GIT_CEILING_DIRECTORIES",
        "GIT_CONFIG_GLOBAL",
        "GIT_DIR",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OPTIONAL_LOCKS",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_TERMINAL_PROMPT",
        "GIT_WORK_TREE",
        "LC_ALL",
    ),
}
"""Variables that are handled alike, by what is done with them."""


NOT_READ = {
    "GIT_": "what the variables of git begin with",
    "RECONCILER_": "what the variables of flags begin with",
    "RECONCILER_SECRET_": "what the variables of `{secret: NAME, key: KEY}` begin with",
    "OIDC_TOKEN": "an example",
    "ONCALL_WEBHOOK_URL": "an example",
    "OPENSEARCH_PASSWORD": "an example, and what `init` writes",
    "OPENSEARCH_TOKEN": "an example",
    "OPENSEARCH_USERNAME": "an example, and what `init` writes",
}
"""Texts of the source that look like variables, and what they are instead."""


def read_by_the_source() -> set[str]:
    """Names that the source looks up in an environment, and texts in it that look like one: capitals, an underscore."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        if "simulator" not in path.parts:
            found.update(find_names(path.read_text("utf-8")))
    return found


def find_names(source: str) -> Iterator[str]:
    """The variables that one module names."""
    attributes: set[ast.AST] = set()  # what getattr is asked for, as os.O_BINARY: no variable
    for node in ast.walk(ast.parse(source)):  # a call comes before what it holds
        key: ast.expr | None = None
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr"):
            attributes.update(node.args)
        elif isinstance(node, ast.Call) and node.args and ast.unparse(node.func).endswith("environ.get"):
            key = node.args[0]
        elif isinstance(node, ast.Subscript) and "environ" in ast.unparse(node.value):
            key = node.slice
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "_" in node.value:
            key = None if node in attributes else node
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and _is_name(key.value):
            yield key.value


def _is_name(text: str) -> bool:
    return len(text) > 1 and text.isascii() and text.isupper() and text.replace("_", "").isalnum() and text[0].isalpha()


def render() -> str:
    """The page."""
    parts = [_INTRO, "## Of flags", _flags(), "## Of everything else", _others(), "## Of the CI, the libraries and git"]
    parts += [f"{prose(about)}\n\n{', '.join(map(code, names))}" for about, names in GROUPS.items()]
    return page("Environment variables", *parts)


def _flags() -> str:
    used: dict[str, list[str]] = defaultdict(list)
    about: dict[str, tuple[str, str]] = {}
    for verb, command in commands():
        for option in command.params:
            if isinstance(option, click.Option):
                for variable in [option.envvar] if isinstance(option.envvar, str) else option.envvar or ():
                    used[variable].append(verb)
                    about.setdefault(variable, (max(option.opts, key=len), option.help or ""))
    rows = [[code(name), code(about[name][0]), ", ".join(used[name])] for name in sorted(used)]
    return table(["variable", "flag", "of the verbs"], rows)


def _others() -> str:
    return table(["variable", "meaning"], [[code(name), prose(OTHERS[name])] for name in sorted(OTHERS)])
