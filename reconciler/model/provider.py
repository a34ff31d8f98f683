"""The Provider protocol: the handful of things that the rest of the tool asks of a live system, and what it gives: what
is listed, who sends through channels; and the settings of its targets, which it says once, as data for `validate`.

What of the users of channels could not be seen is an `Unknown` with its reason, next to what was: nobody is called
unused by half a look.

Nobody above this floor knows a concrete provider. What one cannot do it says beforehand, by its `Abilities`, so that
`validate` and `plan` can refuse early and offline. Errors are those of `reconciler.model.errors`, all `TargetError`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from reconciler.model.dataclass import dataclass

if TYPE_CHECKING:
    from reconciler.model.errors import Problem
    from reconciler.model.evidence import Delivery, Unknown
    from reconciler.model.resource import LiveObject, Payload, Server
    from reconciler.model.values import Value


Permit = Callable[[], Awaitable[None]]
"""Returns if a write or a test message may be sent now, and raises a TargetError if not: the right of a caller to write
can end during a run, as a lease that another process took over."""


def _any_version(_version: str) -> str:
    return ""


def _any_system(_url: str, _service: str) -> tuple[str, str] | None:
    return None


@dataclass(frozen=True, slots=True)
class TerraformType:
    """A resource type of Terraform's: why it can have no manifest ("" if it can), and what stands before its ids in the
    ids of our live objects."""

    obstacle: str = ""
    id_prefix: str = ""


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """How targets of a provider are reached.

    `auth` holds the ways of `spec.targets.X.auth` that it takes. `default_url` is the address of a target without one;
    `url_variable` the environment variable that gives it, for a project with one such target only. `default_login`
    names the variables of the user and the password of a target without `auth`. `title` is how people write its name.
    `usual_target` and `usual_login` name a new project's target, and those variables where it writes `auth`.
    `one_address_is_one_system`: two targets of one address are one system; where the login tells systems apart they
    need not be. `version_problem` says why a written version cannot be a server's, "" if it can;
    `unsupported_system` of an address and an AWS service why no such system can be a target, and what to do.
    `terraform` holds the resource types of Terraform's provider that are about channels.
    """

    auth: frozenset[str] = frozenset({"basic", "bearer"})
    default_url: str = ""
    url_variable: str = ""
    default_login: tuple[str, str] | None = None
    title: str = ""
    usual_target: str = ""
    usual_login: tuple[str, str] | None = None
    one_address_is_one_system: bool = False
    version_problem: Callable[[str], str] = _any_version
    terraform: Mapping[str, TerraformType] = field(default_factory=dict)
    unsupported_system: Callable[[str, str], tuple[str, str] | None] = _any_system


SettingsOf = Callable[[str], ProviderSettings]
"""The settings of the provider of that name; ConfigurationError if there is none."""


class VerificationMethod(Enum):
    """How new values are verified before the real object is touched."""

    CANARY = "canary"  # write a short-lived copy, test that, delete it
    PROBE = "probe"  # the provider tests a body that is not written


@dataclass(frozen=True, slots=True)
class KeyWord:
    """What a word means that a manifest may use for the `key_field` of a kind that carries no mark.

    `value` is how this target's live objects give it. `problem` says why it cannot be had here. `fixed` holds, by
    field, the only value that it can have with this key.
    """

    value: str
    problem: str = ""
    fixed: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotificationType:
    """Something that a target can notify of, as its catalogue has it; `name` is how manifests may call it.

    `priority` and `category` are the target's own words. `in_plan`: the organisation's plan includes it. A `required`
    one is subscribed to from the start, and can be neither disabled nor deleted.
    """

    id: str
    name: str
    category: str = ""
    priority: str = ""
    in_plan: bool = True
    required: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that a target holds. `stale`: this server's list lags behind its writes, so what seems to differ
    is read again by id before it is planned. `unreadable` says why objects may be missing, if they may. `words`: by
    kind, every word that its `key_field` may have; a kind that is not there may have any. `types`: what it can notify
    of, where it has a catalogue."""

    objects: tuple[LiveObject, ...]
    stale: bool = False
    unreadable: str = ""
    words: Mapping[str, Mapping[str, KeyWord]] = field(default_factory=dict)
    types: tuple[NotificationType, ...] = ()


@dataclass(frozen=True, slots=True)
class HarmlessWrites:
    """Writes by which `doctor` finds out whether the right to write is granted, and which change nothing.

    `create` is of what no server can take, since it refers to an object that does not exist: where the right is granted
    it is answered with a RejectedError of status 404. `update` is of an object that does not exist.
    """

    create: Payload
    update: Payload


@dataclass(frozen=True, slots=True)
class ChannelUser:
    """Something on a target that names channels by their ids and sends through them.

    `kind` is `monitor` or `workflow`, `owner` the plugin that it belongs to ("" for Alerting itself). `throttled` are
    those of its `channels` that an action with a throttle names; `by_document`: it reports each document once.
    """

    kind: str
    id: str
    name: str
    enabled: bool
    channels: frozenset[str]
    throttled: frozenset[str] = frozenset()
    by_document: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True)
class UserListing:
    """All users that a target shows. `source` is what was asked, "" where the target has none such.

    `gap`: why there may be more, None if there cannot be. `not_looked_at` are further users that no call asks about.
    """

    source: str = ""
    users: tuple[ChannelUser, ...] = ()
    gap: Unknown | None = None
    not_looked_at: tuple[str, ...] = ()


class Abilities(Protocol):
    """What a provider can hold and do, known without a connection."""

    @property
    def provider(self) -> str:
        """The provider's name in the project file."""
        ...

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that any version of it can hold."""
        ...

    @property
    def verification(self) -> VerificationMethod:
        """How new values are verified before the write."""
        ...

    @property
    def chooses_ids(self) -> bool:
        """Whether we choose an object's id when we create it (then the id is the key; else the mark is)."""
        ...

    def check(self, kind: str, fields: Mapping[str, Value], version: str) -> list[Problem]:
        """What a server of `version` ("" for unknown: only what no version holds) refuses in these fields.

        A problem's path begins at the field (`("headers", "X-Team")`; `("kind",)` for the kind itself). `fields` are a
        resource's, and may be partial; secrets that are still references are ignored. The
        description must already carry the longest mark it can get, so that lengths are judged truly.
        """
        ...

    def check_id(self, object_id: str) -> list[Problem]:
        """What is wrong with an id that we would choose, or that a manifest pins."""
        ...

    def expects_json(self, kind: str) -> bool:
        """Whether a receiver of this kind may well refuse the provider's test text though the address is right."""
        ...

    def harmless_writes(self, missing: str) -> HarmlessWrites | None:
        """Writes about an object with the id `missing`, which does not exist. None where their answers would not tell
        whether the right is granted: where the server chooses ids, or answers 403 for what does not exist."""
        ...


class Provider(Protocol):
    """One live target. Every call has a deadline of its own and raises a TargetError when it fails."""

    @property
    def abilities(self) -> Abilities:
        """What it can hold and do."""
        ...

    async def read_server(self) -> Server:
        """Version and identity. Where they may not be read, the server's `certain` is False and a note says so."""
        ...

    async def read_all(self) -> Listing:
        """Every object, those of others included, in no particular order."""
        ...

    async def read(self, object_id: str) -> LiveObject | None:
        """One object, read in real time; None if there is none. ForbiddenError is not absence."""
        ...

    async def read_users(self, channels: Collection[str]) -> UserListing:
        """Who sends through the target's channels, besides the objects of `read_all` that refer to them.

        `channels` are the ids whose users matter: if nobody is found to use one of them, it is also looked into whether
        users can be hidden. What cannot be seen is the listing's gap; UnauthorizedError is the only error.
        """
        ...

    async def create(self, payload: Payload) -> str:
        """Write a new object; its id. ConflictError if the id exists. An ambiguous failure is looked into by reading
        before anything is sent again."""
        ...

    async def update(self, object_id: str, payload: Payload, before: LiveObject) -> None:
        """Give an object new fields. `before` is what was read last: only what differs needs sending.

        NotFoundError if it is gone. Secrets that are None in the payload are left as they are, where the provider can.
        """
        ...

    async def delete(self, object_id: str) -> bool:
        """Remove an object; False if it was already gone."""
        ...

    async def send_test(self, object_id: str, payload: Payload | None = None) -> Delivery:
        """Really send one test message through a live object; never repeated by itself.

        `payload` gives the values to use where the provider does not give an object's secrets back in clear.
        A failed delivery is a Delivery, not an exception; TargetError only where the call itself failed for certain.
        """
        ...

    async def probe(self, payload: Payload) -> Delivery:
        """Really send one test message with values that are not written (VerificationMethod.PROBE only)."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...
