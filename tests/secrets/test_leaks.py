"""One secret planted in every source and every way to fail, and looked for in all that comes out."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import logging
import pickle
import pprint
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import boto3
import pytest

from reconciler.model.errors import SecretError
from reconciler.model.values import SecretReference
from reconciler.secrets.resolver import Resolution, Resolver, Sources
from reconciler.secrets.sources import SecretSettings
from tests.secrets.conftest import MakeSettings, Offer
from tests.secrets.vault_server import TOKEN, Vault, served, version_2

SECRET = "zQ7/kX9+vW2~Lp4&Tn6%Rb8"
PIECES = {
    whole[start : start + 8]
    for whole in (
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        quote(SECRET, safe=""),
        repr(SECRET.encode())[2:-1],
    )
    for start in range(len(whole) - 7)
}

GOOD = [
    SecretReference("env", "GOOD"),
    SecretReference("file", "good"),
    SecretReference("prints", "good", form="Bearer {}"),
    SecretReference("vault", "secret/good", "k"),
    SecretReference("aws_secret", "good"),
    SecretReference("keeper", "good"),
]
BAD = [
    SecretReference("env", "STRAY"),
    SecretReference("env", SECRET),
    SecretReference("file", "binary"),
    SecretReference("file", "latin"),
    SecretReference("file", "large"),
    SecretReference("prints", "binary"),
    SecretReference("prints", "latin"),
    SecretReference("prints", "large"),
    SecretReference("prints", "fails"),
    SecretReference("sops", "good", "k"),
    SecretReference("vault", "secret/good", "other"),
    SecretReference("vault", "secret/list", "k"),
    SecretReference("vault", "secret/odd", "k"),
    SecretReference("vault", "secret/broken", "k"),
    SecretReference("vault", "secret/sealed", "k"),
    SecretReference("aws_secret", "good", "k"),
    SecretReference("aws_secret", "json", "other"),
    SecretReference("aws_secret", "binary"),
    SecretReference("keeper", "raises"),
    SecretReference("keeper", "chain"),
    SecretReference("keeper", "bytes"),
    SecretReference("keeper", "number"),
]

HANGS = SecretReference("prints", "hangs")

PRINTS = """
import os, signal, sys
secret = open("good").read()
sys.stderr.write(secret)
case = sys.argv[1]
text = {"large": secret * 100_000, "binary": secret + chr(0)}.get(case, secret)
sys.stdout.buffer.write(text.encode() + (bytes([255]) if case == "latin" else b""))
sys.stdout.flush()
if case == "fails":
    sys.exit(secret)
if case == "hangs":
    signal.pause()
"""

KEEPER = f"""
    SECRET = {SECRET!r}

    class Keeper:
        def read(self, argument, key):
            if argument == "raises":
                raise RuntimeError(SECRET)
            if argument == "chain":
                try:
                    raise ValueError(SECRET)
                except ValueError as error:
                    raise KeyError(SECRET) from error
            return {{"good": SECRET, "bytes": SECRET.encode(), "number": [SECRET]}}[argument]

    def make(settings):
        return Keeper()
"""


@pytest.fixture
def settings(make_settings: MakeSettings, tmp_path: Path, offer: Offer, aws_environment: None) -> SecretSettings:
    """A project in which every source has the secret."""
    (tmp_path / "good").write_text(SECRET)
    (tmp_path / "binary").write_text(SECRET + "\0")
    (tmp_path / "latin").write_bytes(SECRET.encode() + b"\xff")
    (tmp_path / "large").write_text(SECRET * 100_000)
    (tmp_path / "prints.py").write_text(PRINTS)
    sops = tmp_path / "bin" / "sops"
    sops.parent.mkdir()
    sops.write_text("#!/bin/sh\n/bin/cat good; /bin/cat good >&2\n")
    sops.chmod(0o755)
    offer("keeper", KEEPER)
    client = boto3.session.Session().client("secretsmanager")
    client.create_secret(Name="good", SecretString=SECRET)
    client.create_secret(Name="json", SecretString=json.dumps({"k": SECRET}))
    client.create_secret(Name="binary", SecretBinary=SECRET.encode())
    client.close()
    return make_settings(
        sources={"prints": (sys.executable, "prints.py")},
        environ={
            "GOOD": SECRET,
            "STRAY": SECRET + "\udcff",
            "PATH": str(sops.parent),
            "VAULT_TOKEN": TOKEN,
        },
        timeout_seconds=20,
    )


def plant(vault: Vault) -> None:
    data = "/v1/secret/data/"
    vault.secrets[data + "good"] = version_2({"k": SECRET})
    vault.secrets[data + "list"] = version_2({"k": [SECRET]})
    vault.secrets[data + "odd"] = SECRET
    vault.broken = {data + "broken": 500, data + "sealed": 503}
    vault.error_text = SECRET


def shown(thing: object) -> str:
    """All the ways in which a value is commonly shown."""
    return "\n".join([repr(thing), str(thing), f"{thing!a}", f"{thing}", f"{thing:}", pprint.pformat(thing)])


def attempt(change: Callable[[], object]) -> str:
    try:
        return repr(change())
    except Exception as error:  # what is raised is what is looked at
        return "".join(traceback.format_exception(error)) + repr(error)


def outputs_of(resolution: Resolution) -> list[str]:
    first = next(iter(resolution.values.values()))
    return [
        shown(resolution),
        shown(resolution.values),
        *(shown(value) for value in resolution.values.values()),
        *resolution.failures.values(),
        attempt(lambda: json.dumps(first)),
        attempt(lambda: pickle.dumps(resolution)),
        attempt(lambda: copy.deepcopy(resolution)),
        attempt(lambda: f"{first:>20}"),
        attempt(lambda: f"{int(first)}"),  # type: ignore[call-overload]  # a mistake, whose error must not show it
    ]


def errors_of(settings: SecretSettings, references: list[SecretReference]) -> list[str]:
    """The tracebacks of the sources themselves, as a crash report would have them."""
    sources = Sources(settings)
    texts = []
    for reference in references:
        try:
            sources.get(reference.source).read(reference.argument, reference.key)
        except SecretError as error:
            texts += ["".join(traceback.format_exception(error)), shown(error), repr(error.args)]
        except Exception:  # a plug-in's own: the resolver rewords it, which is looked at elsewhere
            assert reference.source == "keeper"
    return texts


def test_no_secret_comes_out_of_any_source_in_any_way(
    settings: SecretSettings, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("", "asyncio", "boto3", "botocore", "urllib3", "requests", "hvac"):
        caplog.set_level(logging.DEBUG, name)
    server = Vault()
    plant(server)
    with served(server):
        environ = {**settings.environ, "VAULT_ADDR": f"http://127.0.0.1:{server.server_port}"}
        settings = replace(settings, environ=environ)
        resolver = Resolver(settings)
        resolution = asyncio.run(resolver.resolve([*GOOD, *BAD]), debug=True)
        hurried = replace(settings, timeout_seconds=0.5)
        late = asyncio.run(Resolver(hurried).resolve([HANGS]), debug=True)
        errors = [shown(late), *errors_of(settings, BAD), *errors_of(hurried, [HANGS])]

    assert list(resolution.values) == GOOD
    assert {value.reveal() for value in resolution.values.values()} == {SECRET, f"Bearer {SECRET}"}
    assert list(resolution.failures) == BAD
    assert list(late.failures) == [HANGS]
    assert len(errors) > 3 * 15

    # References are shown as they were written; here one is the secret, in the place of a variable's name.
    misplaced = repr(SecretReference("env", SECRET))
    printed = capfd.readouterr()
    everything = [*outputs_of(resolution), *errors, shown(settings), shown(vars(resolver)), caplog.text, *printed]
    for text in everything:
        cleaned = text.replace(misplaced, "").replace(ascii(SecretReference("env", SECRET)), "")
        assert not [piece for piece in PIECES if piece in cleaned]


def test_the_search_finds_what_it_looks_for() -> None:
    for text in (SECRET[3:11], base64.b64encode(SECRET.encode()).decode(), quote(SECRET, safe="")):
        assert [piece for piece in PIECES if piece in f"... {text} ..."]
