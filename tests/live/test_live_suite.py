"""The suite for real clusters, run on simulators by their address as on any cluster: it passes, and cleans up."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from reconciler.model.errors import ConfigurationError
from reconciler.simulator import Simulator
from tests import calls
from tests.apply.processes import Announcing
from tests.guarded import STACKS, Guarded
from tests.live.__main__ import CHECKS
from tests.live.settings import read_settings

ROOT = Path(__file__).parents[2]
SUITE = (sys.executable, "-m", "tests.live")
MATTERMOST = {
    f"{check} [MattermostChannel]: OpenSearch 2.19.5 has no MattermostChannel"
    for check in (
        "an object goes from nothing through two forms to nothing",
        "a kind goes from nothing to each state and back and every plan after is empty",
    )
} | {"a new mattermost channel is verified: OpenSearch 2.19.5 has no MattermostChannel"}
MAILS = {
    f"{check}: TEST_MAIL_SERVER is not set"
    for check in (
        "a test mail really goes out and an account by itself is not tested",
        "a new mail channel and a changed account of it are verified",
    )
}
LATE = {
    "a late list is named and nothing is planned by it alone: OpenSearch 3.6.0 has no late list: that was before 3.1"
}
AT_ONCE = {
    "the list shows a write at once: OpenSearch 2.19.5 shows a write up to a second late; at once from 3.1 on",
}
ROLES = (
    "with full access to notifications alone a dead receiver is caught",
    "with full access to notifications alone a new webhook is verified",
    "an id that roles hide differs from one that is absent",
    "what roles hide is not planned to be deleted",
)
NO_LEAST = {f"{check}: TEST_LEAST_USERNAME is not set" for check in ROLES}
UNFILTERED = {f"{check}: filter_by_backend_roles is off, or the two users share a backend role" for check in ROLES[2:]}
USERS = {
    "admin": {"password": "right", "backend_roles": ["admin"]},
    "ci": {"password": "ci-9f3a", "backend_roles": ["team"], "roles": ["notifications_full_access"]},
}
THEIRS = {
    "config_id": "theirs",
    "config": {
        "name": "Theirs",
        "config_type": "slack",
        "slack": {"url": "https://hooks.slack.com/services/T0/B0/theirs"},
    },
}


def environ(url: str, **more: str) -> dict[str, str]:
    ours = ("OPENSEARCH_", "TEST_", "RECONCILER_", "REMOVE", "PYTEST_", "MAKE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"OPENSEARCH_URL": url, "PYTHONUNBUFFERED": "1", **STACKS} | more


def run_suite(url: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    pipe = subprocess.PIPE
    command = [*SUITE, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=environ(url, **more), stdout=pipe, stderr=pipe, text=True)
    with Guarded(process) as guarded:
        out, err = guarded.end()
    assert "Traceback" not in err, err
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def skipped(text: str) -> set[str]:
    return set(re.findall(r"^skipped  (.*)$", text, re.MULTILINE))


@contextmanager
def serving(version: str) -> Iterator[str]:
    """The address of a simulator that is a process of its own."""
    command = [sys.executable, "-m", "reconciler", "simulate", "--port", "0", "--opensearch-version", version]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        addresses = (re.match(r"serving (\S+)", line) for line in process.stdout)
        yield next(found[1] for found in addresses if found)
    finally:
        process.terminate()
        with Guarded(process) as guarded:
            guarded.end()


def ids(url: str) -> set[str]:
    answer = calls.get(f"{url}/_plugins/_notifications/configs?max_items=10000")
    return {entry["config_id"] for entry in answer.json()["config_list"]}


def test_a_new_cluster_passes_with_receivers_that_the_suite_starts() -> None:
    with serving("3.6.0") as url:
        calls.post(f"{url}/_plugins/_notifications/configs", json=THEIRS).raise_for_status()
        done = run_suite(url)
        assert done.returncode == 0, done.stdout
        assert skipped(done.stdout) == LATE | NO_LEAST
        assert "46 passed, 0 failed, 5 skipped" in done.stdout
        assert re.search(r"^cluster +opensearch 3\.6\.0, named ", done.stdout)
        assert "no security plugin" in done.stdout
        assert ids(url) == {"theirs"}


def test_an_old_cluster_passes_with_a_receiver_that_is_given() -> None:
    with serving("2.19.5") as url:
        done = run_suite(url, TEST_RECEIVER_URL=f"{url}/_simulator/sink")
        assert done.returncode == 0, done.stdout
        assert skipped(done.stdout) == MATTERMOST | MAILS | AT_ONCE | NO_LEAST
        assert "41 passed, 0 failed, 10 skipped" in done.stdout
        assert ids(url) == set()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        running.seed([THEIRS])
        yield running


def held(simulator: Simulator) -> set[str]:
    return ids(simulator.url)


def test_where_no_message_arrives_what_sends_is_skipped_by_name() -> None:
    with Simulator(deny_hosts=["127.0.0.1"]) as walled:
        done = run_suite(walled.url, "-k", "sends or goes_out or left_open")
        assert done.returncode == 0, done.stdout
        reason = "TEST_RECEIVER_URL is not set, and the cluster does not reach this machine's loopback (a container?)"
        assert f"a new webhook and a new address of it are verified: {reason}" in skipped(done.stdout)
        assert not walled.inbox.received


def test_a_failed_check_is_named_and_leaves_nothing_behind(simulator: Simulator) -> None:
    simulator.faults.add("answer", status=400, method="PUT", path="*_team", times=100)
    done = run_suite(simulator.url, "-k", "changed_by_hand")
    assert done.returncode == 1
    assert "FAILED   fields changed by hand are seen and fixed" in done.stdout
    assert held(simulator) == {"theirs"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_behind(simulator: Simulator, number: signal.Signals) -> None:
    simulator.faults.struck = struck = Announcing()
    simulator.faults.add("wait", seconds=0.01, method="POST", path="*/configs", skip=100)
    command = [*SUITE, "-k", "1100"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ(simulator.url), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with Guarded(process) as guarded:
        struck.wait(process)
        for _ in range(2):  # a shell and make may both pass it on
            process.send_signal(number)
        out, _ = guarded.end()
    assert process.returncode == pytest.ExitCode.INTERRUPTED, out
    assert "removed" in out
    assert len(simulator.requests) > 100
    assert held(simulator) == {"theirs"}


def test_a_run_that_nobody_reads_any_more_leaves_nothing_behind(simulator: Simulator) -> None:
    command = [*SUITE, "-k", "we_choose"]
    reading, writing = os.pipe()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ(simulator.url), stdout=writing, stderr=subprocess.PIPE, text=True
    )
    with Guarded(process) as guarded:
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as lines:
            assert any(line.startswith("mails go") for line in lines)
        guarded.end()
    assert "POST" in {call.method for call in simulator.requests}
    assert held(simulator) == {"theirs"}


def test_what_a_killed_run_left_is_named_and_removed_on_request(simulator: Simulator) -> None:
    config = {"name": "x", "config_type": "email_group", "email_group": {"recipient_list": []}}
    left = [f"rlive-{name}-1_x" for name in ("0123abcd", "4567cdef")]
    simulator.seed([{"config_id": object_id, "config": config} for object_id in left])
    done = run_suite(simulator.url, "-k", "who_it_is")
    assert done.returncode == 0, done.stdout
    for name in ("rlive-0123abcd", "rlive-4567cdef"):
        assert f"make test-live REMOVE={name}\n" in done.stdout
    assert held(simulator) == {"theirs", *left}
    assert run_suite(simulator.url, REMOVE="rlive-0123abcd").stdout == "removed 1 objects of rlive-0123abcd*\n"
    assert held(simulator) == {"theirs", left[1]}
    assert run_suite(simulator.url, REMOVE="theirs").returncode == 64
    assert run_suite(simulator.url, REMOVE="all").returncode == 0
    assert held(simulator) == {"theirs"}


def test_without_an_address_or_with_half_a_mail_server_the_reason_is_said() -> None:
    with pytest.raises(ConfigurationError, match="OPENSEARCH_URL is not set"):
        read_settings({})
    with pytest.raises(ConfigurationError, match="must be host:port"):
        read_settings({"OPENSEARCH_URL": "https://search.example.org", "TEST_MAIL_SERVER": "mail.example.org"})


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def locked(authority: trustme.CA) -> Iterator[Simulator]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Simulator(credentials=("admin", "right"), ssl_context=context) as running:
        yield running


def test_credentials_and_an_authority_of_ones_own_are_used(
    locked: Simulator, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    right = {"OPENSEARCH_USERNAME": "admin", "OPENSEARCH_PASSWORD": "right"}
    trusting = run_suite(locked.url, "-k", "who_it_is", OPENSEARCH_CA_FILE=str(tmp_path / "ca.pem"), **right)
    assert trusting.returncode == 0, trusting.stdout
    assert "NOT VERIFIED" not in trusting.stdout
    unknown = run_suite(locked.url, **right)
    assert (unknown.returncode, "got no answer (ConnectError)" in unknown.stderr) == (64, True)


def test_with_wrong_credentials_nothing_is_checked_and_none_shown(locked: Simulator) -> None:
    wrong = {"OPENSEARCH_USERNAME": "admin", "OPENSEARCH_PASSWORD": "wrong-9f3a", "OPENSEARCH_INSECURE": "1"}
    done = run_suite(locked.url, **wrong)
    assert done.returncode == 64
    assert "NOT VERIFIED" in done.stdout
    assert "does not list its configs: 401" in done.stderr
    assert "wrong-9f3a" not in done.stdout + done.stderr


@pytest.mark.parametrize("filtering", [False, True])
def test_a_user_of_least_rights_is_tried_where_there_is_a_security_plugin(filtering: bool) -> None:
    logins = {
        "OPENSEARCH_USERNAME": "admin",
        "OPENSEARCH_PASSWORD": "right",
        "TEST_LEAST_USERNAME": "ci",
        "TEST_LEAST_PASSWORD": "ci-9f3a",
    }
    with Simulator(users={"users": USERS, "filter_by_backend_roles": filtering}) as running:
        done = run_suite(running.url, "-k", "check_roles", **logins)
        assert done.returncode == 0, done.stdout
        expected = set() if filtering else UNFILTERED
        assert skipped(done.stdout) == expected
        ran = set(re.findall(r"^passed   (.*)$", done.stdout, re.MULTILINE))
        assert ran == set(ROLES) - {text.partition(":")[0] for text in expected}
        assert not list(running.store.all())
        assert "ci-9f3a" not in done.stdout + done.stderr


def test_every_file_of_checks_is_run() -> None:
    assert sorted(CHECKS) == sorted(path.name for path in Path(__file__).parent.glob("check_*.py"))
