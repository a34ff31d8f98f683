"""What the vendor's documents leave open, as switches: one setting each is right, and nobody outside knows which.

A client that works under all of them does not depend on any. The first setting of each is the likely one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import Enum, IntEnum, StrEnum
from http import HTTPStatus
from typing import Any

__all__ = [
    "LIKELY",
    "Addresses",
    "Behaviours",
    "Created",
    "DeleteCode",
    "DeleteInUse",
    "DeletedAt",
    "Deletion",
    "Description",
    "ErrorShape",
    "FilteredNothing",
    "GoneCode",
    "InApp",
    "KindChange",
    "KindNames",
    "Late",
    "NextPage",
    "Order",
    "Probe",
    "QuotaCode",
    "QuotaWords",
    "RateHeaders",
    "RefusalCode",
    "TestCode",
    "Unique",
    "UnknownKind",
    "Users",
    "WrongKeyCode",
]


class Addresses(StrEnum):
    """How an integration's address comes back."""

    CLEAR = "clear"
    STARS = "stars"  # https://host/*****
    CROSSES = "crosses"  # https://host/services/XXXXX/XXXXX


class Unique(StrEnum):
    """Whether two objects may share a name, an address or a notification type, and if not, how that is refused."""

    NO = "no"
    YES = "yes"  # 409 with Location
    YES_UNSAID = "yes-unsaid"  # 409 without


class DeleteInUse(StrEnum):
    """What becomes of a deleted integration that a subscription refers to."""

    CASCADE = "cascade"  # it leaves the lists, and a subscription with none left goes too
    DANGLE = "dangle"  # the lists keep its id
    REFUSE = "refuse"


class Deletion(StrEnum):
    """When a deleted object is out of sight."""

    AT_ONCE = "at-once"
    ANNOUNCED = "announced"  # later, and until then it has metadata.deleted_at
    SILENT = "silent"  # later, looking as ever


class DeletedAt(StrEnum):
    """What `metadata.deleted_at` of an object that is there holds."""

    ABSENT = "absent"
    ZERO = "zero"  # 0001-01-01T00:00:00Z, as a Go program writes a time that was never set
    AS_CREATED = "as-created"  # the time of its creation, as in the vendor's example documents


class GoneCode(IntEnum):
    """How a call for an object that is not there is answered."""

    NOT_FOUND = 404
    FORBIDDEN = 403  # as fixtures of the vendor's Terraform provider have it, "for security purposes"


class WrongKeyCode(IntEnum):
    """How a key that is none of the organisation's is refused."""

    UNAUTHENTICATED = 401
    FORBIDDEN = 403  # where the vendor's Terraform provider looks for it


class DeleteCode(StrEnum):
    """Whether a DELETE is refused with a code that the document declares for it."""

    DECLARED = "declared"  # 400 for what elsewhere is 409 or 422
    UNDECLARED = "undeclared"


class RefusalCode(IntEnum):
    """How what is declared impossible is refused: a REQUIRED type, a read-only kind, a type that is not in the plan."""

    UNPROCESSABLE = 422
    BAD_REQUEST = 400
    FORBIDDEN = 403
    CONFLICT = 409


class TestCode(IntEnum):
    """How a test is answered whose receiver refused."""

    __test__ = False  # pytest would take it for a test class

    BAD_REQUEST = 400
    NOT_FOUND = 404
    FAULT = 500


class Description(StrEnum):
    """What an empty description in a PATCH does."""

    CLEARS = "clears"
    REFUSED = "refused"
    IGNORED = "ignored"


class KindChange(StrEnum):
    """What another kind of target in a PATCH does."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    IGNORED = "ignored"


class KindNames(StrEnum):
    """Under which names kinds of target are taken and given back: `Slack`, or as Terraform's provider sends them."""

    DOCUMENT = "document"  # Slack, and SlackTarget is refused
    EITHER = "either"  # both are taken, and Slack is given back
    SCHEMA = "schema"  # both are taken, and SlackTarget is given back


class Users(StrEnum):
    """How a `UserEmail` names its user."""

    OBJECT = "object"
    STRING = "string"  # as in the contract of 2023


class FilteredNothing(StrEnum):
    """What a filter or a lookup that finds nothing gives."""

    EMPTY = "empty"
    NOT_FOUND = "not-found"


class Probe(StrEnum):
    """Whether a create calls the address, and refuses one that does not answer well."""

    NO = "no"
    YES = "yes"


class Order(StrEnum):
    """In which order lists come."""

    OLDEST_FIRST = "oldest-first"
    NEWEST_FIRST = "newest-first"
    BY_ID = "by-id"
    ANY = "any"  # another one each time


class Late(StrEnum):
    """What shows a write only after a while."""

    NOTHING = "nothing"
    LISTS = "lists"
    READS = "reads"  # lists too


class Created(StrEnum):
    """What a 201 tells of the new object."""

    WHOLE = "whole"
    REQUIRED = "required"  # only what the request had to hold; the id is in Location


class NextPage(StrEnum):
    """How the last page says that none follows."""

    NULL = "null"
    ABSENT = "absent"
    EMPTY = "empty"


class InApp(StrEnum):
    """Whether an in-app integration appears by mere reading."""

    NO = "no"
    BY_READING = "by-reading"


class ErrorShape(StrEnum):
    """How errors are written."""

    LIST = "list"
    OBJECT = "object"  # the shape that the same document describes for newer APIs
    RESOLUTION = "resolution"  # the list, each with what to do
    MESSAGE = "message"  # nothing but a message
    ERROR_CODE = "error-code"  # a number and a message


class RateHeaders(StrEnum):
    """Whether answers tell the rate limit."""

    YES = "yes"
    NO = "no"


class QuotaCode(IntEnum):
    """How a create over the quota is refused."""

    PAYMENT_REQUIRED = 402
    BAD_REQUEST = 400  # as the vendor's list of known issues has it


class QuotaWords(StrEnum):
    """How the refusal of a create over the quota is worded."""

    ID = "id"  # integrations_per_org
    LIMITED = "limited"  # "Your organization is currently limited to ...", which the vendor's command line looks for


class UnknownKind(StrEnum):
    """Whether the organisation has an integration of a kind that came after the document."""

    NO = "no"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Behaviours:
    """One setting of every switch."""

    addresses: Addresses = Addresses.CLEAR
    unique_names: Unique = Unique.NO
    unique_addresses: Unique = Unique.NO
    unique_subscriptions: Unique = Unique.YES
    delete_in_use: DeleteInUse = DeleteInUse.CASCADE
    deletion: Deletion = Deletion.AT_ONCE
    refusal_code: RefusalCode = RefusalCode.UNPROCESSABLE
    test_code: TestCode = TestCode.BAD_REQUEST
    description: Description = Description.CLEARS
    kind_change: KindChange = KindChange.ALLOWED
    probe: Probe = Probe.NO
    order: Order = Order.OLDEST_FIRST
    late: Late = Late.NOTHING
    created: Created = Created.WHOLE
    next_page: NextPage = NextPage.NULL
    in_app: InApp = InApp.NO
    error_shape: ErrorShape = ErrorShape.LIST
    rate_headers: RateHeaders = RateHeaders.YES
    quota_code: QuotaCode = QuotaCode.PAYMENT_REQUIRED
    unknown_kind: UnknownKind = UnknownKind.NO
    deleted_at: DeletedAt = DeletedAt.ABSENT
    gone_code: GoneCode = GoneCode.NOT_FOUND
    wrong_key_code: WrongKeyCode = WrongKeyCode.UNAUTHENTICATED
    delete_code: DeleteCode = DeleteCode.DECLARED
    kind_names: KindNames = KindNames.DOCUMENT
    users: Users = Users.OBJECT
    quota_words: QuotaWords = QuotaWords.ID
    filtered_nothing: FilteredNothing = FilteredNothing.EMPTY

    @classmethod
    def switches(cls) -> dict[str, list[Enum]]:
        """Every switch with all its settings, the likely one first."""
        likely = cls()
        switches: dict[str, list[Enum]] = {}
        for field in fields(cls):
            default: Enum = getattr(likely, field.name)
            switches[field.name] = [default, *(setting for setting in type(default) if setting is not default)]
        return switches

    @classmethod
    def parse(cls, settings: Iterable[str]) -> Behaviours:
        """From `addresses=stars` and the like; ValueError names what there is instead of an unknown one."""
        switches = cls.switches()
        chosen: dict[str, Any] = {}
        for setting in settings:
            name, _, word = setting.partition("=")
            name = name.replace("-", "_")
            if name not in switches:
                raise ValueError(f"there is no switch {name}; there are {', '.join(switches)}")
            known = {str(one.value): one for one in switches[name]}
            if word not in known:
                raise ValueError(f"{name} is one of {', '.join(known)}")
            chosen[name] = known[word]
        return replace(cls(), **chosen)

    @property
    def follow_document(self) -> bool:
        """Whether every answer is one that the vendor's document describes."""
        return (
            self.error_shape is ErrorShape.LIST
            and self.unknown_kind is UnknownKind.NO
            and self.delete_code is DeleteCode.DECLARED
            and self.kind_names is not KindNames.SCHEMA
            and self.users is Users.OBJECT
        )

    def delete_refusal(self, status: int) -> int:
        """The code that refuses a DELETE, where any other call would be refused with `status`."""
        undeclared = status in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
        return HTTPStatus.BAD_REQUEST if undeclared and self.delete_code is DeleteCode.DECLARED else status


LIKELY = Behaviours()
"""Every switch at its likely setting."""
