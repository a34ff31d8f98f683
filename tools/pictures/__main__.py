"""`make pictures`: take every picture again. An error where one is larger than a page should have to load."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tools import house
from tools.pictures import story, terminal

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "pictures"
LARGEST = 100_000  # bytes
_CHROMIUM = "/usr/bin/chromium"  # Debian's
_NPM = ("github-markdown-css@5.9.0", "mermaid@11.17.2")

_COMMENT = """<!doctype html><meta charset="utf-8"><style>{css}
body {{ margin: 0; background: #fff; font-family: -apple-system, "Segoe UI", "Noto Sans", Helvetica, sans-serif; }}
#shot {{ width: 860px; border: 1px solid #d1d9e0; border-radius: 6px; }}
#head {{ background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0; color: #59636e;
  font-size: 14px; padding: 10px 16px; }}
.markdown-body {{ padding: 16px; font-size: 14px; }}
.pl-mi1 {{ color: #116329; background: #dafbe1; }} .pl-mc {{ color: #953800; background: #ffd8b5; }}
</style><div id="shot"><div id="head"><b>github-actions</b> <small>bot</small> commented</div>
<article class="markdown-body">{html}</article></div>"""
_HOUSE = """<!doctype html><meta charset="utf-8"><script>{script}</script><pre class="mermaid">{drawing}</pre>
<script>
mermaid.initialize({{startOnLoad: false, htmlLabels: false, flowchart: {{htmlLabels: false}}, theme: "neutral"}});
mermaid.run().then(() => document.body.id = "done")</script>"""


def main() -> int:
    """Take them all; 1 if one is too large."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as player, story.simulator() as url:
        browser = player.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        packages = _packages(Path(name) / "npm")
        project = story.Project(Path(name) / "channels", url)
        _save("terminal.svg", _terminal(project).encode())
        _save("inbox.png", _page(browser, f"{url}/_simulator/inbox", "body", 900))
        base = project.propose()
        _save("comment.png", _comment(browser, project, base, packages))
        html = project.run(story.RECONCILER, "plan", "--base", base, "-o", "html")
        _save("plan.png", _page(browser, html, "body", 900))
        _save("house.svg", _house(browser, packages).encode())
        browser.close()
    large = [path.name for path in FOLDER.iterdir() if path.stat().st_size > LARGEST]
    sys.stderr.write("".join(f"{name} has more than {LARGEST} bytes\n" for name in large))
    return 1 if large else 0


def _save(name: str, content: bytes) -> None:
    if name.endswith(".png"):
        picture = Image.open(io.BytesIO(content)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        file = io.BytesIO()
        picture.save(file, "PNG", optimize=True)
        content = file.getvalue()
    (FOLDER / name).write_bytes(content)
    sys.stdout.write(f"{name}: {len(content):,} bytes\n")


def _packages(folder: Path) -> Path:
    """GitHub's style and mermaid, by their pinned versions."""
    folder.mkdir()
    words = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *_NPM]
    subprocess.run(words, cwd=folder, check=True)
    return folder / "node_modules"


def _terminal(project: story.Project) -> str:
    """A channel that goes live, and a revoked address that does not."""
    lines: list[terminal.Line] = []
    environ = {**project.environ, **story.SECRETS}

    def type_in(command: str, words: list[str | Path]) -> None:
        start = lines[-1].at if lines else -1.0
        lines.extend(terminal.record(command, words, project.folder, environ, start))

    type_in("cat channels/oncall.yaml", ["cat", "channels/oncall.yaml"])
    type_in("reconciler apply --yes", [story.RECONCILER, "apply", "--yes"])
    project.revoke()
    environ["SLACK_ONCALL_URL"] = story.REVOKED
    type_in(f"export SLACK_ONCALL_URL={story.REVOKED}", ["true"])  # as the line above has done
    type_in("reconciler apply --yes", [story.RECONCILER, "apply", "--yes"])
    return terminal.render(lines, "a dead address never goes live")


def _page(browser: Browser, where: str, element: str, width: int) -> bytes:
    """A picture of an element of a page, which is an address or the text of one."""
    page = browser.new_page(viewport={"width": width, "height": 600}, device_scale_factor=1.25)
    if where.startswith("http"):
        page.goto(where)
    else:
        page.set_content(where)
    taken: bytes = page.locator(element).screenshot()
    return taken


def _comment(browser: Browser, project: story.Project, base: str, packages: Path) -> bytes:
    """The comment on the pull request, with its details unfolded."""
    markdown = project.run(story.RECONCILER, "plan", "--base", base, "-o", "markdown")
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    css = (packages / "github-markdown-css/github-markdown-light.css").read_text("utf-8")
    shown = _coloured(html.replace("<details>", "<details open>"))
    return _page(browser, _COMMENT.format(css=css, html=shown), "#shot", 900)


def _coloured(html: str) -> str:
    """A `diff` as GitHub colours it: it does so by a service of its own, with these classes."""
    classes: dict[str, str] = {"+": "pl-mi1", "-": "pl-md", "!": "pl-mc"}
    lines = []
    inside = False
    for line in html.split("\n"):
        opening = '<pre lang="diff"><code>'
        inside = inside or line.startswith(opening)
        head, text = (opening, line.removeprefix(opening)) if line.startswith(opening) else ("", line)
        inside = inside and not line.startswith("</code>")
        name = classes.get(text[:1], "") if inside else ""
        lines.append(f'{head}<span class="{name}">{text}</span>' if name else line)
    return "\n".join(lines)


def _house(browser: Browser, packages: Path) -> str:
    """The import graph, as Mermaid draws it."""
    drawing = house.render().removeprefix("```mermaid\n").removesuffix("\n```")
    script = (packages / "mermaid/dist/mermaid.min.js").read_text("utf-8")
    page = browser.new_page()
    page.set_content(_HOUSE.format(script=script, drawing=drawing))
    page.wait_for_selector("#done svg")
    page.evaluate("document.querySelector('svg').style.background = 'white'")  # for readers who like it dark
    drawn: str = page.evaluate("new XMLSerializer().serializeToString(document.querySelector('svg'))")
    return f"{drawn}\n"


if __name__ == "__main__":
    sys.exit(main())
