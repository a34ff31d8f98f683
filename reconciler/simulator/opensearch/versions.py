"""What an OpenSearch version does differently, as named facts instead of comparisons spread through the code.

Sources: the plugin's release branches 2.0 to 3.8, and recordings of 2.19.5 and 3.6.0.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Version"]

_KNOWN_BUILDS = {
    "3.6.0": ("4ca747d8d47f80162db323019357447126732e35", "2026-04-04T06:02:43.418927856Z", "10.4.0"),
    "2.19.5": ("688434c5163e9b107f339df25b4e98a96c10ddc6", "2026-03-06T19:08:40.322930395Z", "9.12.3"),
}


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """An OpenSearch version, x.y.z."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read `3.6.0`, `3.6` or `3.6.0-SNAPSHOT`; raises ValueError for anything else."""
        parts = [*text.split("-")[0].split("."), "0"][:3]
        if len(parts) != 3 or not all(part.isdecimal() for part in parts):
            raise ValueError(f"not an OpenSearch version: {text}")
        version = cls(*(int(part) for part in parts))
        if not version.at_least(2):
            raise ValueError(f"OpenSearch {text} has no notifications of this kind: 2.0 is the oldest that is played")
        return version

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def at_least(self, major: int, minor: int = 0) -> bool:
        return (self.major, self.minor) >= (major, minor)

    @property
    def config_types(self) -> tuple[str, ...]:
        """The types a config may have, in the order of the plugin's enum."""
        teams = ("microsoft_teams",) if self.at_least(2, 10) else ()
        mattermost = ("mattermost",) if self.at_least(3, 5) else ()
        return (
            *("slack", "chime", "webhook"), *teams, *mattermost,
            *("email", "sns", "ses_account", "smtp_account", "email_group"),
        )  # fmt: skip

    @property
    def allowed_config_types(self) -> tuple[str, ...]:
        """What `/features` lists: the default setting, in which mattermost was forgotten."""
        teams = ("microsoft_teams",) if self.at_least(2, 10) else ()
        return ("slack", "chime", *teams, "webhook", "email", "sns", "ses_account", "smtp_account", "email_group")

    @property
    def checks_slack_and_chime_urls(self) -> bool:
        return self.at_least(3, 0)

    @property
    def sends_again_when_busy(self) -> bool:
        """One automatic re-send on a remote 429 or 503 (the default of Apache HttpClient 5)."""
        return self.at_least(3, 0)

    @property
    def gives_reason_phrase(self) -> bool:
        """A failed send reports the receiver's reason phrase; before, its whole body."""
        return self.at_least(3, 0)

    @property
    def names_itself(self) -> bool:
        """Every answer has the header `X-OpenSearch-Version` (`DefaultRestChannel`)."""
        return self.at_least(3, 0)

    @property
    def refreshes_at_once(self) -> bool:
        """Writes are visible in lists immediately; before, at the next refresh of the index."""
        return self.at_least(3, 1)

    @property
    def wraps_storage_errors(self) -> bool:
        """Storage errors come as a 500 with the engine's own error under `caused_by`."""
        return self.at_least(3, 1)

    @property
    def finds_no_monitors_without_index(self) -> bool:
        """A search for monitors before the first one was made finds none; before, it is a 404."""
        return self.at_least(3, 2)

    @property
    def takes_dots_in_topics(self) -> bool:
        return self.at_least(2, 7)

    @property
    def publishes_to_fifo_topics(self) -> bool:
        """With the message group that such a topic asks for."""
        return self.at_least(2, 10)

    @property
    def has_workflows(self) -> bool:
        return self.at_least(2, 9)

    @property
    def build(self) -> dict[str, object]:
        """The `version` member of `GET /`."""
        digest, date, lucene = _KNOWN_BUILDS.get(
            str(self), ("0" * 40, "2026-01-01T00:00:00.000000000Z", "10.4.0" if self.major >= 3 else "9.12.3")
        )
        wire, index = ("2.19.0", "2.0.0") if self.major >= 3 else ("7.10.0", "7.0.0")
        return {
            "distribution": "opensearch",
            "number": str(self),
            "build_type": "zip",
            "build_hash": digest,
            "build_date": date,
            "build_snapshot": False,
            "lucene_version": lucene,
            "minimum_wire_compatibility_version": wire,
            "minimum_index_compatibility_version": index,
        }
