"""sops, by a stand-in that answers for the files in `data` as sops 3.13.3 did, and by the real program where it is.

The files were encrypted with age; their key, made for this alone, lies besides them.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.values import SecretReference
from reconciler.secrets.resolver import Resolution
from tests.secrets.conftest import Resolve

DATA = Path(__file__).parent / "data"
PLANTED = "https://hooks.slack.com/services/T0SOPS/B0SOPS/plantedinsops"

STAND_IN = """#!{python}
import json, os, sys
from pathlib import Path

*options, path = sys.argv[1:]
if options != ["--decrypt", "--output-type", "json"] or not os.path.isabs(path):
    sys.exit("flag provided but not defined")
with open({calls!r}, "a") as calls:
    print(path, file=calls)
if not os.path.exists(path):
    print("Error: cannot operate on non-existent file", file=sys.stderr)
    sys.exit(100)
text = Path(path).read_text()
if "BEGIN AGE ENCRYPTED FILE" not in text:
    sys.exit("sops metadata not found")
if "SOPS_AGE_KEY_FILE" not in os.environ:
    print("Failed to get the data key required to decrypt the SOPS file.", file=sys.stderr)
    sys.exit(128)
if path.endswith("damaged.yaml"):
    print("Error decrypting tree: {planted}", file=sys.stderr)
    sys.exit(25)
answers = {{
    "secrets.yaml": {{"slack": {{"url": {planted!r}}}, "port": 2525, "switch": True, "empty": "", "list": ["one"]}},
    "binary.enc": {{"data": "plantedinbinary"}},
}}
print(json.dumps(answers[os.path.basename(path)], indent=1))
"""

Decrypt = Callable[..., Resolution]


@pytest.fixture(params=["stand-in", *filter(shutil.which, ["sops"])])
def environ(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """An environment in which `sops` is the stand-in or the real program, with the key."""
    path = os.environ["PATH"]
    if request.param == "stand-in":
        path = str(tmp_path / "bin")
        program = tmp_path / "bin" / "sops"
        program.parent.mkdir()
        program.write_text(STAND_IN.format(python=sys.executable, planted=PLANTED, calls=str(tmp_path / "calls")))
        program.chmod(0o755)
    return {"PATH": path, "HOME": str(tmp_path), "SOPS_AGE_KEY_FILE": str(DATA / "age-key.txt")}


def read(resolve: Resolve, environ: dict[str, str], argument: str, key: str, **parts: object) -> str:
    reference = SecretReference("sops", argument, key)
    resolution = resolve(reference, **{"root": DATA, "environ": environ, **parts})
    return resolution.values[reference].reveal() if resolution.values else "FAILED " + resolution.failures[reference]


@pytest.mark.parametrize(
    ("argument", "key", "value"),
    [
        ("secrets.yaml", "slack.url", PLANTED),
        ("secrets.yaml", "port", "2525"),
        (str(DATA / "secrets.yaml"), "slack.url", PLANTED),
        ("binary.enc", "data", "plantedinbinary"),
    ],
)
def test_a_key_of_an_encrypted_file(
    resolve: Resolve, environ: dict[str, str], argument: str, key: str, value: str
) -> None:
    assert read(resolve, environ, argument, key) == value


@pytest.mark.parametrize(
    ("argument", "key", "fault"),
    [
        ("secrets.yaml", "", "key: a.b"),
        ("secrets.yaml", "slack.uri", 'has no key "slack.uri"'),
        ("secrets.yaml", "slack.url.host", 'has no key "slack.url.host"'),
        ("secrets.yaml", "slack", "holds no text"),
        ("secrets.yaml", "list", "holds no text"),
        ("secrets.yaml", "switch", "holds no text"),
        ("secrets.yaml", "empty", "empty value"),
        ("nowhere.yaml", "a", "does not exist"),
        ("plain.yaml", "slack.url", "could not be decrypted (sops ended with code 1)"),
        ("damaged.yaml", "slack.url", "could not be decrypted (sops ended with code 25)"),
    ],
)
def test_what_cannot_be_had(
    resolve: Resolve, environ: dict[str, str], argument: str, key: str, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    failure = read(resolve, environ, argument, key)
    assert failure.startswith("FAILED ")
    assert fault in failure
    assert "planted" not in failure
    assert capfd.readouterr() == ("", "")


def test_without_a_key_that_opens_the_file(resolve: Resolve, environ: dict[str, str]) -> None:
    del environ["SOPS_AGE_KEY_FILE"]
    assert "none of your keys can open it" in read(resolve, environ, "secrets.yaml", "slack.url")


def test_without_the_program(resolve: Resolve, tmp_path: Path) -> None:
    assert 'program "sops" was not found; install it' in read(resolve, {"PATH": str(tmp_path)}, "secrets.yaml", "port")


def test_a_file_name_cannot_be_an_option(
    resolve: Resolve, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(DATA)
    assert "does not exist" in read(resolve, environ, "--version", "a", root=Path())


def test_a_file_is_decrypted_once_for_all_its_keys(resolve: Resolve, environ: dict[str, str], tmp_path: Path) -> None:
    references = [SecretReference("sops", "secrets.yaml", key) for key in ("slack.url", "port", "empty")]
    resolution = resolve(*references, root=DATA, environ=environ)
    assert len(resolution.values) == 2
    calls = tmp_path / "calls"
    assert not calls.exists() or calls.read_text() == f"{DATA / 'secrets.yaml'}\n"


@pytest.mark.parametrize("printed", ["planted", '{"a": "planted"', "[" * 100_000])
def test_output_that_is_no_document(resolve: Resolve, tmp_path: Path, printed: str) -> None:
    (tmp_path / "printed").write_text(printed)
    program = tmp_path / "sops"
    program.write_text(f"#!/bin/sh\ncat {tmp_path / 'printed'}\n")
    program.chmod(0o755)
    failure = read(resolve, {"PATH": f"{tmp_path}:/bin:/usr/bin"}, "secrets.yaml", "a")
    assert "is not JSON" in failure
    assert "planted" not in failure
