"""Environment variables and files, good and bad."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.model.values import SecretReference
from tests.secrets.conftest import Resolve


def read(resolve: Resolve, source: str, argument: str, key: str = "", **parts: object) -> str:
    reference = SecretReference(source, argument, key)
    resolution = resolve(reference, **parts)
    return resolution.values[reference].reveal() if resolution.values else "FAILED " + resolution.failures[reference]


def test_env_reads_the_given_environment(resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_URL", "of the process")
    assert read(resolve, "env", "SLACK_URL", environ={"SLACK_URL": "planted"}) == "planted"


@pytest.mark.parametrize(("environ", "fault"), [({}, "is not set"), ({"SLACK_URL": ""}, "is empty")])
def test_a_variable_without_a_value_is_named(resolve: Resolve, environ: dict[str, str], fault: str) -> None:
    failure = read(resolve, "env", "SLACK_URL", environ=environ)
    assert failure == f"FAILED environment variable SLACK_URL {fault}; set it where this runs"


@pytest.mark.parametrize(
    "argument", ["https://hooks.example.org/planted", "", "planted value", "9planted", "planted\n"]
)
def test_a_value_written_in_place_of_a_name_is_not_repeated(resolve: Resolve, argument: str) -> None:
    failure = read(resolve, "env", argument)
    assert failure.startswith("FAILED this is not the name")
    assert "planted" not in failure


def test_stray_bytes_in_a_variable_are_refused(resolve: Resolve) -> None:
    assert "binary" in read(resolve, "env", "A", environ={"A": os.fsdecode(b"planted\xff")})


def test_newlines_within_a_value_are_kept(resolve: Resolve) -> None:
    assert read(resolve, "env", "A", environ={"A": "a\nb\n"}) == "a\nb\n"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"planted", "planted"),
        (b"planted\n", "planted"),
        (b"planted\r\n", "planted"),
        (b"planted\n\n", "planted\n"),
        (b" planted ", " planted "),
        ("plänted•\n".encode(), "plänted•"),
        (b"\xef\xbb\xbfplanted\n", "planted"),
        (b"p" * (1 << 20), "p" * (1 << 20)),
    ],
)
def test_a_file_without_its_one_last_newline(resolve: Resolve, tmp_path: Path, content: bytes, value: str) -> None:
    (tmp_path / "token").write_bytes(content)
    assert read(resolve, "file", "token") == value


def test_a_file_may_be_anywhere(resolve: Resolve, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("planted")
    (tmp_path / "project").mkdir()
    for argument in ("../token", str(tmp_path / "token")):
        assert read(resolve, "file", argument, root=tmp_path / "project") == "planted"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"planted\0", "binary"),
        (b"planted\xff\xfe", "binary"),
        (b"", "empty"),
        (b"\n", "empty"),
        (b"p" * ((1 << 20) + 1), "more than 1 MiB"),
    ],
)
def test_a_file_that_holds_no_secret(resolve: Resolve, tmp_path: Path, content: bytes, fault: str) -> None:
    (tmp_path / "token").write_bytes(content)
    failure = read(resolve, "file", "token")
    assert failure.startswith("FAILED ")
    assert fault in failure
    assert "planted" not in failure


def test_a_missing_file_is_named(resolve: Resolve) -> None:
    assert 'file "token" cannot be read (No such file or directory)' in read(resolve, "file", "token")


def test_a_folder_and_a_pipe_are_not_files(resolve: Resolve, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert "Is a directory" in read(resolve, "file", "folder")
    assert "not a regular file" in read(resolve, "file", "pipe")


@pytest.mark.parametrize("argument", ["", "a\0b"])
def test_what_is_no_path(resolve: Resolve, argument: str) -> None:
    assert "not a path" in read(resolve, "file", argument)


def test_a_link_is_followed(resolve: Resolve, tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "token").write_text("planted")
    (tmp_path / "token").symlink_to("..data/token")
    assert read(resolve, "file", "token", allow=("file:token",)) == "planted"


def test_an_allowed_name_cannot_be_made_to_stand_for_a_file_outside(resolve: Resolve, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "token").write_text("planted")
    (project / "link").symlink_to(tmp_path / "token")
    (project / "loop").symlink_to("loop")
    assert read(resolve, "file", "link", root=project) == "planted"
    failure = read(resolve, "file", "link", root=project, allow=("file:*",))
    assert "spec.secrets.allow" in failure
    assert read(resolve, "file", "loop", root=project, allow=("file:*",)).startswith("FAILED")
    assert read(resolve, "file", "../token", root=project, allow=("file:../token",)) == "planted"


@pytest.mark.parametrize("source", ["env", "file"])
def test_a_key_where_there_are_no_parts(resolve: Resolve, source: str) -> None:
    assert "takes no key" in read(resolve, source, "A", "k", environ={"A": "planted"})


def test_no_env_file_is_read(resolve: Resolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SLACK_URL=planted\n")
    monkeypatch.chdir(tmp_path)
    assert resolve(SecretReference("env", "SLACK_URL")).values == {}


def test_why_a_secret_is_missing_is_one_line_whatever_its_name_holds(resolve: Resolve) -> None:
    for source in ("file", "env", "sops", "secret"):
        reference = SecretReference(source, "a\n::error::forged\u202e", "k\nk" if source in ("sops", "secret") else "")
        (why,) = resolve(reference).failures.values()
        assert why.isprintable(), ascii(why)
