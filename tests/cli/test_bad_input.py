"""Bad input gets one clear error and the right exit code: no traceback, no secret, nothing half-written."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from reconciler.simulator import Simulator
from tests.cli.conftest import SLACK_URL
from tests.cli.shell import PROJECT, SLACK, Done, Shell

SECRET = SLACK_URL.rsplit("/", 1)[1]


def is_clear(done: Done, code: int, *words: str) -> None:
    assert done.code == code, done.everything
    assert "Traceback" not in done.everything
    assert "internal error" not in done.everything
    assert SECRET not in done.everything
    for word in words:
        assert word in done.everything, f"{word!r} is not in: {done.everything}"


MANIFESTS: dict[str, tuple[str | bytes, str]] = {
    "yaml that does not parse": ("kind: [", "bad.yaml:"),
    "duplicate key": (SLACK + "  display_name: again\n", "bad.yaml:7:3"),
    "alias bomb": (
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{c}: &{c} [{','.join([f'*{p}'] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)),
        "alias",
    ),
    "file that is too large": (b"#" * (11 * 1024 * 1024), "10 MiB"),
    "not utf-8": (b"kind: \xff\xfe\n", "UTF-8"),
    "unknown kind": (SLACK.replace("SlackChannel", "SlakChannel"), "SlackChannel"),
    "unknown field": (SLACK.replace("display_name", "displayname"), "display_name"),
    "wrong address": (SLACK.replace("{env: SLACK_URL}", f"ftp://{SECRET}"), "webhook_url"),
    "not a mapping": ("- a\n- b\n", "bad.yaml"),
    "no name": (SLACK.replace("metadata: {name: oncall}", "metadata: {}"), "name"),
    "dangling reference": (
        (
            "apiVersion: channels.gitops/v1\nkind: EmailChannel\nmetadata: {name: mail}\n"
            "spec: {sender: nobody, recipients: [a@example.org]}\n"
        ),
        "nobody",
    ),
    "unknown target": (SLACK + "  targets: [serch]\n", "did you mean search?"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_bad_manifest_is_one_clear_finding(shell: Shell, simulator: Simulator, name: str) -> None:
    text, word = MANIFESTS[name]
    (shell.folder / "channels/oncall.yaml").unlink()
    shell.write("channels/bad.yaml", text)
    is_clear(shell.run("validate"), 1, word)
    is_clear(shell.run("apply", "--yes"), 1, word)
    assert simulator.requests == []


def test_all_problems_of_all_files_come_at_once_sorted(shell: Shell) -> None:
    shell.write("channels/b.yaml", SLACK.replace("oncall", "Bad Name"))
    shell.write("channels/a.yaml", SLACK.replace("oncall", "a").replace("kind: Slack", "kind: Slak"))
    shell.write("channels/c.yaml", SLACK)
    done = shell.run("validate")
    is_clear(done, 1, "channels/a.yaml:", "channels/b.yaml:", "channels/c.yaml:", "channels/oncall.yaml:")
    places = [line.split(": ")[1] for line in done.out.splitlines()[:-1]]
    assert places == sorted(places)


def test_an_empty_folder_is_an_error(shell: Shell) -> None:
    (shell.folder / "channels/oncall.yaml").unlink()
    is_clear(shell.run("validate"), 1, "no manifest")
    for verb in (("plan",), ("apply", "--yes"), ("drift",), ("test", "--all")):
        is_clear(shell.run(*verb), 3, "pass --allow-empty to plan or apply")
    for verb in (("plan",), ("apply", "--yes")):
        assert shell.run(*verb, "--allow-empty").code == 0


def test_no_project_file_says_how_to_get_one(shell: Shell) -> None:
    (shell.folder / "reconciler.yaml").unlink()
    is_clear(shell.run("plan"), 1, "reconciler.yaml")


def test_a_bad_project_file_shows_all_its_problems(shell: Shell) -> None:
    shell.write("reconciler.yaml", PROJECT.replace("opensearch", "opensarch").replace("manifests", "manifest"))
    is_clear(shell.run("plan"), 1, "opensearch", "manifests")


FAULTS: dict[str, tuple[dict[str, object], int, str]] = {
    "401": ({"kind": "answer", "status": 401}, 1, "credentials"),
    "403": ({"kind": "answer", "status": 403}, 1, "403"),
    "404": ({"kind": "answer", "status": 404}, 1, "404"),
    "HTML": ({"kind": "html", "status": 200}, 1, "HTML"),
    "cut JSON": ({"kind": "cut_json"}, 1, "JSON"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_target_that_cannot_be_read_is_one_clear_error(shell: Shell, simulator: Simulator, name: str) -> None:
    fault, code, word = FAULTS[name]
    simulator.faults.add(**{"path": "*/configs", "times": 100, **fault})  # type: ignore[arg-type]
    is_clear(shell.run("plan"), code, word)
    is_clear(shell.run("apply", "--yes"), code, word)
    assert not [call for call in simulator.requests if call.method != "GET"]


def test_transient_trouble_is_waited_out(shell: Shell, simulator: Simulator) -> None:
    for status in (429, 500, 503):
        simulator.faults.add("answer", path="*/configs", status=status, retry_after=0)
    is_clear(shell.run("plan"), 0, "1 to add")


def test_a_server_that_hangs_ends_by_the_deadline(shell: Shell, simulator: Simulator) -> None:
    simulator.faults.add("wait", path="*/configs", seconds=30, times=9)
    done = shell.run("plan", "--timeout", "2.5")
    is_clear(done, 1, "2.5")


def test_a_server_without_the_plugin_is_reported_as_such(shell: Shell, simulator: Simulator) -> None:
    is_clear(shell.run("plan", environ={"OPENSEARCH_URL": f"{simulator.url}/nowhere"}), 1, "plugin")


def test_nobody_listening_is_reported_as_such(shell: Shell) -> None:
    with socket.socket() as bound:  # and kept, so that nobody else comes to listen there
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        done = shell.run("plan", environ={"OPENSEARCH_URL": f"http://127.0.0.1:{port}"})
    is_clear(done, 1, "connect", "No plan: no target could be read.")


def test_no_address_at_all_names_the_variable(shell: Shell) -> None:
    is_clear(shell.run("plan", environ={"OPENSEARCH_URL": ""}), 1, "OPENSEARCH_URL")


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[Simulator, Path]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Simulator(ssl_context=context, credentials=("admin", "an-admin-password")) as running:
        yield running, tmp_path


def with_auth(text: str) -> str:
    auth = "auth: {basic: {username: {env: OS_USER}, password: {env: OS_PASSWORD}}}"
    return text.replace("{provider: opensearch}", "{provider: opensearch, tls: {ca_file: ca.pem}, " + auth + "}")


def test_tls_and_credentials_each_have_their_own_error(shell: Shell, secured: tuple[Simulator, Path]) -> None:
    running, _ = secured
    environ = {"OPENSEARCH_URL": running.url, "OS_USER": "admin", "OS_PASSWORD": "an-admin-password"}
    is_clear(shell.run("plan", environ=environ), 1, "ca_file")
    shell.write("reconciler.yaml", with_auth(PROJECT))
    is_clear(shell.run("plan", environ=environ), 0, "1 to add")
    is_clear(shell.run("plan", environ={**environ, "OS_PASSWORD": "wrong-password-of-mine"}), 1, "credentials")
    missing = shell.run("plan", environ={**environ, "OS_PASSWORD": ""})
    is_clear(missing, 1, "OS_PASSWORD")
    assert "wrong-password-of-mine" not in missing.everything


def test_credentials_do_not_go_over_plain_http_to_another_machine(shell: Shell) -> None:
    shell.write("reconciler.yaml", with_auth(PROJECT))
    environ = {"OPENSEARCH_URL": "http://192.0.2.1:9200", "OS_USER": "u", "OS_PASSWORD": "p"}
    is_clear(shell.run("plan", environ=environ), 1, "insecure")


def test_a_create_that_somebody_else_did_meanwhile_is_a_failed_change(shell: Shell, simulator: Simulator) -> None:
    simulator.faults.add("answer", method="POST", path="*/configs", status=409)
    is_clear(shell.run("apply", "--yes"), 4, "failed")


def make_fifo(path: Path) -> None:
    import os

    os.mkfifo(path)


UNREADABLE: dict[str, Callable[[Path], object]] = {"fifo": make_fifo, "folder named like a file": Path.mkdir}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_file_does_not_hang_or_crash(shell: Shell, name: str) -> None:
    UNREADABLE[name](shell.folder / "channels/strange.yaml")
    done = shell.run("validate")
    assert done.code in (0, 1)
    is_clear(done, done.code)


@pytest.mark.parametrize("command", [("plan", "--only"), ("explain",), ("show",), ("schema",), ("users",)])
def test_a_colour_of_ours_in_what_an_error_quotes_is_made_visible(shell: Shell, command: tuple[str, ...]) -> None:
    """Whoever names a file or a channel could else print a line in green, on a terminal."""
    done = shell.run(*command, "\x1b[32mNo changes.\x1b[0m")
    is_clear(done, 1, "\\u001b[32mNo changes.\\u001b[0m")
