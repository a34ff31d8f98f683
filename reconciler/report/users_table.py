"""Who uses which channel, and who refers to a missing or disabled one: as tables and as a JSON document. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, field
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Exit, first_of
from reconciler.model.evidence import UsedBy, User
from reconciler.model.kinds import KINDS
from reconciler.plan.marks import Found, Matching, Ownership
from reconciler.plan.release import is_chosen, selects
from reconciler.plan.sending import used_by
from reconciler.plan.users import Dangling, SeenUsers, count_users, dangling, short_name, users_of
from reconciler.report.tables import render_table

FORMAT = "reconciler.users/v1"


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One channel, account or group, and who uses it. `kind` is "" if it is missing and something refers to it."""

    target: str
    kind: str
    name: str
    id: str
    used_by: UsedBy


@dataclass(frozen=True, slots=True)
class DanglingRow:
    """One monitor or workflow, and the missing or disabled channel that it refers to: the channel's id, what is wrong
    with it, and a hint at the channel that may have been meant, or ""."""

    target: str
    user: User
    id: str
    why: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class UsersReport:
    """What `users` found. `gaps` says by target why there may be more users, `errors` why it could not be read."""

    channels: tuple[ChannelRow, ...] = ()
    dangling: tuple[DanglingRow, ...] = ()
    gaps: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def channel_rows(
    target: str, matching: Matching, ownership: Ownership, seen: SeenUsers, names: Iterable[str]
) -> Iterator[ChannelRow]:
    """A row for each object that a name selects (NAME, a glob, NAME@ID, an id), whoever owns it; and for each missing
    channel that something refers to, if a name is its id, or the name that an object of ours with this id would have.
    """
    names = frozenset(names)
    chosen = [item for item in matching.found if _is_listed(item) and (item.id in names or is_chosen(item, names))]
    users = users_of(matching, seen)
    for item in chosen:
        yield ChannelRow(target, item.kind, item.name, item.id, users(item))
    for name in sorted(names - {item.name for item in chosen}):
        for key in dict.fromkeys((ownership.key_of(name), name)):
            if key in seen.missing and key is not None:
                yield ChannelRow(target, "", name, key, used_by(seen.listing, key))


def selecting_nothing(names: Iterable[str], rows: Iterable[ChannelRow]) -> list[str]:
    """The names that select no row."""
    rows = list(rows)
    return [name for name in names if not any(row.id == name or selects(name, row.name, row.id) for row in rows)]


def _is_listed(item: Found) -> bool:
    return not item.live.read_only and not (item.live.kind and KINDS[item.live.kind].key_field)


def dangling_rows(target: str, matching: Matching, seen: SeenUsers) -> Iterator[DanglingRow]:
    """A row for each reference of a monitor or workflow to a channel that is missing or disabled."""
    for found in dangling(seen, matching):
        yield _dangling(target, found)


def _dangling(target: str, found: Dangling) -> DanglingRow:
    return DanglingRow(target, found.user, found.id, found.why, found.hint)


def gap_of(seen: SeenUsers) -> str:
    """Why there may be more users; "" if there cannot be."""
    return seen.listing.gap.text if seen.listing.gap else seen.incomplete


def notes_on_users(seen: SeenUsers, kinds: Iterable[str]) -> Iterator[str]:
    """What to say of the users of a target that holds these kinds: why there may be more, what was not looked at, or
    that it has nothing like a monitor."""
    if why := gap_of(seen):
        yield f"there may be more users: {why}"
    if seen.listing.not_looked_at:
        yield f"not looked at: {', '.join(seen.listing.not_looked_at)}"
    if not seen.listing.source:
        users = sorted(f"{kind.lower()}s" for kind in kinds if _uses_channels(kind))
        yield (
            f"has no monitors; only {' and '.join(users)} use its channels"
            if users
            else "has nothing that uses channels"
        )


def _uses_channels(kind: str) -> bool:
    """Whether objects of this kind refer to channels, and not to what channels are made of."""
    return any(KINDS[other].sends for field in KINDS[kind].fields for other in field.refers)


def exit_of_users(report: UsersReport) -> Exit:
    """The exit code of `users`: 1 if a target could not be read, 7 if not all users could be seen, 2 if something
    refers to a missing or disabled channel; where several apply, the first of them by `first_of`."""
    is_open = any(row.used_by.gap for row in report.channels) if report.channels else bool(report.gaps)
    fitting = [Exit.ERROR] if report.errors else []
    fitting += [Exit.NOT_LOOKED_AT] if is_open else []
    return first_of([*fitting, *([Exit.CHANGES] if report.dangling else [])])


def render_channels(rows: Iterable[ChannelRow]) -> str:
    """A line for each user of each channel, and one for each channel that has none; "" if there are no rows."""
    return render_table(
        ("NAME", "KIND", "TARGET", "USED BY", "AS", "ENABLED", "REMARKS"),
        [cells for row in rows for cells in _channel_cells(row)],
    )


def _channel_cells(row: ChannelRow) -> Iterator[tuple[str, ...]]:
    head = (row.name, row.kind or "missing", row.target)
    for user in row.used_by.users:
        yield (*head, short_name(user), user.kind, _yes(user.enabled), _remarks(user))
    if not row.used_by.users:
        yield (*head, "unknown" if row.used_by.gap else "-", "-", "-", "")


def render_dangling(rows: Iterable[DanglingRow]) -> str:
    """A line for each reference to a missing or disabled channel; "" if there are no rows."""
    return render_table(
        ("USED BY", "AS", "TARGET", "ENABLED", "NAMES", "WHY"),
        [
            (
                short_name(row.user),
                row.user.kind,
                row.target,
                _yes(row.user.enabled),
                row.id or '""',
                f"{row.why}; {row.hint}" if row.hint else row.why,
            )
            for row in rows
        ],
    )


def _yes(enabled: bool | None) -> str:
    return {True: "yes", False: "no", None: "-"}[enabled]


def _remarks(user: User) -> str:
    words = ["throttled"] if user.throttled else []
    words += ["reports each document once"] if user.by_document else []
    return ", ".join([*words, *([f"of {user.owner}"] if user.owner else [])])


def summarise_users(used_by: UsedBy) -> str:
    """`2 monitors`; `-` if nobody uses it, `unknown` if users could not be seen."""
    if not used_by.users:
        return "unknown" if used_by.gap else "-"
    return count_users(used_by.users) + (" or more" if used_by.gap else "")


def users_document(report: UsersReport) -> dict[str, Any]:
    """The report as JSON values."""
    return {"format": FORMAT, **asdict(report)}
