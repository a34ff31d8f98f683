"""What people ask: each question leads to a part of a page that is there, and quoted messages are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import cmarkgfm
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
QUESTIONS = (ROOT / "docs" / "questions.md").read_text("utf-8")
TROUBLE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
MESSAGES = (ROOT / "docs" / "messages.md").read_text("utf-8")
ASKED = (
    "rename",
    "adopt one",
    "rotate a secret",
    "least rights",
    "exit code 4",
    "on AWS",
    "from Terraform or OpenTofu",
    "every week",
)


def rows(text: str) -> list[list[str]]:
    """The cells of every table, without those of its head."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row for row in lines if row[0] not in ("question", "message")]


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page: lowercase words with dashes between them."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    heads = [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.*)$", text, re.M)]
    return {f"{head}-{heads[:at].count(head)}" if head in heads[:at] else head for at, head in enumerate(heads)}


def links(path: Path) -> list[str]:
    """Where the page leads, but for other sites; what stands in code leads nowhere."""
    html = cmarkgfm.github_flavored_markdown_to_html(path.read_text("utf-8"))
    return [link for link in re.findall(r'(?:href|src)="([^"]+)"', html) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in links(path):
        name, _, anchor = link.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), link
        assert not anchor or anchor in anchors(file), link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_to_other_sites_are_well_formed(path: Path) -> None:
    html = cmarkgfm.github_flavored_markdown_to_html(path.read_text("utf-8"))
    for link in re.findall(r'href="([a-z]+:[^"]*)"', html):
        assert re.match(r"(https://[\w.-]+\.\w+|http://127\.0\.0\.1)(:\d+)?(/[^\s]*)?$", link), link


@pytest.mark.parametrize("asked", ASKED)
def test_what_people_ask_first_has_an_answer(asked: str) -> None:
    (row,) = [row for row in rows(QUESTIONS) if asked in row[0]]
    assert LINK.search(row[1])


def test_every_picture_is_shown_small_and_described() -> None:
    folder = ROOT / "docs" / "pictures"
    texts = [path.read_text("utf-8") for path in PAGES]
    made = set(re.findall(r'_save\("([\w.]+)"', (ROOT / "tools/pictures/__main__.py").read_text("utf-8")))
    assert {path.name for path in folder.iterdir()} == made, "make pictures"
    for path in folder.iterdir():
        assert path.stat().st_size <= 100_000, path.name
        shown = [alt for text in texts for alt in re.findall(rf"!\[([^\]]*)\]\([^)]*{path.name}\)", text)]
        assert shown, f"no page shows {path.name}"
        assert all(len(alt) > 10 for alt in shown)


def test_every_question_has_an_answer() -> None:
    assert len(rows(QUESTIONS)) > 30
    assert [row[0] for row in rows(QUESTIONS)[1:] if len(row) != 2 or not LINK.search(row[1])] == []


def test_messages_that_are_explained_are_those_of_the_code() -> None:
    messages = [row[0] for row in rows(TROUBLE.partition("## By message")[2])]
    assert len(messages) > 20
    for message in messages:
        pieces = [piece.strip() for piece in message.strip("`").split("...") if piece.strip()]
        pattern = ".*".join(re.escape(piece) for piece in pieces)
        assert re.search(pattern, MESSAGES), f"{message}: no message reads like this"


def test_every_exit_code_says_what_to_look_at() -> None:
    explained = {row[0] for row in rows(TROUBLE.partition("## By message")[0])}
    codes = set(re.findall(r"^\| (\d+) \|", (ROOT / "docs/reference/exit-codes.md").read_text("utf-8"), re.MULTILINE))
    assert codes - {"0"} <= explained


def test_the_manifest_of_the_job_is_one() -> None:
    page = (ROOT / "docs" / "argo-flux.md").read_text("utf-8")
    (text,) = re.findall(r"```yaml\n# kubernetes/job.yaml\n(.*?)```", page, re.DOTALL)
    job = yaml.safe_load(text)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert {volume["name"] for volume in job["spec"]["template"]["spec"]["volumes"]} == {
        mount["name"] for mount in container["volumeMounts"]
    }
    assert container["args"] == ["apply", "--yes"]
    assert job["spec"]["backoffLimit"] == 0, "a test that failed would be sent again"
