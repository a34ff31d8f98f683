"""Every terminal in the pages shows what a run prints; what is not run says why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import pages

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", pages.console_pages(), ids=lambda path: path.stem)
def test_the_commands_of_a_page_print_what_it_shows(path: Path) -> None:
    text = path.read_text("utf-8")
    assert pages.written(text) == text, "make pages WRITE=1, and read what has changed"


def test_no_terminal_escapes() -> None:
    """Fences inside of lists are indented, and would not be found."""
    for path in pages.console_pages():
        text = path.read_text("utf-8")
        assert text.count("```console") == len(re.findall(r"^```console$", text, re.MULTILINE)), path.name


PAGE = """
```yaml
# folder/file.yaml
at: http://127.0.0.1:9299
```

<!-- run
export WORD=hello
-->

```console
$ echo $WORD; cat folder/*.yaml
hello
at: http://127.0.0.1:9299
$ printf '%s\\n' one two three
one
...
$ exit_with() { return 3; }; exit_with
(exit code 3)
$ echo 'two
lines'
two
lines
```

<!-- not run: an example -->

```console
$ false
```
"""


def test_a_page_that_tells_the_truth_stays() -> None:
    assert pages.written(PAGE) == PAGE


@pytest.mark.parametrize(
    ("true", "lie"), [("hello\n", "good-bye\n"), ("(exit code 3)\n", ""), ("one\n...", "two\n...")]
)
def test_a_page_that_does_not_is_written_again(true: str, lie: str) -> None:
    found = pages.written(PAGE.replace(f"\n{true}", f"\n{lie}", 1))
    assert found == PAGE.replace("one\n...", "one\ntwo\nthree") if lie.startswith("two") else found == PAGE


def test_what_is_hidden_may_not_fail() -> None:
    with pytest.raises(ValueError, match="what is not shown fails: false"):
        pages.written("<!-- run\nfalse\n-->\n")


def test_a_terminal_begins_with_a_command() -> None:
    with pytest.raises(ValueError, match="a terminal begins with a command: hello"):
        list(pages.read_page("```console\nhello\n```"))


@pytest.mark.parametrize(
    ("wanted", "got", "agree"),
    [
        ([], [], True),
        ([], ["a"], False),
        (["..."], [], True),
        (["a", "...", "d"], ["a", "b", "c", "d"], True),
        (["a", "...", "d"], ["a", "b", "c"], False),
        (["...", "b"], ["a", "b", "b"], True),
    ],
)
def test_dots_stand_for_any_lines(wanted: list[str], got: list[str], agree: bool) -> None:
    assert pages.agrees(wanted, got) is agree
