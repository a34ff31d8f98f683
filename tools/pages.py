"""`python -m tools.pages --write|--check`: runs the commands that pages show, and compares what they print.

The commands of a page run in order, in one shell, in a folder of their own, against a simulator that the page calls
`http://127.0.0.1:9299`. In the text of a page:

- In a fence `console`, lines that begin with `$ ` are commands, together with the lines that a backslash or an open
  quote continues. The lines after a command are what it prints; `...` stands for any lines, since changes made side by
  side end in any order. `(exit code 5)` is the last line of a command that fails.
- A fence `yaml` whose first line is `# PATH` is a file, written before the next command.
- A comment `<!-- run` contains commands that are run but not shown, mostly what somebody else does. `api METHOD PATH
  [JSON]` calls the simulator, or the one that `SIMULATOR` names.
- After a comment `<!-- not run: WHY -->` the next fence is not run. There is no other way to leave one out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.simulator import Simulator
from tools.written import run as write_or_check

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "http://127.0.0.1:9299"
MAIL_PORT = "2525"
ANY = "..."
_SECONDS = 600  # for all commands of a page; only meant for a command that hangs
_END = "\x1e"

_BLOCK = re.compile(
    r"<!-- not run: (?P<why>[^>]+) -->\n\n?(?P<left>```(?P<language>\w+)\n.*?\n```)"
    r"|<!-- run\n(?P<hidden>.*?)\n-->"
    r"|```yaml\n# (?P<path>[\w./-]+\.ya?ml)\b[^\n]*\n(?P<file>.*?)```"
    r"|```console\n(?P<console>.*?)```",
    re.DOTALL,
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?( UTC|Z)")
_API = """#!{python}
import os, sys, urllib.request
method, path, *body = sys.argv[1:]
address = os.environ.get("SIMULATOR", "{url}") + path
request = urllib.request.Request(address, (body[0].encode() if body else None), method=method)
request.add_header("Content-Type", "application/json")
print(urllib.request.urlopen(request, timeout=20).read().decode())
"""


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and the lines that the page says it prints. `shown` is False for one in a comment, whose output does
    not matter."""

    command: str
    printed: tuple[str, ...] = ()
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Wrote:
    """A file that the page shows."""

    path: str
    text: str


def console_pages() -> list[Path]:
    """Every page that shows a terminal."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path for path in pages if "```console" in path.read_text("utf-8"))


def read_page(text: str) -> Iterator[Step | Wrote]:
    """The commands and files of a page, in order."""
    for block in _BLOCK.finditer(text):
        if block["path"]:
            yield Wrote(block["path"], block["file"])
        elif block["hidden"]:
            yield Step(block["hidden"], shown=False)
        elif block["console"]:
            yield from _steps(block["console"])


def _steps(console: str) -> Iterator[Step]:
    lines = console.splitlines()
    while lines:
        first = lines.pop(0)
        if not first.startswith("$ "):
            raise ValueError(f"a terminal begins with a command: {first}")
        command = [first.removeprefix("$ ")]
        while lines and _goes_on("\n".join(command)):
            command.append(lines.pop(0))
        printed: list[str] = []
        while lines and not lines[0].startswith("$ "):
            printed.append(lines.pop(0))
        yield Step("\n".join(command), tuple(printed))


def _goes_on(command: str) -> bool:
    return command.endswith("\\") or command.count("'") % 2 == 1


def play(steps: Sequence[Step | Wrote]) -> list[list[str]]:
    """Run a page's steps; returns the lines that each command printed, as the page would show them."""
    with tempfile.TemporaryDirectory() as name, Simulator(receivers=True) as simulator:
        folder, tools = Path(name) / "channels-repo", Path(name) / "bin"
        folder.mkdir()
        tools.mkdir()
        (tools / "api").write_text(_API.format(python=sys.executable, url=simulator.url), "utf-8")
        (tools / "api").chmod(0o755)
        assert simulator.mail is not None  # since it has receivers
        swaps = {ADDRESS: simulator.url, f"port: {MAIL_PORT}": f"port: {simulator.mail.port}", "/home/you": name}
        script = _script(steps, swaps)
        environ = {
            "PATH": os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "HOME": name,
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "CI": "",
        }
        done = subprocess.run(
            ["bash"],
            input=script,
            capture_output=True,
            cwd=folder,
            env=environ,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    printed = done.stdout
    for page, real in swaps.items():
        printed = printed.replace(real, page)
    # Each part but the first begins with the exit code of the command before it.
    parts = printed.split(_END)
    return [_lines(parts[index], parts[index + 1]) for index in range(len(parts) - 1)]


def _script(steps: Sequence[Step | Wrote], swaps: dict[str, str]) -> str:
    lines = ["exec 2>&1", "trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for number, step in enumerate(steps):
        if isinstance(step, Wrote):
            lines += [
                f"mkdir -p $(dirname {step.path})",
                f"cat >{step.path} <<'END_{number}'",
                f"{step.text}END_{number}",
            ]
        else:
            lines += ["{", step.command, f"}} </dev/null; printf '{_END}%s\\n' $?"]
    script = "\n".join(lines) + "\n"
    for page, real in swaps.items():
        script = script.replace(page, real)
    return script


def _lines(before: str, after: str) -> list[str]:
    """The lines that one command printed. `before` is its part, which begins with the exit code of the command before
    it; `after` is the next part, which begins with its own."""
    text = before.partition("\n")[2] if re.match(r"\d+\n", before) else before
    code = after.partition("\n")[0]
    lines = [_TIME.sub("2026-11-26 09:00 UTC", line.rstrip()) for line in text.rstrip("\n").splitlines()]
    return lines + ([f"(exit code {code})"] if code != "0" else [])


def agrees(wanted: Sequence[str], got: Sequence[str]) -> bool:
    """Whether the lines `got` are those that the page has, in which `...` stands for any lines."""
    if not wanted:
        return not got
    if wanted[0].strip() == ANY:
        return any(agrees(wanted[1:], got[start:]) for start in range(len(got) + 1))
    return bool(got) and wanted[0].rstrip() == got[0] and agrees(wanted[1:], got[1:])


def written(text: str) -> str:
    """The page with what its commands print now; output that still agrees stays as it is, with its `...`."""
    steps = list(read_page(text))
    if not any(isinstance(step, Step) for step in steps):
        return text
    commands = [step for step in steps if isinstance(step, Step)]
    outputs = iter(zip(commands, play(steps), strict=True))

    def block(found: re.Match[str]) -> str:
        if found["hidden"]:
            step, got = next(outputs)
            if got and got[-1].startswith("(exit code "):
                raise ValueError(f"what is not shown fails: {step.command}\n" + "\n".join(got))
        if not found["console"]:
            return found[0]
        lines: list[str] = []
        for _ in _steps(found["console"]):
            step, got = next(outputs)
            lines += [f"$ {step.command}", *(step.printed if agrees(step.printed, got) else got)]
        return "```console\n" + "\n".join(lines) + "\n```"

    return _BLOCK.sub(block, text)


if __name__ == "__main__":
    sys.exit(
        write_or_check("pages", {path: written(path.read_text("utf-8")) for path in console_pages()}, sys.argv[1:])
    )
