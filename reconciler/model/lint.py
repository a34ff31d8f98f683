"""The lint rules: what is allowed but discouraged. Each has a name, and a level that a project can change.

Plain errors are not lint rules: they have no level, and nobody can switch them off. Both the code that finds something
and the code that shows it look the rule up here, so that its name, level and reason are in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType

from reconciler.model.dataclass import dataclass


class LintLevel(StrEnum):
    """How much a rule weighs in a project."""

    OFF = "off"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class LintRule:
    """One rule: what it demands, why, and its default level. `in_manifests`: a manifest can break it, and so silence
    it; otherwise it is about the project file alone."""

    about: str
    why: str
    level: LintLevel = LintLevel.WARNING
    in_manifests: bool = True


LINT_RULES: Mapping[str, LintRule] = MappingProxyType(
    {
        "bare-host": LintRule(
            "An address names a host with a domain, a port or a path.",
            "OpenSearch stores a bare internal host name or IP address, and then does not send to it.",
        ),
        "empty-group": LintRule(
            "A group of recipients is not empty.",
            "A channel that mails an empty group reaches nobody, and no test shows it.",
        ),
        "idle-consent": LintRule(
            "A consent in Git (spec.allow, safety.allow) permits something that is planned.",
            "A leftover consent would let a later change through without anybody reviewing it as consent.",
        ),
        "keystore-name": LintRule(
            "An SMTP account that needs credentials has a display name that the server's keystore can hold.",
            "OpenSearch keeps the credentials in its keystore under the display name, which may have only letters, "
            "digits, _ and - there. An account with any other name sends without credentials.",
        ),
        "mattermost-by-webhook": LintRule(
            "An incoming webhook of Mattermost is a MattermostChannel.",
            "OpenSearch sends a webhook the bare text of a message, which Mattermost refuses: the test then counts as "
            "reached, and the room stays silent.",
        ),
        "no-literal-secrets": LintRule(
            "A secret is not written into a file: a reference names where it is kept.",
            "Whoever can read the repository, now or later, can read what is written in it.",
        ),
        "sns-fifo-topic": LintRule(
            "A FIFO topic of SNS is used only with a server that can publish to it.",
            "OpenSearch stores the ARN of a FIFO topic from 2.7 on, and publishes to one from 2.10 on.",
        ),
        "start-tls-not-required": LintRule(
            "Mail is sent over a connection that is encrypted from the start.",
            "With start_tls, OpenSearch encrypts only if the mail server offers it: otherwise the mail goes in plain "
            "text, and the test still says that it was sent. With ssl it always encrypts.",
            level=LintLevel.OFF,
        ),
        "teams-connector-retired": LintRule(
            "An address is not that of a retired Microsoft connector.",
            "Microsoft has retired Office 365 connectors: their addresses stop working. OpenSearch accepts no others "
            "for its Teams channels; Confluent Cloud accepts those of Workflows.",
        ),
        "tls-not-verified": LintRule(
            "The certificate of a target is verified.",
            "Otherwise anybody between us and the target can read the credentials and answer in its place.",
            in_manifests=False,
        ),
    }
)
"""Every lint rule by its name."""


@dataclass(frozen=True, slots=True)
class LintLevels:
    """The levels that a project and its manifests set: levels by rule, and the silenced pairs (name of the manifest,
    rule). A rule that the project sets to error cannot be silenced."""

    levels: Mapping[str, LintLevel] = field(default_factory=dict)
    silenced: frozenset[tuple[str, str]] = frozenset()

    def of(self, rule: str, name: str = "") -> LintLevel:
        """The level of a lint rule, for a manifest by its name."""
        level = self.levels.get(rule, LINT_RULES[rule].level)
        return LintLevel.OFF if level is not LintLevel.ERROR and (name, rule) in self.silenced else level
