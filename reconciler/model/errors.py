"""The error tree, and the problem: what is wrong, where, on what, and what to do. The exit codes: what each means.

    ReconcilerError              one line for the user; `exit_code` says how the process ends
    ├── ConfigurationError       manifests, project file, environment: nothing was read or written (1)
    │   └── ProblemsError        the same, with every problem of the run
    ├── SecretError              a secret source could not give its value (1)
    ├── NothingToCompareError    a base without the project: only its manifests were looked at (0)
    ├── OutputError              stdout cannot be written (1)
    ├── RefusedError             the tool will not do it, by rule (3)
    └── TargetError              a live system answered badly, or not at all (1)
        ├── UnreachableError     no answer: address, DNS, TLS, connection; `sent` tells if the request may have arrived
        ├── TimedOutError        no answer in time: the request may or may not have been carried out
        ├── UnauthorizedError    401
        ├── ForbiddenError       403
        ├── NotFoundError        404
        ├── ConflictError        409
        ├── RejectedError        any other 4xx: repeating will not help
        │   └── QuotaError       no room for another object: deletes make some
        └── UnexpectedError      5xx, 429, or an answer that is not what the API promises

A class exists when somebody handles it differently. Messages are made of location, rule and fix; they never
repeat a value that a user wrote, since it may be a secret. Which code a run ends with, when several
fit, is `first_of`'s to say.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import replace
from enum import IntEnum, StrEnum

from reconciler.model.dataclass import dataclass
from reconciler.model.lint import LINT_RULES
from reconciler.model.text import Path, dotted, printable


class Exit(IntEnum):
    """How a process ends. The members are a contract with pipelines."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    REFUSED = 3
    PARTIAL = 4
    TEST_FAILED = 5
    FAILED_STANDS = 6
    NOT_LOOKED_AT = 7
    USAGE = 64
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "all that was asked for was done",
    Exit.ERROR: "an error in manifests, configuration, credentials, a target or a resource; nothing was written",
    Exit.CHANGES: (
        "there are changes, or fields that were not compared (plan --detailed-exitcode); drift (drift); "
        "a reference to a missing or disabled channel (users --dangling)"
    ),
    Exit.REFUSED: "refused as a whole by a rule, or guards held everything there was to do; nothing was written",
    Exit.PARTIAL: "partly applied: some changes were made, and others failed or were skipped, held, or not planned",
    Exit.TEST_FAILED: (
        "everything was applied except what did not pass its test (it failed, gave no result or could not be sent), "
        "which was rejected or rolled back"
    ),
    Exit.FAILED_STANDS: "a change that did not pass its test was kept; for test: one failed, or its outcome is unknown",
    Exit.NOT_LOOKED_AT: "nothing failed, but something that was asked for was not looked at",
    Exit.USAGE: "the command line is wrong",
    Exit.INTERRUPTED: "interrupted by Ctrl-C or SIGTERM",
}

ORDER = (
    Exit.INTERRUPTED,
    Exit.USAGE,
    Exit.FAILED_STANDS,
    Exit.PARTIAL,
    Exit.TEST_FAILED,
    Exit.REFUSED,
    Exit.ERROR,
    Exit.NOT_LOOKED_AT,
    Exit.CHANGES,
    Exit.DONE,
)
"""If several codes fit a run, it ends with the first of them in this order."""


def first_of(fitting: Iterable[Exit]) -> Exit:
    """The code that a run ends with: the one of `fitting` that comes first in `ORDER`; DONE if there is none."""
    found = frozenset(fitting)
    return next((code for code in ORDER if code in found), Exit.DONE)


DISTRIBUTION = "channel-reconciler"
"""The name to install by; `reconciler` is the command's, and on the public index somebody else's."""


def install_hint(extra: str) -> str:
    """What a message says when the library of an extra (`aws`) is missing."""
    return f"install the extra {extra}: pip install '{DISTRIBUTION}[{extra}]'"


class Level(StrEnum):
    """How much a problem weighs: an error stops, a warning is shown (and stops under `--strict`)."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """Where in a file that a person wrote. `line` and `column` count from 1; 0 means the whole file."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        file = printable(self.file)
        return f"{file}:{self.line}:{self.column}" if self.line else file


_NOWHERE = Location()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, whoever found it: a schema, a lint rule, a provider, a plan, a test or a check.

    `path` is the field within what it is about (in a manifest from the document's top, in a provider's check from the
    spec's), `at_key` means its key; `rule` is a stable slug for machines (`unknown-field`), `message` what is wrong and
    `fix` what to do, both without a value. `subject` names what it is about (`SlackChannel "oncall"`), `location` is
    where a person wrote it: whoever knows them adds them, as `Manifest.problem` does.
    """

    path: Path = dataclasses.field(repr=False)  # its keys may be secrets in the wrong place; `field` hides those
    message: str
    rule: str = ""
    fix: str = ""
    level: Level = Level.ERROR
    at_key: bool = False
    subject: str = ""
    location: Location = _NOWHERE

    @property
    def field(self) -> str:
        """The path as a person writes it: `spec.webhook_url`; "" for what is about no single field."""
        return dotted(self.path)

    @property
    def sort_key(self) -> tuple[Location, str, str]:
        """The order in which problems are shown: by location, then rule."""
        return (self.location, self.rule, self.message)

    @property
    def text(self) -> str:
        """Everything but the location, for callers that show the location in their own way."""
        parts = (self.subject, f"{self.field}: {self.message}" if self.path else self.message)
        tail = f"; {self.fix}" if self.fix else ""
        tail += f" ({self.rule})" if self.rule in LINT_RULES else ""  # whoever sets its level needs its name
        return " ".join(part for part in parts if part) + tail

    def in_file(self, file: str, subject: str = "") -> Problem:
        """The same problem with its file and, if it has none yet, its subject filled in."""
        return replace(self, location=replace(self.location, file=file), subject=subject or self.subject)

    def __str__(self) -> str:
        return f"{self.location}: {self.text}" if self.location.file else self.text


class ReconcilerError(Exception):
    """Base of all expected errors. The message is one clear sentence for the user."""

    exit_code: Exit = Exit.ERROR


class ConfigurationError(ReconcilerError):
    """The project file, a manifest or the environment is not usable."""


class ProblemsError(ConfigurationError):
    """All problems of a run at once, sorted."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.sort_key)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SecretError(ReconcilerError):
    """A secret source could not give its value; the message names the reference, never the value."""


class NothingToCompareError(ReconcilerError):
    """The base commit has no such project. Its manifests were validated, no request was made; this is no failure."""

    exit_code = Exit.DONE


class RefusedError(ReconcilerError):
    """A rule stops the run before its first write."""

    exit_code = Exit.REFUSED


class OutputError(ReconcilerError):
    """What was found could not be printed."""


class UsageError(ReconcilerError):
    """A flag whose value cannot be used."""

    exit_code = Exit.USAGE


class TargetError(ReconcilerError):
    """A live system failed. `status` is the HTTP status (0: no answer); `request_id` is the server's own, if given.

    `fix` is what the message says to do, after a semicolon; "" if it names nothing.
    """

    def __init__(self, message: str, *, status: int = 0, request_id: str = "", reason: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.request_id = request_id
        self.reason = reason
        self.fix = fix

    @property
    def finding(self) -> str:
        """What is wrong: the message without its fix."""
        return str(self).replace(f"; {self.fix}", "", 1) if self.fix else str(self)


class UnreachableError(TargetError):
    """No answer. `sent` is False when it is certain that the request never reached the server; `transient`: it may well
    be over in a moment, so trying again makes sense."""

    def __init__(self, message: str, *, sent: bool, transient: bool = False, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.sent = sent
        self.transient = transient


class NotPermittedError(TargetError):
    """The right of a run to write has ended: this call was not sent."""


class TimedOutError(TargetError):
    """The deadline passed: the request may or may not have been carried out."""


class UnauthorizedError(TargetError):
    """The credentials were not accepted (401)."""


class ForbiddenError(TargetError):
    """The credentials are known but may not do this (403)."""


class NotFoundError(TargetError):
    """There is no such object, or nothing at this address (404)."""


class ConflictError(TargetError):
    """The object exists already, or cannot become what was asked (409)."""


class RejectedError(TargetError):
    """The server refuses this request for good (another 4xx)."""


class QuotaError(RejectedError):
    """There is no room for another object until one is deleted."""


class UnexpectedError(TargetError):
    """A server fault (5xx), too many requests (429), or an answer of the wrong form."""
