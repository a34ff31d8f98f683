"""A Secret as Kubernetes mounts it, or as a variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.text import suggest
from reconciler.model.values import SecretReference
from tests.secrets.conftest import Resolve

VARIABLE = "RECONCILER_SECRET_ON_CALL_SLACK_URL"


def read(resolve: Resolve, name: str = "on-call", key: str = "slack.url", **parts: object) -> str:
    reference = SecretReference("secret", name, key)
    resolution = resolve(reference, **parts)
    return resolution.values[reference].reveal() if resolution.values else "FAILED " + resolution.failures[reference]


def mount(folder: Path, text: str = "of the file\n") -> None:
    """As the kubelet does it: every file is a link through a folder that is exchanged as a whole."""
    (folder / "on-call/..2026").mkdir(parents=True)
    (folder / "on-call/..2026/slack.url").write_text(text)
    (folder / "on-call/..data").symlink_to("..2026")
    (folder / "on-call/slack.url").symlink_to("..data/slack.url")


@pytest.mark.parametrize("environ", [{}, {VARIABLE: "of the variable"}])
def test_the_mounted_file_comes_first(resolve: Resolve, tmp_path: Path, environ: dict[str, str]) -> None:
    mount(tmp_path / "mounted")
    for directory in ("mounted", str(tmp_path / "mounted")):
        assert read(resolve, root=tmp_path, directory=directory, environ=environ) == "of the file"


@pytest.mark.parametrize("directory", [None, "mounted"])
def test_the_variable_comes_next(resolve: Resolve, directory: str | None) -> None:
    assert read(resolve, directory=directory, environ={VARIABLE: "of the variable"}) == "of the variable"
    for environ in ({}, {VARIABLE: ""}):
        failure = read(resolve, directory=directory, environ=environ)
        assert failure.startswith("FAILED there is no file on-call/slack.url ")
        assert failure.endswith(f"{VARIABLE} is not set; give one of them")


@pytest.mark.parametrize(("name", "key"), [("..", "x"), ("a", ".."), ("a/b", "x"), ("a", "../x"), ("a", ""), ("", "x")])
def test_no_name_leads_out_of_the_folder(resolve: Resolve, tmp_path: Path, name: str, key: str) -> None:
    (tmp_path / "x").write_text("planted")
    failure = read(resolve, name, key, root=tmp_path, directory="mounted")
    assert failure.startswith("FAILED this is not the name and key of a Secret")


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("TeamsChannel", "MicrosoftTeamsChannel"),
        ("Slack", "SlackChannel"),
        ("Pager", ""),
        ("SlackChanel", "SlackChannel"),
    ],
)
def test_a_part_of_one_word_means_that_word(wrong: str, meant: str) -> None:
    known = ["SlackChannel", "MicrosoftTeamsChannel", "MattermostChannel", "SnsTopicForChannels"]
    assert suggest(wrong, known) == (f"did you mean {meant}?" if meant else "")
