"""No project keeps a run busy for ever: what may be read is bounded, in size, in number and in time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reconciler.manifests import documents, files
from reconciler.manifests.files import Budget, TooMuchError
from reconciler.manifests.load import load_manifests

SECONDS = 60.0
"""Of computing, whatever else the machine does: more than any of these takes anywhere, and without a bound each takes
minutes or never ends."""

MANIFEST = """apiVersion: channels.gitops/v1
kind: SlackChannel
metadata: {name: n%d}
spec: {webhook_url: {env: X}}
---
"""


def fails(root: Path, words: str, *paths: str) -> None:
    begin = time.process_time()
    with pytest.raises(TooMuchError, match=words):
        load_manifests(list(paths) or ["."], root=root)
    assert time.process_time() - begin < SECONDS


def test_ten_megabytes_of_empty_documents(tmp_path: Path) -> None:
    (tmp_path / "many.yaml").write_text("--- {}\n" * 1_400_000)
    fails(tmp_path, "more than .* (documents|problems)")


def test_many_documents_each_just_below_the_limit_of_aliases(tmp_path: Path) -> None:
    bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
    bomb += "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d]\n---\n"
    (tmp_path / "bombs.yaml").write_text(bomb * 9_000)
    fails(tmp_path, "more than 2,000,000 values")


def test_one_document_with_a_hundred_thousand_things_wrong_ends(tmp_path: Path) -> None:
    keys = "".join(f"  k{number}: x\n" for number in range(100_000))
    text = (MANIFEST % 1).replace("spec: {webhook_url: {env: X}}\n---\n", f"spec:\n{keys}")
    (tmp_path / "wrong.yaml").write_text(text)
    begin = time.process_time()
    assert load_manifests(["."], root=tmp_path).problems
    assert time.process_time() - begin < SECONDS


def test_many_findings_take_one_more_look_at_their_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work grows with the document and its findings, not with their product."""
    looks: list[int] = []
    made = documents.Places.__init__

    def count(places: documents.Places, text: str) -> None:
        looks.append(len(text))
        made(places, text)

    monkeypatch.setattr(documents.Places, "__init__", count)
    headers = "".join(f"    X-{number}: written out\n" for number in range(500))
    text = (MANIFEST % 1).replace("SlackChannel", "WebhookChannel").replace("spec: {webhook_url: {env: X}}\n---\n", "")
    (tmp_path / "many.yaml").write_text(f"{text}spec:\n  url: {{env: X}}\n  headers:\n{headers}")
    problems = load_manifests(["."], root=tmp_path).problems
    assert {problem.location.line for problem in problems} == set(range(7, 507))
    assert len(looks) == 1


def test_more_problems_than_anybody_reads(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(
        "".join((MANIFEST % number).replace("spec", "space") for number in range(21_000))
    )
    fails(tmp_path, "more than 20,000 problems")


def test_more_files_folders_or_entries_than_anybody_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, folder in (("files", "a"), ("folders", "b"), ("entries", "c")):
        with monkeypatch.context() as patch:
            patch.setitem(files._MOST, name, 5)
            for number in range(8):
                place = tmp_path / folder / str(number)
                place.mkdir(parents=True)
                (place / f"{number}.yaml").write_text(MANIFEST % number)
                (tmp_path / folder / f"{number}.txt").write_text("")
            fails(tmp_path / folder, f"more than 5 {name}")


def test_more_text_than_a_run_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(files._MOST, "characters", 1000)
    for number in range(9):
        (tmp_path / f"{number}.yaml").write_text(MANIFEST % number + "#" * 100)
    fails(tmp_path, "more than 1,000 characters")


def test_more_time_than_a_run_has(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(MANIFEST % 1)
    with pytest.raises(TooMuchError, match="more than 120 seconds"):
        Budget(deadline=time.monotonic() - 1).spend("files")


@pytest.mark.parametrize("target", ["/", "..", "/proc/self/root"])
def test_a_link_out_of_the_project_is_named_and_not_followed(tmp_path: Path, target: str) -> None:
    channels = tmp_path / "proj" / "channels"
    channels.mkdir(parents=True)
    (tmp_path / "outside.yaml").write_text("planted: 1\n")
    (channels / "good.yaml").write_text(MANIFEST % 1)
    (channels / "root").symlink_to(target if target != ".." else "../..")
    begin = time.process_time()
    loaded = load_manifests(["channels"], root=tmp_path / "proj")
    assert [(problem.rule, problem.message) for problem in loaded.problems] == [
        ("link-out", "leads out of the repository")
    ]
    assert [manifest.name for manifest in loaded.manifests] == ["n1"]
    whole = load_manifests(["channels/root"], root=tmp_path / "proj")
    assert [problem.rule for problem in whole.problems] == ["link-out"]
    assert time.process_time() - begin < SECONDS


def test_links_within_the_repository_are_followed_and_circles_end(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "one.yaml").write_text(MANIFEST % 1)
    (tmp_path / "proj" / "channels").mkdir(parents=True)
    (tmp_path / "proj" / "channels" / "shared").symlink_to("../../shared")
    (tmp_path / "shared" / "again").symlink_to("../proj")
    loaded = load_manifests(["channels"], root=tmp_path / "proj")
    assert loaded.problems == ()
    assert [manifest.name for manifest in loaded.manifests] == ["n1"]


def test_folders_nested_without_end_are_a_finding(tmp_path: Path) -> None:
    place = tmp_path
    for _ in range(200):
        place = place / "d"
    place.mkdir(parents=True)
    (place / "deep.yaml").write_text(MANIFEST % 1)
    loaded = load_manifests(["."], root=tmp_path)
    assert "is nested too deep" in [problem.message for problem in loaded.problems]


def test_ten_thousand_manifests_are_no_trouble(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number}.yaml").write_text("".join(MANIFEST % (number * 100 + step) for step in range(100)))
    loaded = load_manifests(["."], root=tmp_path)
    assert len(loaded.manifests) == 10_000
