"""Paths and streams: what is loaded, in which order, and how what cannot be read is reported."""

from __future__ import annotations

import gc
import io
import os
from pathlib import Path

import pytest

from reconciler.manifests.files import MAX_BYTES
from reconciler.manifests.load import Loaded, load_manifests
from reconciler.model.errors import Level, Location

HEAD = "apiVersion: channels.gitops/v1\nkind: SlackChannel\n"


def slack(name: str) -> str:
    return f"{HEAD}metadata: {{name: {name}}}\nspec: {{webhook_url: {{env: A}}}}\n"


def load(*paths: Path | str, root: Path, stdin: io.BytesIO | io.StringIO | None = None) -> Loaded:
    return load_manifests(paths, root=root, stdin=stdin)


def rules(loaded: Loaded) -> list[str]:
    return [problem.rule for problem in loaded.problems]


def test_a_folder_is_taken_with_all_below_it_sorted_and_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b/z.yml", "b/a.YAML", "a.json", "c.yaml", ".hidden.yaml", ".git/x.yaml", "notes.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(slack(path.stem.strip(".")) if "json" not in name else "{}", "utf-8")
    (tmp_path / "a.json").write_text(
        '{"apiVersion": "channels.gitops/v1", "kind": "SlackChannel", "metadata": {"name": "j"},'
        ' "spec": {"webhook_url": {"env": "A"}}}'
    )
    loaded = load(tmp_path, root=Path("/"))
    assert loaded.problems == ()
    assert [manifest.name for manifest in loaded.manifests] == ["j", "a", "z", "c"]


def test_a_project_file_is_left_out_of_a_folder_but_refused_when_named(tmp_path: Path) -> None:
    (tmp_path / "channel.yaml").write_text(slack("a"))
    project = tmp_path / "staging.yaml"
    project.write_text("apiVersion: channels.gitops/v1\nkind: Project\nmetadata: {name: x}\n")
    assert rules(load(tmp_path, root=tmp_path)) == []
    assert rules(load("staging.yaml", root=tmp_path)) == ["unknown-kind"]


def test_a_file_that_is_reached_twice_is_loaded_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(slack("a"))
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    loaded = load(tmp_path, "a.yaml", tmp_path / "a.yaml", root=tmp_path)
    assert loaded.problems == ()
    assert len(loaded.manifests) == 1


def test_linked_folders_are_followed(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a.yaml").write_text(slack("a"))
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "link").symlink_to(tmp_path / "shared", target_is_directory=True)
    assert len(load("project", root=tmp_path).manifests) == 1


@pytest.mark.parametrize("as_bytes", [True, False])
def test_stdin_is_read_as_bytes_or_text(as_bytes: bool, tmp_path: Path) -> None:
    text = "\ufeff" + slack("a") + "---\n" + slack("b").replace("SlackChannel", "SlackChanel")
    loaded = load("-", root=tmp_path, stdin=io.BytesIO(text.encode()) if as_bytes else io.StringIO(text))
    assert [manifest.name for manifest in loaded.manifests] == ["a"]
    (problem,) = loaded.problems
    assert str(problem.location) == "<stdin>:7:7"


def test_places_are_relative_to_where_one_stands_and_absolute_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels" / "a.yaml").write_text("\n\nkind: x\n")
    monkeypatch.chdir(tmp_path)
    assert load("channels", root=tmp_path).problems[0].location == Location("channels/a.yaml", 3, 1)
    monkeypatch.chdir("/")
    assert load("channels", root=tmp_path).problems[0].location.file == str(tmp_path / "channels" / "a.yaml")[1:]


def test_an_empty_folder_is_a_problem_of_its_own(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, root=tmp_path).problems
    assert (problem.rule, problem.level) == ("no-manifests", Level.ERROR)
    assert rules(load(root=tmp_path)) == ["no-manifests"]
    assert rules(load("-", root=tmp_path, stdin=io.BytesIO(b""))) == ["no-manifests"]


def test_what_cannot_be_read_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(slack("good"))
    (tmp_path / "large.yaml").write_bytes(b"# " + b"x" * MAX_BYTES)
    (tmp_path / "latin.yaml").write_bytes(b"# one\nname: \xe9\n")
    (tmp_path / "wide.yaml").write_bytes("a: 1".encode("utf-16"))
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "fifo.yaml")
    loaded = load(tmp_path, "missing", "-", root=tmp_path)
    assert [manifest.name for manifest in loaded.manifests] == ["good"]
    found = {
        problem.location.file.rpartition("/")[2]: (problem.rule, problem.location.line) for problem in loaded.problems
    }
    assert found == {
        "large.yaml": ("file-too-large", 0),
        "latin.yaml": ("not-utf-8", 2),
        "wide.yaml": ("not-utf-8", 1),
        "gone.yaml": ("missing-file", 0),
        "fifo.yaml": ("unreadable-file", 0),
        "missing": ("missing-file", 0),
        "<stdin>": ("missing-file", 0),
    }


def test_a_file_of_just_the_limit_is_read(tmp_path: Path) -> None:
    manifest = slack("a").encode()
    (tmp_path / "a.yaml").write_bytes(manifest + b"#" * (MAX_BYTES - len(manifest)))
    assert load("a.yaml", root=tmp_path).problems == ()
    with (tmp_path / "a.yaml").open("ab") as file:
        file.write(b"#")
    assert rules(load("a.yaml", root=tmp_path)) == ["file-too-large"]


def test_manifests_that_are_refused_keep_their_names_known(tmp_path: Path) -> None:
    text = slack("good") + "---\n" + slack("typo").replace("env", "evn") + "---\n" + slack("broken") + "x: 1\n"
    loaded = load("-", root=tmp_path, stdin=io.StringIO(text))
    assert [manifest.name for manifest in loaded.manifests] == ["good"]
    assert loaded.refused == {"typo", "broken"}


def test_all_of_several_namesakes_name_another_place(tmp_path: Path) -> None:
    loaded = load("-", root=tmp_path, stdin=io.StringIO("---\n".join([slack("a")] * 3 + [slack("b")])))
    assert [manifest.name for manifest in loaded.manifests] == ["b"]
    assert rules(loaded) == ["duplicate-name"] * 3
    assert loaded.refused == {"a"}
    for problem in loaded.problems:
        assert str(problem.location) not in problem.message


def test_sources_that_the_project_defines_are_known(tmp_path: Path) -> None:
    text = slack("a").replace("env: A", "pass: team/a")
    known = load_manifests(["-"], root=tmp_path, stdin=io.StringIO(text), known_sources=frozenset({"pass"}))
    assert known.problems == ()
    assert rules(load("-", root=tmp_path, stdin=io.StringIO(text))) == ["unknown-source"]


def test_a_manifest_may_omit_what_the_defaults_of_its_kind_give(tmp_path: Path) -> None:
    text = (
        "apiVersion: channels.gitops/v1\nkind: EmailChannel\nmetadata: {name: a}\nspec: {recipients: [a@example.org]}\n"
    )
    defaults = {"EmailChannel": {"sender": "mail"}}
    loaded = load_manifests(["-"], root=tmp_path, stdin=io.StringIO(text), defaults=defaults)
    assert loaded.problems == ()
    assert rules(load("-", root=tmp_path, stdin=io.StringIO(text))) == ["missing-field"]


def test_a_written_out_secret_is_a_warning_and_the_manifest_is_usable(tmp_path: Path) -> None:
    text = slack("a").replace("{env: A}", "https://hooks.example/planted")
    loaded = load("-", root=tmp_path, stdin=io.StringIO(text))
    (problem,) = loaded.problems
    assert (problem.rule, problem.level) == ("no-literal-secrets", Level.WARNING)
    assert len(loaded.manifests) == 1


def test_problems_come_sorted_by_place(tmp_path: Path) -> None:
    for name in ("c", "a", "b"):
        (tmp_path / f"{name}.yaml").write_text(slack(name.upper()) + "y: 1\nx: 1\n")
    problems = load("c.yaml", "a.yaml", "b.yaml", root=tmp_path).problems
    assert [problem.sort_key for problem in problems] == sorted(problem.sort_key for problem in problems)
    assert len(problems) == 9


def test_a_manifest_makes_problems_with_places_after_its_file_went(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# a\n" + slack("a"))
    manifest = load("a.yaml", root=tmp_path).manifests[0]
    problem = manifest.problem("is wrong", "rule", path=("spec", "webhook_url", "env"), fix="fix it")
    assert (problem.location.line, problem.location.column) == (5, 27)
    assert str(problem).endswith('5:27: SlackChannel "a" spec.webhook_url.env: is wrong; fix it')
    path.unlink()
    load("-", root=tmp_path, stdin=io.StringIO(""))
    assert manifest.problem("is wrong", "rule", path=("spec",)).location.line == 2


def test_the_garbage_collector_is_left_as_it_was(tmp_path: Path) -> None:
    assert gc.isenabled()
    load(tmp_path, root=tmp_path)
    assert gc.isenabled()
    gc.disable()
    try:
        load(tmp_path, root=tmp_path)
        assert not gc.isenabled()
    finally:
        gc.enable()
