"""Sources that other packages bring, by real entry points."""

from __future__ import annotations

import sys

import pytest

from reconciler.model.values import SecretReference
from tests.secrets.conftest import Offer, Resolve

ECHO = """
    class Echo:
        def __init__(self, settings):
            self.environ = settings.environ
        def read(self, argument, key):
            return f"{argument}|{key}|{self.environ['NAME']}"

    make = Echo
"""


def failing(body: str) -> str:
    return f"""
    from reconciler.model.errors import SecretError

    class Failing:
        def read(self, argument, key):
            {body}

    def make(settings):
        return Failing()
    """


def read(resolve: Resolve, source: str, **parts: object) -> str:
    reference = SecretReference(source, "path", "k")
    resolution = resolve(reference, **parts)
    return resolution.values[reference].reveal() if resolution.values else "FAILED " + resolution.failures[reference]


def test_a_package_brings_a_source(resolve: Resolve, offer: Offer) -> None:
    offer("keeper", ECHO)
    assert read(resolve, "keeper", environ={"NAME": "x"}) == "path|k|x"


def test_a_package_cannot_take_over_a_source_that_exists(resolve: Resolve, offer: Offer) -> None:
    offer("env", ECHO)
    offer("pass", ECHO)
    command = (sys.executable, "-c", "print('ours')")
    env, ours = SecretReference("env", "URL"), SecretReference("pass", "a")
    values = resolve(env, ours, environ={"URL": "planted"}, sources={"pass": command}).values
    assert (values[env].reveal(), values[ours].reveal()) == ("planted", "ours")
    assert not {"env_plugin", "pass_plugin"} & set(sys.modules)


def test_two_packages_of_one_name_are_refused(resolve: Resolve, offer: Offer) -> None:
    offer("keeper", ECHO, package="one_keeper")
    offer("keeper", ECHO, package="other_keeper")
    assert "several installed packages" in read(resolve, "keeper")


def test_an_unknown_source_lists_the_known_ones(resolve: Resolve) -> None:
    failure = read(resolve, "vautl", sources={"pass": ("pass", "show")})
    assert 'there is no secret source "vautl"; known are aws_secret, env, file, pass, secret, sops, vault' in failure


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (failing('raise SecretError("the keeper is locked; unlock it")'), "the keeper is locked; unlock it"),
        (failing('raise ValueError("planted")'), 'source "keeper" failed unexpectedly (ValueError)'),
        (failing('raise KeyError("planted") from ValueError("planted")'), "failed unexpectedly (KeyError)"),
        (failing("return b'planted'"), "gave no text"),
        (failing("return None"), "gave no text"),
        (failing("return ''"), "gave an empty value"),
        (failing("return 'planted' + chr(0)"), "gave binary data"),
        (failing("return 'planted' + chr(0xD800)"), "gave binary data"),
        (failing("return 'p' * (1 << 21)"), "more than 1 MiB"),
        ("raise RuntimeError('planted')", "failed unexpectedly (RuntimeError)"),
        ("make = 3", "failed unexpectedly (TypeError)"),
        ("x = 1", "failed unexpectedly (AttributeError)"),
    ],
)
def test_a_source_that_misbehaves(
    resolve: Resolve, offer: Offer, code: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    offer("keeper", code)
    failure = read(resolve, "keeper")
    assert words in failure
    assert "planted" not in failure
    assert capfd.readouterr() == ("", "")
