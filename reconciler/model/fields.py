"""How a field is written: its JSON Schema, and how a value that passed it becomes a value of the domain.

A `Form` is both, side by side, since they must agree: the schema says yes or no, and the reader only converts. The
tables of kinds (`kinds`) and of the project file (`project`) are made of forms; schemas, defaults and `explain` come
from these tables. Only what holds on every provider and version is said here; lengths and hosts are for the providers.
Patterns keep to what the three engines that read them agree on (jsonschema-rs's, Python's, an editor's): explicit
classes, `^` and `$`, no look-around. `patternErrorMessage` is what editors show, and what our problems say.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from reconciler.model.dataclass import dataclass

Schema = Mapping[str, Any]
T = TypeVar("T")

NAME_PATTERN = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
NAME_WORDS = "must be 1 to 63 lowercase letters, digits or dashes, starting and ending with a letter or digit"
OWNER_PATTERN = "^[a-z0-9-]{1,40}$"
OWNER_WORDS = "must be 1 to 40 lowercase letters, digits or dashes"
LABEL_PATTERN = "^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$"
LABEL_WORDS = (
    "must be at most 63 letters, digits, dashes, dots or underscores, starting and ending with a letter or digit"
)
LABEL_KEY_PATTERN = "^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"
SCHEME = "^[hH][tT][tT][pP][sS]?://"
HOST_AND_PATH = "(\\[[0-9A-Fa-f:.]+\\]|[^ \\t\\r\\n\\u0000/?#@:\\[\\]]+)(:[0-9]{1,5})?([/?#][^ \\t\\r\\n\\u0000]*)?$"
MARK_PATTERN = "\\[[a-z0-9-]+/[a-z0-9-]+( [a-z]+)*\\][ \\t\\r\\n]*$"
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL_PATTERN = f'^({_ATOM}(\\.{_ATOM})*|"[^"\\\\\\r\\n]+")@(({_LABEL}\\.)+{_LABEL}|\\[[0-9A-Fa-f:.]+\\])$'
_ARN_NAME = "[A-Za-z0-9_+=,.@/-]+"


def as_written(value: Any) -> Any:
    """The reader of values that are used as they are written."""
    return value


@dataclass(frozen=True, slots=True)
class Form:
    """How a value is written. `read` gets only what passed `schema`. `parts` are the records that the schema refers to
    as `#/$defs/<class name>`."""

    schema: Schema
    read: Callable[[Any], Any] = as_written
    parts: tuple[type, ...] = ()


def text(pattern: str, words: str, **more: Any) -> Form:
    """A text of this pattern; `words` say what is wrong when it does not match."""
    return Form({"type": "string", "pattern": pattern, "patternErrorMessage": words, **more})


def choice(*options: str) -> Form:
    """One of these words."""
    return Form({"type": "string", "enum": list(options)})


def member(of: type[StrEnum]) -> Form:
    """One of the values of an enum."""
    return Form({"type": "string", "enum": [item.value for item in of]}, of)


def number(least: int, most: int) -> Form:
    """A whole number. JSON knows one sort of number: 587.0 is 587."""
    return Form({"type": "integer", "minimum": least, "maximum": most}, int)


def set_of(item: Form) -> Form:
    """A list whose order means nothing."""
    return Form({"type": "array", "items": item.schema}, lambda value: frozenset(map(item.read, value)), item.parts)


def list_of(item: Form, **more: Any) -> Form:
    """A list in its order."""
    return Form({"type": "array", "items": item.schema, **more}, lambda value: tuple(map(item.read, value)), item.parts)


def map_of(value: Form, keys: Schema, **more: Any) -> Form:
    """A mapping whose keys people choose; `keys` is what `propertyNames` must be."""
    schema = {"type": "object", "propertyNames": keys, "additionalProperties": value.schema, **more}
    return Form(schema, lambda pairs: {key: value.read(item) for key, item in pairs.items()}, value.parts)


def record(of: type) -> Form:
    """A mapping with the fields of a dataclass that is made with `written`."""
    return Form({"$ref": f"#/$defs/{of.__name__}"}, lambda value: read_record(of, value), (of,))


@dataclass(frozen=True, slots=True)
class Row:
    """One field that people write: its form, what it is for, and what holds where it is not written."""

    name: str
    form: Form
    description: str
    examples: tuple[Any, ...] = ()
    default: Any = None
    required: bool = False


def written(form: Form, description: str, *, examples: tuple[Any, ...] = (), **default: Any) -> Any:
    """A dataclass field that people write, as a `Row` has it. Without a `default` it is required."""
    return dataclasses.field(metadata={"form": form, "description": description, "examples": examples}, **default)


@cache
def rows(of: type) -> tuple[Row, ...]:
    """The rows of a dataclass; fields that are not made with `written` are none."""
    return tuple(
        Row(
            name=field.name,
            default=None if field.default is dataclasses.MISSING else field.default,
            required=field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
            **field.metadata,
        )
        for field in dataclasses.fields(of)
        if field.metadata
    )


def read_record(of: type[T], value: Mapping[str, Any], **more: Any) -> T:
    """The dataclass of a mapping that passed its schema. Keys that are no rows are left to others; `more` fills the
    fields that people do not write."""
    known: type = of
    return of(**{row.name: row.form.read(value[row.name]) for row in rows(known) if row.name in value}, **more)


def matches(pattern: str, value: str) -> bool:
    """Whether a whole text has the form; `$` means the very end. `re` keeps what it compiled."""
    return re.search(pattern.removesuffix("$") + r"\Z", value) is not None


def is_name(value: str) -> bool:
    """Whether this can be the name of a manifest."""
    return 0 < len(value) <= 63 and set(value) <= _NAME_LETTERS and value[0] != "-" != value[-1]


_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")

SWITCH = Form({"type": "boolean"})
NAME = text(NAME_PATTERN, NAME_WORDS)
NON_EMPTY = Form({"type": "string", "minLength": 1})
EMAIL = text(_EMAIL_PATTERN, "must be an e-mail address, such as ops@example.org, without a display name")
DISPLAY_NAME = text("[^ \\t\\r\\n]", "may not be empty or blank")
DESCRIPTION = Form(
    {
        "type": "string",
        "not": {"type": "string", "pattern": MARK_PATTERN},
        "errorMessage": "may not end like a mark of ownership, [owner/name]; put a full stop after it",
    }
)
HOST = text(
    "^([^ \\t\\r\\n/@:\\[\\]]+|\\[?[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\\]?)$",
    "must be a host name or an IP address, without scheme, port or path",
)
OBJECT_ID = text("^[A-Za-z0-9+/_-]{1,512}$", "must be the id of a live object: letters, digits and + / _ -")
REGION = text("^[A-Za-z0-9-]+$", "must be an AWS region, such as eu-central-1")
ROLE_ARN = text(
    f"^arn:aws(-[A-Za-z0-9-]+)?:iam::[0-9]{{12}}:{_ARN_NAME}$",
    "must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/notify",
)
TOPIC_ARN = text(
    f"^arn:aws(-[A-Za-z0-9-]+)?:sns:[A-Za-z0-9-]+:[0-9]{{12}}:{_ARN_NAME}$",
    "must be the ARN of an SNS topic, such as arn:aws:sns:eu-central-1:123456789012:alerts",
)
PORT = number(1, 65_535)
