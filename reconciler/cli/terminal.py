"""The terminal: data to stdout, everything else to stderr, in colour or not; and questions to a person."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from io import TextIOWrapper

import click

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import OutputError
from reconciler.model.text import visible
from reconciler.report.view import Paint, plain


def paint_for(*, no_color: bool, stream_is_stdout: bool = True) -> Paint:
    """Colours for a terminal, or if FORCE_COLOR is set; none with `--no-color` or NO_COLOR, nor elsewhere."""
    stream = sys.stdout if stream_is_stdout else sys.stderr
    environ = os.environ
    if no_color or environ.get("NO_COLOR"):
        return plain
    if environ.get("FORCE_COLOR"):
        return _paint
    return _paint if stream.isatty() and environ.get("TERM") != "dumb" else plain


def _paint(text: str, colour: str) -> str:
    return click.style(text, bold=True) if colour == "bold" else click.style(text, fg=colour)


_STREAMS = (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w"))
"""The standard streams in the order of their numbers. What a closed stdout is opened as cannot be written to."""

_OUR_COLOURS = re.compile(r"(\x1b\[(?:0|1|31|32|33)m)")


def safe(text: str) -> str:
    """The text with every control character but our own colours and line breaks made visible."""
    parts = _OUR_COLOURS.split(text)
    return "".join(part if index % 2 else visible(part) for index, part in enumerate(parts))


def out(text: str) -> None:
    """Print data and flush it, so that a full disk is an OutputError here and not a failure at exit."""
    try:
        click.echo(safe(text), nl=not text.endswith("\n"), color=True)  # `paint_for` decides whether there are colours
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unprintable(error) from None


def unprintable(error: OSError) -> OutputError:
    """The error that stands for one of printing; nothing more is printed."""
    silence_stdout()
    return OutputError(f"stdout cannot be written: {error.strerror or type(error).__name__}")


_QUIET: list[str] = []


def be_quiet(*, quiet: bool) -> bool:
    """With `quiet`, from now on only errors are noted; without, everything. Returns `quiet`."""
    _QUIET[:] = ["note: ", "warning: "] if quiet else []
    return quiet


def note(text: str) -> None:
    """Print what is not data, on stderr; if stderr cannot be written, it is lost without an error."""
    if _QUIET and text.startswith(tuple(_QUIET)):
        return
    with suppress(OSError, ValueError):
        click.echo(safe(text), err=True, nl=not text.endswith("\n"))


def command(text: str) -> None:
    """Print workflow commands to the CI's log, one a line; what they quote must have been escaped already."""
    with suppress(OSError, ValueError):
        click.echo(text, err=True, nl=not text.endswith("\n"))


def silence_stdout() -> None:
    """Discard what is still to be flushed, so that the interpreter does not fail on it at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def reopen_closed_streams() -> None:
    """Open what was closed when this process was started (`>&-`, a service without a console), each under its number:
    a file or a connection of ours would else get it, and be written to. Nobody reads such a stdout, so that printing
    to it fails as on a full disk; stderr goes nowhere, and stdin is empty."""
    for name, flags, mode in _STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))


def write_what_cannot_be_encoded_as_escapes() -> None:
    """Have stdout and stderr print a character that they cannot encode as an escape instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def show_json(document: object) -> None:
    """Print one JSON document."""
    import json

    show_document(json.dumps(document, indent=2, ensure_ascii=False))


_DOCUMENTS: list[int] = []


def begin_document() -> None:
    """Forget earlier documents: stdout has none yet. A process may run several commands, as tests do."""
    _DOCUMENTS.clear()


def is_document_shown() -> bool:
    """Whether stdout already has its document, so that a later failure must not print another."""
    return bool(_DOCUMENTS)


def show_document(text: str) -> None:
    """Print the one document of this command."""
    _DOCUMENTS.append(len(text))
    out(text)


def can_ask() -> bool:
    """Whether there is a person to ask: stdin and stderr are a terminal, and CI is not set."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def confirm(question: str, flag: str) -> bool:
    """Ask yes or no on the terminal; without one, UsageError names the flag that answers.

    This blocks the event loop on purpose: nothing else is under way at a question, and a thread that waits for a line
    cannot be stopped, so that Ctrl-C would have no effect until somebody answers.
    """
    if not can_ask():
        raise click.UsageError(f"there is no terminal to ask on: pass {flag}")
    return click.confirm(question, default=False, err=True)


@dataclass(frozen=True, kw_only=True)
class Screen:
    """How a run prints: one JSON document instead of text, without colour, and how much on stderr."""

    as_json: bool = False
    no_color: bool = False
    quiet: bool = False
    verbose: int = 0

    @property
    def paint(self) -> Paint:
        """Colours for what goes to stdout."""
        return paint_for(no_color=self.no_color)


class Progress:
    """A counter line on a terminal, rewritten in place; nothing in pipes and CI."""

    def __init__(self, total: int, *, enabled: bool) -> None:
        self._total = total
        self._done = 0
        self._enabled = enabled and not _QUIET and sys.stderr.isatty() and not os.environ.get("CI") and total > 0

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        self._show()

    def line(self, text: str) -> None:
        """Print a line of data above the counter."""
        self._wipe()
        out(text)

    def end(self) -> None:
        """Erase the counter."""
        self._wipe()

    def _show(self) -> None:
        if self._enabled:
            click.echo(f"\r{self._done} of {self._total} changes\x1b[K", nl=False, err=True)

    def _wipe(self) -> None:
        if self._enabled:
            click.echo("\r\x1b[K", nl=False, err=True)


def set_up_logging(verbosity: int) -> None:
    """Send our own log lines to stderr: warnings, from 1 on also information, from 2 on everything. Other libraries
    stay at warnings, since their lines quote what they send."""
    import logging

    class Visible(logging.Formatter):
        """Makes control characters and workflow commands visible, since log lines quote paths that others chose."""

        def format(self, record: logging.LogRecord) -> str:
            return visible(super().format(record))

    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    logger = logging.getLogger("reconciler")
    logger.setLevel(levels[min(verbosity, len(levels) - 1)])
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Visible("%(levelname)s %(name)s: %(message)s"))
    logger.handlers[:] = [handler]
