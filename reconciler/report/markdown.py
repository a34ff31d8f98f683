"""A page as GitHub's and GitLab's Markdown, never longer than they accept. Pure.

All text from a user or a server is put in code: inline, in a fence, or in an HTML `code`. Neither site interprets
mentions, references, links or markup inside code. What does not fit is cut by urgency, deletes and failures last, and
the report counts and names what was cut.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.model.dataclass import dataclass
from reconciler.model.text import plural, printable
from reconciler.report.view import Entry, Line, Page, Section, Tone

COMMENT_LIMIT = 65_536
"""How many characters a comment on GitHub may have (GitLab accepts a million)."""

SUMMARY_LIMIT = 1024 * 1024
"""How many bytes a step of GitHub Actions may write to its summary."""

_RESERVE = 3200  # for the sentence that says what was cut
_NAMES_SHOWN = 10
_FILES_SHOWN = 5
_REMARK_LONGEST = 4000
_REMARK_SHORT = 300
_OWN_WORDS = r"(?:[A-Za-z0-9 ,;!()'-]|\.(?![A-Za-z])|:(?= ))+"  # with no markup and no address; names may have both
_SIGNS = {Tone.GOOD: "✅", Tone.BAD: "❌", Tone.WARN: "⚠️"}


def utf16_length(text: str) -> int:
    """The length as a browser and GitHub count it, where an emoji counts as two; never less than `len(text)`."""
    return len(text.encode("utf-16-le")) // 2


def byte_length(text: str) -> int:
    """The length in UTF-8."""
    return len(text.encode())


def render_markdown(page: Page, limit: int = COMMENT_LIMIT, measure: Callable[[str], int] = utf16_length) -> str:
    """The whole page, or as much of it as fits in `limit` as counted by `measure`; the headline always comes first."""
    outline = _fitting_outline(page, limit - _RESERVE, measure)
    shown = _fill(page, outline.room, measure)
    parts = [outline.head]
    for (before, after), section in zip(outline.frames, page.sections, strict=True):
        blocks = [shown[id(entry)].text for entry in section.entries if id(entry) in shown]
        parts += [before, *blocks, after]
    cut = _cut([entry for section in page.sections for entry in section.entries], shown, outline.cut)
    return "".join([*parts, cut])


@dataclass(frozen=True, slots=True)
class _Outline:
    """All of a page but its entries, and the room left for these. `frames` holds for each section what comes before
    its entries and what comes after them; `cut` says what was left out of the outline, "" for nothing."""

    head: str
    frames: list[tuple[str, str]]
    room: int
    cut: str = ""


def _fitting_outline(page: Page, limit: int, measure: Callable[[str], int]) -> _Outline:
    """The fullest outline that fits: with every target's remarks, with their beginnings, with its heading only, or
    without targets."""
    room = 0
    for longest in (_REMARK_LONGEST, _REMARK_SHORT, 0):
        head = _head(page, short=longest < _REMARK_LONGEST)
        frames = [_frame(section, longest) for section in page.sections]
        room = limit - measure(head) - sum(measure(before) + measure(after) for before, after in frames)
        if room >= 0:
            cut = "" if longest else _cut_of("the remarks", [item for item in page.sections if item.remarks])
            return _Outline(head, frames, room, cut)
    nothing = [("", "") for _ in page.sections]
    head = _head(page, short=True)
    return _Outline(head, nothing, limit - measure(head), _cut_of("the headings and remarks", page.sections))


def _cut_of(what: str, sections: Sequence[Section]) -> str:
    """`the remarks of 300 targets: prod-000, prod-001 and 298 more`; "" if there are no sections."""
    if not sections:
        return ""
    names = ", ".join(code(_shortened(section.title, 40)) for section in sections[:_NAMES_SHOWN])
    more = f" and {len(sections) - _NAMES_SHOWN} more" if len(sections) > _NAMES_SHOWN else ""
    return f"{what} of {plural(sum(section.times for section in sections), 'target')}: {names}{more}"


@dataclass(frozen=True, slots=True)
class _Block:
    """An entry as Markdown; `full` unless its details were cut."""

    text: str
    full: bool


def _fill(page: Page, room: int, measure: Callable[[str], int]) -> dict[int, _Block]:
    """What is shown of each entry, by `id(entry)`.

    Urgent entries get room first, with their details, so that many new objects cannot push out a detail of a change to
    a live one. Among entries of one urgency each gets its line first, then details are added while they fit.
    """
    entries = [entry for section in page.sections for entry in section.entries]
    shown: dict[int, _Block] = {}
    for urgency in sorted({entry.tone.urgency for entry in entries}):
        room = _fill_urgency([entry for entry in entries if entry.tone.urgency == urgency], room, measure, shown)
    return shown


def _fill_urgency(entries: list[Entry], room: int, measure: Callable[[str], int], shown: dict[int, _Block]) -> int:
    """Add to `shown` what fits of these entries; returns the room that is left."""
    for entry in entries:
        text = _line(entry)
        size = measure(text)
        if size > room:
            break
        shown[id(entry)] = _Block(text, full=not entry.lines)
        room -= size
    for entry in entries:
        if id(entry) in shown and entry.lines:
            text = _folded(entry)
            growth = measure(text) - measure(shown[id(entry)].text)
            if growth > room:
                break
            shown[id(entry)] = _Block(text, full=True)
            room -= growth
    return room


def _head(page: Page, *, short: bool = False) -> str:
    lines = [f"### {_SIGNS.get(page.tone, '')} reconciler {page.what}: {code(page.project)}".replace("  ", " "), ""]
    lines += [f"**{page.headline if re.fullmatch(_OWN_WORDS, page.headline) else code(page.headline)}**", ""]
    remarks = page.remarks if not short else page.remarks[:_NAMES_SHOWN]
    lines += [f"- {code(_shortened(str(remark), _REMARK_SHORT if short else _REMARK_LONGEST))}" for remark in remarks]
    if len(remarks) < len(page.remarks):
        lines.append(f"- and {len(page.remarks) - len(remarks)} more lines")
    if page.facts:
        lines += ["", " · ".join(_fact(name, value) for name, value in page.facts)]
    return "\n".join(lines).rstrip() + "\n\n"


def _fact(name: str, value: str) -> str:
    """A fact; an https address, such as that of the CI job, becomes a link."""
    is_link = re.fullmatch(r"https://[A-Za-z0-9.:/_~%=&?#-]+", value)
    return f"[{name}]({value})" if is_link else f"{name} {code(value)}"


def _frame(section: Section, longest: int) -> tuple[str, str]:
    """A target's heading, and its remarks cut to `longest` characters each; 0 leaves them out."""
    about = f" {code(section.about)}" if section.about else ""
    remarks = "".join(f"- {code(_shortened(str(remark), longest))}\n" for remark in section.remarks) if longest else ""
    return f"#### {code(section.title)}{about}\n\n", f"\n{remarks}\n" if remarks else "\n"


def _line(entry: Entry) -> str:
    # No blank line: `_folded` starts with one, since Markdown needs it between a list and a folded part.
    return f"- {code(_shortened(f'{entry.title} {entry.said}'.strip(), 500))}\n"


def _folded(entry: Entry) -> str:
    remark = f" <code>{html.escape(entry.said)}</code>" if entry.said else ""
    body = "\n".join(_diff_line(line) for line in entry.lines)
    fence = "`" * max(3, _longest_run(body) + 1)
    return (
        f"\n<details><summary><code>{html.escape(entry.title)}</code>{remark}</summary>\n\n"
        f"{fence}diff\n{body}\n{fence}\n\n</details>\n\n"
    )


def _diff_line(line: Line) -> str:
    """A line of a `diff` fence, which is coloured by its sign; `~` becomes `!`, the nearest sign that a diff has."""
    sign = {"~": "!"}.get(line.sign, line.sign)
    return f"{sign or ' '} {line.text}"


def code(text: str) -> str:
    """The text as inline code, fenced by more backticks than it contains."""
    text = printable(text)
    ticks = "`" * (_longest_run(text) + 1)
    space = " " if text[:1] in ("`", " ", "") or text[-1:] in ("`", " ") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text) - longest} characters cut)"


def _cut(entries: list[Entry], shown: dict[int, _Block], of_targets: str) -> str:
    """The sentence that counts and names what did not fit; `of_targets` is what was cut from the outline. "" if
    everything fits."""
    gone = [entry for entry in entries if id(entry) not in shown]
    folded = [entry for entry in entries if id(entry) in shown and not shown[id(entry)].full]
    parts = [of_targets] if of_targets else []
    if gone:
        parts.append(f"{_number(gone)} ({_counted(gone)}): {_named(gone)}")
    if folded:
        parts.append(f"the details of {_number(folded)} ({_counted(folded)}): {_named(folded)}")
    return f"\n> **Cut for length:** {'; and '.join(parts)}. The run's log has all of it.\n" if parts else ""


def _number(entries: Iterable[Entry]) -> str:
    count = sum(entry.times for entry in entries)
    return f"{count} {'entry' if count == 1 else 'entries'}"


def _counted(entries: Iterable[Entry]) -> str:
    counts = Counter[str]()
    for entry in entries:
        counts[entry.group or entry.tone.value] += entry.times
    return ", ".join(f"{count} {group}" for group, count in sorted(counts.items()))


def _named(entries: list[Entry]) -> str:
    names = ", ".join(code(_shortened(entry.label, 40)) for entry in entries[:_NAMES_SHOWN])
    rest = entries[_NAMES_SHOWN:]
    return f"{names} and {len(rest)} more{_files_of(rest)}" if rest else names


def _files_of(entries: list[Entry]) -> str:
    """The files that these entries are in, those with most entries first; "" if no file is known."""
    files = Counter(entry.file for entry in entries if entry.file).most_common()
    shown = ", ".join(f"{code(_shortened(file, 80))} ({count})" for file, count in files[:_FILES_SHOWN])
    more = f" and {len(files) - _FILES_SHOWN} more files" if len(files) > _FILES_SHOWN else ""
    return f", in {shown}{more}" if files else ""


def with_files(page: Page, files: Mapping[str, str]) -> Page:
    """The page with each entry's file set, looked up by the entry's name, so that the report can say where to find
    what was cut."""
    sections = tuple(
        replace(section, entries=tuple(replace(entry, file=files.get(entry.name, "")) for entry in section.entries))
        for section in page.sections
    )
    return replace(page, sections=sections)
