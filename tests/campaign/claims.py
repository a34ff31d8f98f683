"""What a run says of itself, held against what was delivered and what is live: its marks, its counts, its exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from reconciler.apply.results import RunResult, Status
from reconciler.model.errors import Exit
from tests.campaign.world import Ended

__all__ = ["no_yes_without_evidence", "says_what_it_ended_with", "says_what_was_done"]

Configs = dict[str, dict[str, Any]]

_MAIL = ("smtp", "team", "mail")  # an account and a group are tested by the mail that goes through them
_COUNTS = re.compile(r"(\d+) added, (\d+) changed, (\d+) destroyed")
_VERIFIED = re.compile(r"(\d+) verified by a test message")
_CERTAIN = frozenset({Status.APPLIED, Status.KEPT, Status.HELD, Status.SKIPPED, Status.REJECTED, Status.ROLLED_BACK})


def no_yes_without_evidence(ended: Ended) -> Iterator[str]:
    """What is called verified had its message taken by a receiver, and is counted; nothing else is."""
    if ended.result is None:
        return
    verified = [(item.change.name, item.change.id or "") for item in ended.every if item.verified]
    tests = [test for target in ended.result.targets for test in target.tests]
    verified += [(test.name, f"acme_{test.name}") for test in tests if test.tested.evidence.verdict == "yes"]
    for name, object_id in verified:
        if not _has_arrived(ended, "acme_mail" if name in _MAIL else f"acme_{name}", object_id):
            yield f"{name} is called verified, and no message of it arrived"
    found = _VERIFIED.search(ended.summary)
    standing = sum(1 for item in ended.every if item.verified and item.status is Status.APPLIED)
    standing += sum(1 for test in tests if test.tested.evidence.verdict == "yes")
    if (int(found[1]) if found else 0) != standing:
        yield f"{standing} were verified, and it says: {ended.summary}"


def _has_arrived(ended: Ended, *ids: str) -> bool:
    return any(arrived.partition("_canary_")[0] in ids for arrived in ended.arrived)


def says_what_was_done(ended: Ended, before: Configs, now: Configs) -> Iterator[str]:
    """The counts of the last line are those of what is live: no more ever, and no less where all is known."""
    found = _COUNTS.search(ended.summary)
    if ended.result is None or found is None:
        return
    ours = {object_id for object_id in before.keys() | now.keys() if "_canary_" not in object_id}
    both = ours & before.keys() & now.keys()
    replaced = sum(1 for one in both if before[one]["config"]["config_type"] != now[one]["config"]["config_type"])
    added, destroyed = len(ours - before.keys()) + replaced, len(ours - now.keys()) + replaced
    is_certain = all(item.status in _CERTAIN for item in ended.every)
    for said, done in ((int(found[1]), added), (int(found[3]), destroyed)):
        if said > done or (is_certain and said != done):
            yield f"{added} were added and {destroyed} destroyed, and it says: {ended.summary}"


def says_what_it_ended_with(ended: Ended) -> Iterator[str]:
    """The exit code is that of the contract for what became of the changes."""
    if ended.result is not None and ended.result.exit_code != _code_of(ended.result):
        yield f"it ended with {ended.result.exit_code}, which should be {_code_of(ended.result)}: {ended.printed}"


def _code_of(result: RunResult) -> Exit:
    (target,) = result.targets
    statuses = {item.status for item in target.results}
    if statuses & {Status.KEPT, Status.STRANDED} or any(test.failed for test in target.tests):
        return Exit.FAILED_STANDS
    if target.overwritten:
        return Exit.PARTIAL
    missing = bool(target.refused) or any(test.not_sent for test in target.tests)
    if statuses & {Status.FAILED, Status.SKIPPED, Status.UNKNOWN} or missing:
        return Exit.PARTIAL if statuses - {Status.HELD} else Exit.ERROR
    if Status.HELD in statuses:
        return Exit.PARTIAL if statuses - {Status.HELD} else Exit.REFUSED
    if statuses & {Status.REJECTED, Status.ROLLED_BACK}:
        return Exit.TEST_FAILED
    return Exit.DONE
