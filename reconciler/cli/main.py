"""Where the command ends: every error becomes one message and an exit code here, and nowhere else.

Expected errors are shown without a trace. Unexpected ones show where they arose, by files, lines and functions, but not
their message or any value, since either may hold a secret.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Sequence

import click

from reconciler.cli import signals
from reconciler.cli.terminal import note, silence_stdout, write_what_cannot_be_encoded_as_escapes
from reconciler.model import __version__
from reconciler.model.errors import Exit, ProblemsError, ReconcilerError
from reconciler.model.text import visible

_FRAMES_SHOWN = 12

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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and end the process with the code of the contract."""
    write_what_cannot_be_encoded_as_escapes()
    with signals.taken_over():
        code = run(arguments)
    gc.freeze()
    sys.exit(code)


def run(arguments: Sequence[str] | None) -> int:
    """Run the command; the code of the contract. Errors are printed on stderr."""
    try:
        code = _group.main(arguments, prog_name="reconciler", standalone_mode=False)
    except BaseException as error:
        if signals.was_interrupted():  # whatever became of the interrupt on its way, as in a library's callback
            return _interrupted()
        return _tell(error)
    if signals.was_interrupted():
        return _interrupted()
    return code if isinstance(code, int) else Exit.DONE


def _interrupted() -> Exit:
    note("interrupted: nothing was written")  # an apply that writes has its own way
    return Exit.INTERRUPTED


def _tell(error: BaseException) -> Exit:
    """Say what went wrong, once; its code."""
    try:
        raise error
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _interrupted()
    except click.ClickException as usage:
        _show_usage(usage)
        return Exit.USAGE
    except ProblemsError as wrong:
        note("\n".join(f"{problem.level.value}: {problem}" for problem in wrong.problems))
        return wrong.exit_code
    except ReconcilerError as known:
        note(f"{'error' if known.exit_code else 'note'}: {known}")
        return known.exit_code
    except BrokenPipeError:
        silence_stdout()  # the reader of stdout went away (`| head`): nothing is left to say
        return Exit.DONE
    except BaseException as unexpected:
        _show_fault(unexpected)
        return Exit.ERROR


def _show_usage(error: click.ClickException) -> None:
    """As click shows it, with the arguments that it quotes made visible: they may come from a branch's name."""
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(f"{context.get_usage()}\nTry '{context.command_path} -h' for help.\n", err=True)
    click.echo(visible(f"Error: {error.format_message()}"), err=True)


def _show_fault(error: BaseException) -> None:
    click.echo(f"error: internal error ({type(error).__name__}); please report it with these lines:", err=True)
    from traceback import extract_tb

    for frame in extract_tb(error.__traceback__)[-_FRAMES_SHOWN:]:
        click.echo(f"  {frame.filename}:{frame.lineno} {frame.name}", err=True)


def set_up_logging(verbosity: int) -> None:
    """Send our own log lines to stderr. Other libraries' stay at warnings, since they quote what they send."""
    import logging

    class Visible(logging.Formatter):
        """Log lines quote paths that others named: none of them may be an order to the CI's log."""

        def format(self, record: logging.LogRecord) -> str:
            return visible(super().format(record))

    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    logger = logging.getLogger("reconciler")
    logger.setLevel(levels[min(verbosity, len(levels) - 1)])
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Visible("%(levelname)s %(name)s: %(message)s"))
    logger.handlers[:] = [handler]
