"""The entry point: errors, signals and time limits become one message and an exit code here, and nowhere else.

Expected errors are shown without a traceback. For unexpected ones only files, lines and functions are shown, not their
message or any value, since either may hold a secret.

Until something is written, a signal (Ctrl-C, SIGTERM) ends the run on every platform: in an event loop it cancels what
runs there (`run_loop`); elsewhere, and while the loop stands still (`blocking`), it is a KeyboardInterrupt. It is also
remembered, since a library's callback may turn it into an error of its own. While an apply writes (`watching`), nothing
new starts after the first signal, and the second one stops it at once. A signal after that changes nothing: the apply
is over.

A run that only reads has a time limit (`within`), so that its job ends and says so whatever a project or a server does.
It uses the system's alarm, which also ends code that loops without looking at the clock. Where there is no alarm
(Windows, a thread other than the main one), only the limits on what a run reads apply.
"""

from __future__ import annotations

import gc
import importlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.terminal import (
    note,
    reopen_closed_streams,
    silence_stdout,
    unprintable,
    write_what_cannot_be_encoded_as_escapes,
)
from reconciler.model import __version__
from reconciler.model.errors import Exit, ProblemsError, ReconcilerError
from reconciler.model.text import visible

if TYPE_CHECKING:
    import asyncio

    from reconciler.apply.run import Stop

_FRAMES_SHOWN = 12

T = TypeVar("T")

VERBS = {
    "apply": "Plan, ask, write, and send test messages.",
    "completion": "Print the completion script of a shell.",
    "destroy": "Delete everything that carries our mark, after asking.",
    "doctor": "Check every target: address, TLS, credentials, rights, secrets.",
    "drift": "Show what changed live though no manifest asked for it (exit 2).",
    "explain": "Explain a kind, a field, a rule or an exit code.",
    "export": "Write manifests of what is live, or a snapshot.",
    "init": "Write the files of a new project.",
    "list": "List what is owned: name, kind, target, live id.",
    "operator": "Reconcile the same manifests as custom resources of Kubernetes.",
    "plan": "Show what apply would do.",
    "release": "Remove our mark, and leave the object live.",
    "schema": "Print the JSON Schema of a kind.",
    "show": "Print saved plans, several as one, or a journal.",
    "simulate": "Serve the embedded simulator on loopback.",
    "test": "Send test messages to what is live.",
    "users": "Show who uses a channel, or refers to one that does not exist.",
    "validate": "Check manifests, offline.",
    "version": "Show the version; --json says more.",
}
"""Each verb and its one-line help; the verb's module is `reconciler.cli.verbs.<verb>`, its command `command`."""


class _Verbs(click.Group):
    """A group that imports a verb's module when that verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"reconciler.cli.verbs.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(_with_suggestion(error.message, args[0]), ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(sorted(VERBS.items()))


def _with_suggestion(message: str, written: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(written, VERBS, n=1)
    return f"{message} Did you mean {close[0]}?" if close and "Did you mean" not in message else message


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="reconciler")
def _group() -> None:
    """Keep notification channels as the manifests say: validated, planned, applied, and verified by a test message."""


def main(arguments: Sequence[str] | None = None, ended: Callable[[int], object] = int) -> None:
    """Run the command and end the process with its exit code. `ended` is called with that code before signals have
    their former meaning again."""
    reopen_closed_streams()
    write_what_cannot_be_encoded_as_escapes()
    with taken_over():
        code = run(arguments)
        ended(code)
    gc.freeze()
    sys.exit(code)


def run(arguments: Sequence[str] | None) -> int:
    """Run the command and return its exit code; errors are printed on stderr. `arguments` None takes sys.argv's."""
    try:
        code = _group.main(arguments, prog_name="reconciler", standalone_mode=False)
    except BaseException as error:
        if was_interrupted():  # even if a library's callback turned the interrupt into another error
            return _interrupted()
        return _tell(error)
    if was_interrupted():
        return _interrupted()
    return code if isinstance(code, int) else Exit.DONE


def _interrupted() -> Exit:
    if _over:
        note("interrupted: the apply has ended as its report says; this exit code does not tell how")
    else:
        note("interrupted: nothing was written")  # an apply that writes reports its own interruption
    return Exit.INTERRUPTED


def _tell(error: BaseException) -> Exit:
    """Print what went wrong, and return its exit code."""
    try:
        raise error
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _interrupted()
    except click.ClickException as usage:
        _show_usage(usage)
        return Exit.USAGE
    except ProblemsError as wrong:
        note(visible("\n".join(f"{problem.level.value}: {problem}" for problem in wrong.problems)))
        return wrong.exit_code
    except ReconcilerError as known:
        note(visible(f"{'error' if known.exit_code else 'note'}: {known}"))
        return known.exit_code
    except BrokenPipeError:
        silence_stdout()  # the reader of stdout went away (`| head`), which is no error
        return Exit.DONE
    except BaseException as unexpected:
        if isinstance(unexpected, OSError) and _is_of_printing(unexpected):
            return _tell(unprintable(unexpected))
        _show_fault(unexpected)
        return Exit.ERROR


def _is_of_printing(error: BaseException) -> bool:
    """Whether click failed to print: its help, since what is ours is an OutputError by then."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_code is not click.echo.__code__:
        step = step.tb_next
    return step is not None


def _show_usage(error: click.ClickException) -> None:
    """Print the error as click does, but with control characters made visible, since it quotes arguments, and these may
    come from the name of a branch."""
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(f"{context.get_usage()}\nTry '{context.command_path} -h' for help.\n", err=True)
    click.echo(visible(f"Error: {error.format_message()}"), err=True)


def _show_fault(error: BaseException) -> None:
    click.echo(f"error: internal error ({type(error).__name__}); please report it with these lines:", err=True)
    from traceback import extract_tb

    for frame in extract_tb(error.__traceback__)[-_FRAMES_SHOWN:]:
        click.echo(f"  {frame.filename}:{frame.lineno} {frame.name}", err=True)


WATCHED = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)  # SIGBREAK: Ctrl-Break, and a console that closes, on Windows

_GRACE_SECONDS = 4.5  # a cancelled CI job is soon killed; the rollback must have ended and been reported within 6 s
_SAME_SECONDS = 0.5  # a terminal and its shell may both send the same Ctrl-C

_seen: list[float] = []  # when signals came, by the monotonic clock
_over: list[bool] = []
_loops: list[Callable[[], None]] = []  # how to cancel what runs in the event loop, if there is one
_blocked: list[bool] = []  # something blocks the loop


@contextmanager
def taken_over() -> Iterator[None]:
    """Within this context a signal ends what runs, and is remembered."""
    _forget()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in WATCHED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _forget()  # what another caller in this process runs was not interrupted


def _forget() -> None:
    _seen.clear()
    _over.clear()
    _blocked.clear()


def _interrupt(_number: int, _frame: object) -> None:
    now = time.monotonic()
    first = _seen[0] if _seen else None
    _seen.append(now)
    if first is not None and now - first < _SAME_SECONDS:
        return
    if first is not None or _blocked or not (_loops or _over):
        raise KeyboardInterrupt
    if not _over:
        _loops[-1]()


def run_loop(call: Coroutine[Any, Any, T]) -> T:
    """Run `call` in a new event loop and return its result; KeyboardInterrupt if a signal came.

    The first signal cancels the call. It does not raise where the main thread happens to be: amid the loop's own
    bookkeeping, or a library's, that could leave a task that waits for ever. A second signal does raise, in case the
    first one does not end the run; the same signal sent twice counts as one.
    """
    import asyncio  # not at the top: `validate` does not need it

    async def cancellable() -> T:
        if _seen:  # before there was a task
            raise KeyboardInterrupt
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def cancel() -> None:
            if task is not None:
                task.cancel()
            loop.call_soon_threadsafe(lambda: None)  # wakes the loop

        _loops[-1] = cancel
        try:
            return await call
        finally:
            _loops[-1] = _wait  # the loop is being closed

    _loops.append(_wait)
    try:
        return asyncio.run(cancellable())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        _loops.pop()
        call.close()


def _wait() -> None:
    """The way to cancel while there is nothing to cancel: the loop is just starting or ending."""


@contextmanager
def blocking() -> Iterator[None]:
    """Within this context a signal raises KeyboardInterrupt. It is for calls that block the event loop, such as for a
    line on the terminal or a report's upload, which are no tasks that could be cancelled."""
    _blocked.append(True)
    try:
        yield
    finally:
        _blocked.pop()


def was_interrupted() -> bool:
    """Whether a signal came before an apply was over, even if something caught it."""
    return bool(_seen) and not _over


@contextmanager
def watching(stop: Stop, tell: Callable[[], None]) -> Iterator[None]:
    """Within this context signals stop an apply; it must be entered inside the event loop. `tell` is called once, when
    the first signal comes."""
    import asyncio  # not at the top: verbs that do not write need not load it

    loop = asyncio.get_running_loop()
    first = 0.0

    def on_signal() -> None:
        nonlocal first
        if stop.soft.is_set():
            if time.monotonic() - first >= _SAME_SECONDS:
                stop.hard.set()
            return
        first = time.monotonic()
        stop.soft.set()
        loop.call_later(_GRACE_SECONDS, stop.hard.set)
        tell()

    before = {number: signal.getsignal(number) for number in WATCHED}
    for number in WATCHED:
        _listen(loop, number, on_signal)
    try:
        yield
    finally:
        _over.append(True)
        for number, handler in before.items():
            _stop_listening(loop, number)
            signal.signal(number, handler)


def _listen(loop: asyncio.AbstractEventLoop, number: int, call: Callable[[], None]) -> None:
    """Have `call` run in the loop on a signal; through the interpreter's handler where the loop has none (Windows)."""

    def wake(_number: int, _frame: Any) -> None:
        loop.call_soon_threadsafe(call)

    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:
        signal.signal(number, wake)


def _stop_listening(loop: asyncio.AbstractEventLoop, number: int) -> None:
    try:
        loop.remove_signal_handler(number)
    except NotImplementedError:
        return  # the caller restores the handler from before


_AGAIN_SECONDS = 5.0  # the alarm rings again, in case something caught the first one


class TimeIsOverError(ReconcilerError):
    """The run took too long, and was ended."""


class _Alarm(KeyboardInterrupt):
    """Raised by the alarm. A KeyboardInterrupt, since event loops and their tasks let few other exceptions through."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """TimeIsOverError if the block takes longer; no limit where there is no alarm (see the module)."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
        yield
    except _Alarm:
        raise TimeIsOverError(
            f"the run took more than {seconds:g} seconds and was stopped; nothing was written. "
            "Split the project, or raise --time-limit"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(_number: int, _frame: object) -> None:
    raise _Alarm
