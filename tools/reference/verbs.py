"""The page of verbs: what each does, its arguments, its flags and their environment variables. From click."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click

from reconciler.cli.main import VERBS
from tools.reference.markdown import code, page, prose, table

_INTRO = """`reconciler VERB --help` says the same. Every flag can be given by the environment variable next to it, too;
one that may be given several times takes words with blanks between them there, and `true` sets one that has no value.
Data goes to stdout, everything else to stderr. What the run ends with is on the page of [exit codes](exit-codes.md)."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every verb with its command, in the order of the alphabet; verbs of a group as `group verb`."""
    for verb in sorted(VERBS):
        command: click.Command = importlib.import_module(f"reconciler.cli.verbs.{verb}").command
        yield verb, command
        if isinstance(command, click.Group):
            for name in sorted(command.commands):
                yield f"{verb} {name}", command.commands[name]


def render() -> str:
    """The page."""
    listed = [[f"[{verb}](#{verb.replace(' ', '-')})", prose(_first_line(command))] for verb, command in commands()]
    parts = [_INTRO, table(["verb", "does"], listed)]
    for verb, command in commands():
        parts += [f"## {verb}", code(usage(verb, command)), prose(_help(command)), flags(command)]
    return page("Verbs and flags", *parts)


def _help(command: click.Command) -> str:
    return (command.help or "").replace("\b", "")


def _first_line(command: click.Command) -> str:
    return _help(command).strip().split("\n\n")[0]


def usage(verb: str, command: click.Command) -> str:
    """As the first line of `--help` has it."""
    with click.Context(command, info_name=verb) as context:
        return " ".join(["reconciler", verb, *command.collect_usage_pieces(context)])


def flags(command: click.Command) -> str:
    """A table of the flags of a command."""
    rows = []
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            variables = [option.envvar] if isinstance(option.envvar, str) else option.envvar or ()
            names = ", ".join(code(name) for name in (*option.opts, *option.secondary_opts))
            takes = "" if option.is_flag or option.count else " " + code(_value(option))
            rows.append([names + takes, ", ".join(map(code, variables)), _meaning(option)])
    return table(["flag", "environment", "meaning"], rows) if rows else ""


def _value(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(str(choice) for choice in option.type.choices)
    if isinstance(option.type, (click.IntRange, click.FloatRange, type(click.INT), type(click.FLOAT))):
        return "N"
    return "FILE" if isinstance(option.type, (click.Path, click.File)) else "TEXT"


def _meaning(option: click.Option) -> str:
    words = [prose(option.help or "")]
    if option.multiple:
        words.append("Can be given several times.")
    with click.Context(click.Command("any")) as context:
        default = option.get_default(context)
    if not option.is_flag and isinstance(default, (str, int, float)) and default and not option.count:
        words.append(f"Default: {code(str(default))}")
    return " ".join(words)
