"""Documents for people and machines, by the programs that judge them for their readers."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from pathlib import Path

from reconciler.model.errors import Level, Location, Problem
from reconciler.report.rules import RULES
from reconciler.report.sarif import render_sarif
from reconciler.simulator import Simulator
from tests.interop.tools import NotRunError, Tool, run, words_of

__all__ = ["play_html", "play_sarif"]

MULTITOOL = Tool("sarif-multitool", "@microsoft/sarif-multitool@5.7.0", "npm")
HTML_VALIDATE = Tool("html-validate", "html-validate@10.5.0", "npm")
NPM = Tool("npm")
_AXE = ("axe-core@4.14.1", "jsdom@26.1.0")
_AXE_SCRIPT = """
const {JSDOM} = require("jsdom"), fs = require("fs");
const dom = new JSDOM(fs.readFileSync(process.argv[2], "utf8"), {runScripts: "outside-only"});
dom.window.eval(fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
const rules = {"color-contrast": {enabled: false}};  // needs a layout, which jsdom has not
dom.window.axe.run(dom.window.document, {rules}).then(found => {
  const violations = found.violations.map(one => `${one.id}: ${one.help} (${one.nodes[0].html})`);
  console.log(JSON.stringify({violations, passes: found.passes.length}));
});
"""


def play_sarif() -> list[str]:
    """A problem of every rule, by sarif-multitool with GitHub's rules; and one that they must refuse."""
    words, version = words_of(MULTITOOL)
    places = [Location("channels/a b.yaml", 3, 7), Location("reconciler.yaml")]
    problems = [
        Problem((), "wrong", rule, level=list(Level)[number % 2], location=places[number % 2])
        for number, rule in enumerate(RULES)
    ]
    with tempfile.TemporaryDirectory(prefix="reconciler-interop-") as name:
        good, bad = Path(name) / "good.sarif", Path(name) / "bad.sarif"
        good.write_text(render_sarif(problems), "utf-8")
        document = json.loads(good.read_text("utf-8"))
        del document["runs"][0]["tool"]["driver"]["rules"][0]["shortDescription"]
        bad.write_text(json.dumps(document), "utf-8")
        kinds = shlex.quote("Sarif;Ghas")  # its wrapper hands the words to a shell
        said = {path: run([*words, "validate", path, "--rule-kind", kinds], expect=None).stdout for path in (good, bad)}
    assert ": error GH" in said[bad], said[bad]
    assert ": error " not in said[good], said[good]
    return [version, f"{len(problems)} rules", "0 errors"]


def play_html() -> list[str]:
    """The page of a plan, by html-validate and by axe in jsdom."""
    validate, version = words_of(HTML_VALIDATE)
    npm, _ = words_of(NPM)
    with tempfile.TemporaryDirectory(prefix="reconciler-interop-") as name:
        folder = Path(name)
        page = folder / "plan.html"
        page.write_text(_page(folder), "utf-8")
        (folder / ".htmlvalidate.json").write_text('{"extends": ["html-validate:recommended"]}')
        run([*validate, page], folder)
        if run([*npm, "install", "--silent", "--no-audit", "--no-fund", *_AXE], folder, expect=None).returncode:
            raise NotRunError(f"html-validate passed, but npm does not bring {' and '.join(_AXE)}")
        (folder / "axe.cjs").write_text(_AXE_SCRIPT)
        found = json.loads(run(["node", "axe.cjs", page], folder).stdout)
        assert found["passes"] > 10, found
        assert not found["violations"], found["violations"]
    return [version, _AXE[0], f"{found['passes']} checks of axe"]


def _page(folder: Path) -> str:
    command = [Path(sys.executable).parent / "reconciler"]
    with Simulator() as simulator:
        run([*command, "init", folder / "project", "--url", simulator.url])
        environ = {"EXAMPLE_SLACK_URL": "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"}
        return run([*command, "plan", "-o", "html"], folder / "project", environ).stdout
