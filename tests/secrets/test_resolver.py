"""The resolver over real sources: what is allowed, shared, remembered, bounded, and what becomes of failures."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

import pytest

from reconciler.model.errors import ConfigurationError
from reconciler.model.values import RESERVED_NAMES, SecretReference, SecretText
from reconciler.secrets.resolver import Resolver
from reconciler.secrets.sources import SecretSettings
from tests.guarded import PATIENCE
from tests.secrets.conftest import MakeSettings, Offer, Resolve

URL = SecretReference("env", "URL")
ENVIRON = {"URL": "planted-url", "TOKEN": "planted-token"}


def test_a_reference_gets_its_value(resolve: Resolve) -> None:
    resolution = resolve(URL, environ=ENVIRON)
    assert resolution.values == {URL: SecretText("planted-url")}
    assert resolution.failures == {}


def test_each_reference_is_in_exactly_one_of_values_and_failures(resolve: Resolve) -> None:
    missing = SecretReference("env", "MISSING")
    resolution = resolve(URL, missing, URL, environ=ENVIRON)
    assert set(resolution.values) == {URL}
    assert set(resolution.failures) == {missing}


def test_live_references_are_skipped_even_when_nothing_is_allowed(resolve: Resolve) -> None:
    resolution = resolve(SecretReference("live"), SecretReference("live", form="Bearer {}"), allow=())
    assert resolution.values == {}
    assert resolution.failures == {}


def test_nothing_to_resolve_is_fine(resolve: Resolve) -> None:
    assert resolve().values == {}


def test_the_form_wraps_the_value(resolve: Resolve) -> None:
    bearer = SecretReference("env", "TOKEN", form="Bearer {}")
    assert resolve(bearer, environ=ENVIRON).values[bearer].reveal() == "Bearer planted-token"


def test_a_value_with_braces_is_not_taken_for_a_form(resolve: Resolve) -> None:
    reference = SecretReference("env", "A", form="x{}y")
    assert resolve(reference, environ={"A": "{}{0}{{"}).values[reference].reveal() == "x{}{0}{{y"


def test_other_braces_of_a_form_are_kept(resolve: Resolve) -> None:
    reference = SecretReference("env", "TOKEN", form='{"token": "{}", "{0}": "{x}"}')
    value = resolve(reference, environ=ENVIRON).values[reference]
    assert value.reveal() == '{"token": "planted-token", "{0}": "{x}"}'


def test_a_form_without_a_place_for_the_value_is_a_failure(resolve: Resolve) -> None:
    reference = SecretReference("env", "TOKEN", form="Bearer")
    assert "{}" in resolve(reference, environ=ENVIRON).failures[reference]


@pytest.mark.parametrize(
    ("source", "argument", "pattern", "allowed"),
    [
        ("env", "SLACK_URL", "env:SLACK_*", True),
        ("env", "slack_url", "env:SLACK_*", False),
        ("env", "TEAMS_URL", "env:SLACK_*", False),
        ("pass", "team/slack/oncall", "pass:team/*", True),
        ("pass", "teams/slack", "pass:team/*", False),
        ("envy", "SLACK_URL", "env:*", False),
        ("file", "keys/../../other", "file:keys/*", False),
        ("file", "..\\other", "file:*", False),
        ("file", "../shared/token", "file:../shared/token", True),
        ("file", "keys/a..b", "file:keys/*", True),
        ("vault", "secret/team/..", "vault:secret/*", False),
    ],
)
def test_allow_patterns(make_settings: MakeSettings, source: str, argument: str, pattern: str, allowed: bool) -> None:
    resolver = Resolver(make_settings(allow=(pattern,)))
    assert resolver.is_allowed(SecretReference(source, argument)) is allowed


def test_any_of_the_patterns_is_enough_and_none_allows_nothing(make_settings: MakeSettings) -> None:
    assert Resolver(make_settings(allow=("file:x", "env:U*"))).is_allowed(URL)
    assert not Resolver(make_settings(allow=())).is_allowed(URL)
    assert Resolver(make_settings(allow=None)).is_allowed(URL)


def test_what_is_not_allowed_is_not_read(resolve: Resolve, offer: Offer) -> None:
    offer("counted", COUNTED)
    reference = SecretReference("counted", "a")
    failure = resolve(reference, allow=("env:*",)).failures[reference]
    assert "spec.secrets.allow" in failure
    assert "counted:a" in failure
    assert "counted_plugin" not in sys.modules


COUNTED = """
    reads = []

    class Counted:
        def read(self, argument, key):
            reads.append((argument, key))
            return f"planted-{argument}-{key}-{len(reads)}"

    def make(settings):
        return Counted()
"""


def test_one_read_serves_all_forms_and_all_calls_of_a_run(make_settings: MakeSettings, offer: Offer) -> None:
    offer("counted", COUNTED)
    plain = SecretReference("counted", "a", "k")
    bearer = SecretReference("counted", "a", "k", form="Bearer {}")
    resolver = Resolver(make_settings())

    async def twice_at_the_same_time() -> None:
        await asyncio.gather(resolver.resolve([plain, bearer]), resolver.resolve([bearer]))

    asyncio.run(twice_at_the_same_time())
    later = asyncio.run(resolver.resolve([plain, bearer]))
    assert later.values[bearer].reveal() == "Bearer " + later.values[plain].reveal() == "Bearer planted-a-k-1"


def test_another_key_is_another_read(resolve: Resolve, offer: Offer) -> None:
    offer("counted", COUNTED)
    one, other = SecretReference("counted", "a", "k"), SecretReference("counted", "a", "l")
    values = resolve(one, other).values
    assert {values[one].reveal()[:12], values[other].reveal()[:12]} == {"planted-a-k-", "planted-a-l-"}


def test_a_failure_is_remembered(make_settings: MakeSettings) -> None:
    environ: dict[str, str] = {}
    resolver = Resolver(make_settings(environ=environ))
    first = asyncio.run(resolver.resolve([URL]))
    environ["URL"] = "planted"
    assert asyncio.run(resolver.resolve([URL])).failures == first.failures != {}


def test_reads_go_side_by_side_but_not_all_at_once(resolve: Resolve, offer: Offer) -> None:
    # The barrier opens only for eight at a time: fewer would break it, more would be counted.
    offer(
        "meeting",
        """
        import threading
        barrier = threading.Barrier(8, timeout=60)
        lock = threading.Lock()
        inside = most = 0

        class Meeting:
            def read(self, argument, key):
                global inside, most
                with lock:
                    inside += 1
                    most = max(most, inside)
                barrier.wait()
                with lock:
                    inside -= 1
                barrier.wait()
                return str(most)

        def make(settings):
            return Meeting()
        """,
    )
    references = [SecretReference("meeting", str(number)) for number in range(24)]
    resolution = resolve(*references)
    assert {value.reveal() for value in resolution.values.values()} == {"8"}
    assert resolution.failures == {}


def test_one_resolver_serves_several_event_loops(make_settings: MakeSettings) -> None:
    environ = {f"V{number}": "x" for number in range(40)}
    resolver = Resolver(make_settings(environ=environ))
    first = [SecretReference("env", f"V{number}") for number in range(20)]
    every = [SecretReference("env", name) for name in environ]
    assert len(asyncio.run(resolver.resolve(first)).values) == 20
    assert len(asyncio.run(resolver.resolve(every)).values) == 40


def test_a_source_that_hangs_is_given_up_and_does_not_keep_the_process() -> None:
    code = """
import asyncio, threading
from pathlib import Path
from reconciler.model.values import SecretReference
from reconciler.secrets import commands, resolver as reading
from reconciler.secrets.resolver import Resolver
from reconciler.secrets.sources import SecretSettings

class Hanging:
    def read(self, argument, key):
        threading.Event().wait()

reading.GRACE_SECONDS = 0.0
commands.CommandSource = lambda *parts: Hanging()
settings = SecretSettings(Path(), {"hanging": ("x",)}, None, {"URL": "x"}, timeout_seconds=40)
resolver, url = Resolver(settings), SecretReference("env", "URL")

async def main():
    resolving = asyncio.create_task(resolver.resolve([SecretReference("hanging", "a"), url]))
    await resolver.resolve([url])
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + 40
    return await resolving

resolution = asyncio.run(main())
print(len(resolution.values), *resolution.failures.values())
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.stdout.startswith('1 source "hanging" gave no answer in 40 seconds'), ended.stderr
    assert ended.returncode == 0
    assert ended.stderr == ""


def test_one_callers_cancellation_leaves_the_value_to_the_others(make_settings: MakeSettings, offer: Offer) -> None:
    offer(
        "gated",
        """
        import threading
        entered, gate = threading.Event(), threading.Event()

        class Gated:
            def read(self, argument, key):
                entered.set()
                assert gate.wait(60)
                return "planted"

        def make(settings):
            return Gated()
        """,
    )
    import gated_plugin  # type: ignore[import-not-found]  # the package that was just installed

    async def cancel_one() -> int:
        resolver = Resolver(make_settings())
        reference = SecretReference("gated", "a")
        one = asyncio.create_task(resolver.resolve([reference]))
        other = asyncio.create_task(resolver.resolve([reference]))
        await asyncio.to_thread(gated_plugin.entered.wait, 60)
        one.cancel()
        await asyncio.wait([one])
        gated_plugin.gate.set()
        return len((await other).values)

    assert asyncio.run(cancel_one()) == 1


def test_the_event_loops_debug_log_shows_no_value(
    resolve: Resolve, make_settings: MakeSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def slow_and_seen() -> str:
        asyncio.get_running_loop().slow_callback_duration = 0.0
        resolver = Resolver(make_settings(environ=ENVIRON))
        await resolver.resolve([URL])
        return repr(vars(resolver)) + repr(vars(resolver._reader)) + repr(asyncio.all_tasks())

    shown = asyncio.run(slow_and_seen(), debug=True)
    assert "asyncio" in caplog.text
    assert "planted" not in caplog.text + shown


def test_settings_do_not_show_the_environment(make_settings: MakeSettings) -> None:
    assert "planted" not in repr(make_settings(environ=ENVIRON))


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_a_project_cannot_give_a_known_word_another_meaning(make_settings: MakeSettings, name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf'spec\.secrets\.sources.*"{name}"'):
        make_settings(sources={name: ("cat",)})


def test_a_command_must_name_a_program(make_settings: MakeSettings) -> None:
    with pytest.raises(ConfigurationError, match=r"spec\.secrets\.sources\.pass\.exec"):
        make_settings(sources={"pass": ()})


def test_importing_costs_no_event_loop_and_no_library() -> None:
    code = "import sys, reconciler.secrets; print(*{'asyncio', 'subprocess', 'hvac', 'boto3'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert ended.stdout.strip() == ""


def test_reading_env_loads_no_library_of_another_source() -> None:
    code = """
import asyncio, sys
from pathlib import Path
from reconciler.model.values import SecretReference
from reconciler.secrets.resolver import Resolver
from reconciler.secrets.sources import SecretSettings
resolver = Resolver(SecretSettings(Path(), {}, None, {"URL": "x"}))
assert asyncio.run(resolver.resolve([SecretReference("env", "URL")])).values
print(*{"hvac", "boto3", "botocore", "requests"} & set(sys.modules))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert ended.stdout.strip() == ""


def test_the_default_time_limit_is_half_a_minute(make_settings: MakeSettings) -> None:
    assert SecretSettings.timeout_seconds == make_settings().timeout_seconds == 30
