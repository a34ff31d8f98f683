"""Projects of every shape and any size, as plain values: what is desired, what is live, and how it is planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.provider import Abilities, ChannelUser, KeyWord, UserListing
from reconciler.model.resource import LiveObject, Resource, Server, Settings, VersionSource
from reconciler.model.values import SecretReference, SecretText, Value
from reconciler.plan.guards import GuardOptions
from reconciler.plan.make import MakeOptions
from reconciler.plan.marks import Ownership
from reconciler.providers.confluent.abilities import ABILITIES as CONFLUENT
from reconciler.providers.opensearch.abilities import ABILITIES as OPENSEARCH
from tests.plan.builders import OWNERSHIP, live, live_of, resource, slack

PRUNE = MakeOptions(prune=True)


@dataclass(frozen=True)
class Project:
    """One target's desired and live state. `listing` is who uses its channels."""

    resources: list[Resource] = field(default_factory=list)
    objects: list[LiveObject] = field(default_factory=list)
    options: MakeOptions = MakeOptions()
    ownership: Ownership = OWNERSHIP
    abilities: Abilities = OPENSEARCH
    guards: GuardOptions = GuardOptions(max_deletes_flag=10**9)
    secrets: Mapping[SecretReference, SecretText] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, KeyWord]] = field(default_factory=dict)
    listing: UserListing = UserListing()
    server: Server = Server("OpenSearch", "cluster-1", "3.6.0", VersionSource.ANSWERS)


Shape = Callable[[int], Project]
SHAPES: dict[str, Shape] = {}


def shape(make: Shape) -> Shape:
    """Take a shape up under its name in words."""
    SHAPES[make.__name__.replace("_", " ")] = make
    return make


def url(number: int) -> SecretText:
    return SecretText(f"https://hooks.slack.com/services/T0/B0/{number:05}")


def channels(count: int, word: str = "channel", **fields: Value) -> list[Resource]:
    """So many Slack channels, each with an address of its own."""
    made = [slack(f"{word}-{number:05}", webhook_url=url(number)) for number in range(count)]
    return [replace(item, fields={**item.fields, **fields}) for item in made]


def lives(resources: list[Resource]) -> list[LiveObject]:
    return [live_of(item) for item in resources]


@shape
def all_new(count: int) -> Project:
    return Project(channels(count))


@shape
def unchanged(count: int) -> Project:
    return Project(channels(count), lives(channels(count)))


@shape
def changed(count: int) -> Project:
    return Project(channels(count, description="words"), lives(channels(count)))


@shape
def readdressed(count: int) -> Project:
    return Project(channels(count), [live_of(item, webhook_url=url(-1)) for item in channels(count)])


@shape
def renamed(count: int) -> Project:
    new = [
        replace(item, settings=Settings(renamed_from=(f"old-{number:05}",)))
        for number, item in enumerate(channels(count))
    ]
    return Project(new, lives(channels(count, "old")))


@shape
def probably_renamed(count: int) -> Project:
    return Project(channels(count), lives(channels(count, "old")), PRUNE)


@shape
def all_of_one_address(count: int) -> Project:
    one = url(0)
    return Project(channels(count, webhook_url=one), lives(channels(count, "old", webhook_url=one)), PRUNE)


@shape
def not_comparable_but_of_one_display_name(count: int) -> Project:
    old = [live_of(item, webhook_url=None) for item in channels(count, "old", display_name="On-call")]
    return Project(channels(count, display_name="On-call"), old)


@shape
def pruned(count: int) -> Project:
    return Project([], lives(channels(count)), PRUNE)


@shape
def new_and_pruned(count: int) -> Project:
    return Project(channels(count, "new"), lives(channels(count, webhook_url=url(-1))), PRUNE)


@shape
def destroyed(count: int) -> Project:
    return Project([], [*lives(channels(count)), *_leftovers(count)], MakeOptions(destroy=True))


@shape
def left_over(count: int) -> Project:
    return Project(channels(count), [*lives(channels(count)), *_leftovers(count)])


def _leftovers(count: int) -> list[LiveObject]:
    return [
        live("SlackChannel", f"acme_channel-{number:05}_canary_00", f"[acme/channel-{number:05} canary]")
        for number in range(count)
    ]


@shape
def adopted(count: int) -> Project:
    unmarked = [live_of(item, "") for item in channels(count)]
    objects = [replace(item, id=f"hand-{number:05}") for number, item in enumerate(unmarked)]
    return Project(channels(count), objects, ownership=replace(OWNERSHIP, adopt=True))


@shape
def adopted_by_id(count: int) -> Project:
    pinned = [replace(item, settings=Settings(id=f"hand-{number:05}")) for number, item in enumerate(channels(count))]
    objects = [replace(live_of(item, ""), id=f"hand-{number:05}") for number, item in enumerate(channels(count))]
    return Project(pinned, objects)


@shape
def look_alikes(count: int) -> Project:
    objects = [replace(live_of(item, ""), id=f"hand-{number:05}") for number, item in enumerate(channels(count))]
    return Project(channels(count), objects)


@shape
def unmanaged_of_one_display_name(count: int) -> Project:
    objects = [live_of(item, "", display_name="On-call") for item in channels(count)]
    return Project(channels(count, "new", display_name="On-call"), objects)


@shape
def of_another_owner(count: int) -> Project:
    return Project(channels(count), [live_of(item, f"[other/{item.name}]") for item in channels(count)])


@shape
def replaced(count: int) -> Project:
    return Project(
        channels(count),
        [replace(live_of(item), kind="ChimeChannel") for item in channels(count)],
        guards=GuardOptions(allow_replace=True, max_deletes_flag=10**9),
    )


@shape
def disabled_by_hand(count: int) -> Project:
    return Project(channels(count), [live_of(item, enabled=False) for item in channels(count)])


@shape
def not_resolved(count: int) -> Project:
    wanted = [
        slack(f"channel-{number:05}", webhook_url=SecretReference("env", f"URL_{number:05}")) for number in range(count)
    ]
    return Project(wanted, lives(channels(count)))


@shape
def kept_as_it_is_live(count: int) -> Project:
    return Project(channels(count, webhook_url=SecretReference("live", "")))


def _mails(count: int) -> tuple[list[Resource], list[Resource], list[Resource]]:
    """Mail channels, each with an account and a group of its own."""
    mails = [
        resource("EmailChannel", f"mail-{one:05}", sender=f"smtp-{one:05}", groups=frozenset({f"team-{one:05}"}))
        for one in range(count)
    ]
    people = frozenset({"a@example.org"})
    groups = [resource("EmailGroup", f"team-{one:05}", recipients=people) for one in range(count)]
    accounts = [
        resource("SmtpAccount", f"smtp-{one:05}", host="smtp.example.org", from_address="a@example.org")
        for one in range(count)
    ]
    return mails, groups, accounts


def _live_mail(item: Resource) -> LiveObject:
    groups = item.fields["groups"]
    names = groups if isinstance(groups, frozenset) else frozenset()
    return live_of(item, sender=f"acme_{item.fields['sender']}", groups=frozenset(f"acme_{name}" for name in names))


@shape
def references_all_new(count: int) -> Project:
    mails, groups, accounts = _mails(count)
    return Project([*mails, *groups, *accounts])


@shape
def accounts_and_groups_changed(count: int) -> Project:
    mails, groups, accounts = _mails(count)
    changed_groups = [
        replace(item, fields={**item.fields, "recipients": frozenset({"a@example.org", "b@example.org"})})
        for item in groups
    ]
    changed_accounts = [replace(item, fields={**item.fields, "port": 25}) for item in accounts]
    objects = [*map(_live_mail, mails), *lives(groups), *lives(accounts)]
    return Project([*mails, *changed_groups, *changed_accounts], objects)


@shape
def one_group_of_all(count: int) -> Project:
    smtp = resource("SmtpAccount", "smtp", host="smtp.example.org", from_address="a@example.org")
    team = resource("EmailGroup", "team", recipients=frozenset({"a@example.org"}))
    mails = [
        resource("EmailChannel", f"mail-{one:05}", sender="smtp", groups=frozenset({"team"})) for one in range(count)
    ]
    changed_team = replace(team, fields={**team.fields, "recipients": frozenset({"b@example.org"})})
    return Project([*mails, changed_team, smtp], [*map(_live_mail, mails), *lives([team, smtp])])


@shape
def references_pruned(count: int) -> Project:
    mails, groups, accounts = _mails(count)
    return Project([], [*map(_live_mail, mails), *lives(groups), *lives(accounts)], PRUNE)


@shape
def groups_pruned_in_use(count: int) -> Project:
    mails, groups, accounts = _mails(count)
    return Project(mails, [*map(_live_mail, mails), *lives(groups), *lives(accounts)], PRUNE)


@shape
def references_that_lead_nowhere(count: int) -> Project:
    return Project(_mails(count)[0])


def _users(count: int, *, each: bool) -> UserListing:
    ids = [f"acme_channel-{number:05}" for number in range(count)]
    named = [frozenset({one}) for one in ids] if each else [frozenset(ids)]
    users = (
        ChannelUser("monitor", f"m{one:05}", f"monitor {one:05}", True, channels) for one, channels in enumerate(named)
    )
    return UserListing("Alerting", tuple(users))


@shape
def pruned_with_a_monitor_each(count: int) -> Project:
    return replace(pruned(count), listing=_users(count, each=True))


@shape
def pruned_with_one_monitor_of_all(count: int) -> Project:
    return replace(pruned(count), listing=_users(count, each=False))


@shape
def mixed(count: int) -> Project:
    """New, unchanged, changed, pruned, look-alikes, mails and leftovers, a part of each."""
    parts = (all_new, unchanged, changed, pruned, look_alikes)
    found: list[Project] = [_prefixed(part(count), word) for word, part in zip("abcde", parts, strict=True)]
    mails = accounts_and_groups_changed(count)
    return Project(
        [*(item for part in found for item in part.resources), *mails.resources],
        [*(item for part in found for item in part.objects), *mails.objects, *_leftovers(count)],
        PRUNE,
    )


def _prefixed(project: Project, word: str) -> Project:
    """The same under other names, so that several projects can be one."""

    def moved(text: str) -> str:
        return text.replace("channel-", f"{word}-").replace("hand-", f"hand-{word}-")

    return replace(
        project,
        resources=[
            replace(item, name=moved(item.name), fields={**item.fields, "display_name": moved(item.name)})
            for item in project.resources
        ],
        objects=[
            replace(
                item,
                id=moved(item.id),
                fields={
                    **item.fields,
                    "description": moved(str(item.fields["description"])),
                    "display_name": moved(str(item.fields["display_name"])),
                },
            )
            for item in project.objects
        ],
    )


def _on_confluent(project: Project) -> Project:
    """The same where the provider chooses the ids, and the mark is the only key."""
    return replace(
        project,
        objects=[replace(item, id=f"u-{number:07}") for number, item in enumerate(project.objects)],
        ownership=Ownership("acme", adopt=project.ownership.adopt),
        abilities=CONFLUENT,
        server=Server("Confluent Cloud", "org-1"),
    )


for _word in ("all new", "unchanged", "changed", "renamed", "probably renamed", "pruned", "adopted", "look alikes"):

    def _moved(count: int, base: Shape = SHAPES[_word]) -> Project:
        return _on_confluent(base(count))

    SHAPES[f"confluent: {_word}"] = _moved


def _twice(count: int, *, alike: bool) -> Project:
    objects = lives(channels(count))
    more = [item if alike else replace(item, fields={**item.fields, "webhook_url": url(-1)}) for item in objects]
    return _on_confluent(Project(channels(count), [*objects, *more]))


@shape
def confluent_duplicates_of_each_mark(count: int) -> Project:
    return _twice(count, alike=True)


@shape
def confluent_copies_of_each_mark(count: int) -> Project:
    return _twice(count, alike=False)


@shape
def confluent_duplicates_of_one_mark(count: int) -> Project:
    return _on_confluent(Project(channels(1), lives(channels(1)) * count))


def _subscriptions(count: int, *, gone: bool) -> Project:
    integrations = _on_confluent(Project(channels(count), lives(channels(count))))
    numbers = [f"{one:05}" for one in range(count)]
    routes = [
        resource(
            "Subscription", f"route-{one}", notification_type=f"type-{one}", channels=frozenset({f"channel-{one}"})
        )
        for one in numbers
    ]
    held = [
        LiveObject(
            f"sub-{one}",
            "Subscription",
            {
                "notification_type": f"type-{one}",
                "channels": frozenset({"u-hand", f"u-00{one}"} if gone else {"u-hand"}),
                "state": "ENABLED",
            },
        )
        for one in numbers
    ]
    words = {"Subscription": {f"type-{one:05}": KeyWord(f"type-{one:05}") for one in range(count)}}
    return replace(
        integrations,
        resources=[] if gone else [*integrations.resources, *routes],
        objects=[*integrations.objects, *held, live("SlackChannel", "u-hand")],
        options=PRUNE,
        words=words,
    )


@shape
def confluent_subscriptions(count: int) -> Project:
    return _subscriptions(count, gone=False)


@shape
def confluent_channels_pruned_in_subscriptions(count: int) -> Project:
    return _subscriptions(count, gone=True)
