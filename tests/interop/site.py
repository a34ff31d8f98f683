"""The documentation as a site, by MkDocs: it builds without a warning, and a dead link turns it red."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from tests.interop.tools import ROOT, NotRunError, run

__all__ = ["play_site"]

_SITE = ROOT / "build" / "site"
_LEFT_OUT = shutil.ignore_patterns(".*", "build", "__pycache__")


def play_site() -> list[str]:
    """`make docs`; what a reader would look for is found; and a copy with a dead link that must be refused."""
    if run(["make", "--silent", ".venv-docs/.ready"], expect=None).returncode:
        raise NotRunError("the packages of requirements/docs.txt cannot be had")
    run(["make", "--silent", "docs"])
    entries = json.loads((_SITE / "search" / "search_index.json").read_text("utf-8"))["docs"]
    for word in ("renamed_from", "former_owners", "sigv4", "max_deletes", "client_cert"):
        assert any(word in entry["text"] for entry in entries), f"a search for {word} finds nothing"
    for link in ("apply.md#nowhere", "nowhere.md"):
        assert "nowhere" in _refused(link)
    return [f"{len(list(_SITE.rglob('*.html')))} pages", f"{len(entries)} entries to search", "dead links refused"]


def _refused(link: str) -> str:
    """What MkDocs says of a copy of the pages that has this link."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT)
        with (copy / "docs" / "plans.md").open("a", encoding="utf-8") as page:
            page.write(f"\n[a dead link]({link})\n")
        words = [str(ROOT / ".venv-docs/bin/mkdocs"), "build", "--strict"]
        done = run(words, copy, {"NO_MKDOCS_2_WARNING": "1"}, expect=1)
    return done.stdout + done.stderr
