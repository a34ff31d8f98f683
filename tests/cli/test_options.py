"""From click's arguments to typed options: nothing is lost on the way, and the environment can give every flag."""

from __future__ import annotations

import dataclasses
import importlib

import click
import pytest

from reconciler.cli.main import VERBS
from tests.cli.shell import Shell

VERB_NAMES = sorted(VERBS)

_OPERATORS = {"leftovers"}  # only who looks again and again can tell that a canary is old
NOT_FLAGS = {
    "apply": _OPERATORS,
    "destroy": _OPERATORS,
    "release": {"max_messages", "on_test_failure", *_OPERATORS},  # it sends none
    "show": {"targets", "quiet", "verbose"},  # it shows all that its files hold, and says little
}
"""Fields that a verb has no flag for, and why."""


def command_of(verb: str) -> click.Command:
    command: click.Command = importlib.import_module(f"reconciler.cli.verbs.{verb}").command
    return command


def classes_of(verb: str) -> tuple[type, ...]:
    return getattr(command_of(verb).callback, "takes", ())


@pytest.mark.parametrize("verb", VERB_NAMES)
def test_every_flag_has_its_mirror_in_the_environment(verb: str) -> None:
    for parameter in command_of(verb).params:
        if isinstance(parameter, click.Option):
            longs = [name for name in parameter.opts if name.startswith("--")]
            assert parameter.envvar == [f"RECONCILER_{name[2:].replace('-', '_').upper()}" for name in longs]


@pytest.mark.parametrize("verb", VERB_NAMES)
def test_a_flag_whose_value_is_empty_is_an_error(verb: str) -> None:
    """`--base "$BASE"` of a variable that is not set would else be a run without a base."""
    command = command_of(verb)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not (parameter.is_flag or parameter.count):
            with pytest.raises(click.BadParameter, match="it is empty: give it a value, or leave the flag out"):
                command.make_context(verb, [parameter.opts[-1], ""])


def test_an_empty_variable_is_one_that_is_not_set(shell: Shell) -> None:
    assert shell.run("validate", environ={"RECONCILER_TARGET": "", "RECONCILER_CONFIG": ""}).code == 0


@pytest.mark.parametrize("verb", [verb for verb in VERB_NAMES if classes_of(verb)])
def test_every_argument_becomes_a_field_and_every_field_has_an_argument(verb: str) -> None:
    arguments = {parameter.name for parameter in command_of(verb).params}
    taken = {item.name for one in classes_of(verb) for item in dataclasses.fields(one)}
    assert arguments <= taken
    assert taken - arguments <= NOT_FLAGS.get(verb, set())


@pytest.mark.parametrize("verb", [verb for verb in VERB_NAMES if classes_of(verb)])
def test_defaults_of_flags_and_of_options_are_the_same(verb: str) -> None:
    command = command_of(verb)
    with command.make_context(verb, ["x"] if verb == "show" else [], resilient_parsing=True) as context:
        for one in classes_of(verb):
            for item in dataclasses.fields(one):
                if item.name in context.params and item.default is not dataclasses.MISSING:
                    assert context.params[item.name] in (item.default, None), item.name


@pytest.mark.parametrize("name", ["RECONCILER_YES", "RECONCILER_AUTO_APPROVE"])
def test_auto_approve_counts_from_the_environment_by_either_name(shell: Shell, name: str) -> None:
    done = shell.run("apply", environ={name: "1"})
    assert done.code == 0, done.everything
    assert "1 added" in done.out, "there was something to ask about"
