"""The types of the fields: texts with a form, in words, as pydantic and JSON Schema both understand them.

Only what holds on every provider and version is said here; lengths and hosts are for the providers. Patterns keep to
what the four engines that read them agree on (pydantic's and jsonschema-rs's, Python's, an editor's): explicit
classes, `^` and `$`, no look-around. `patternErrorMessage` is what editors show, and what our problems say.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

NAME_PATTERN = "^[a-z0-9-]{1,63}$"
NAME_WORDS = "must be 1 to 63 lowercase letters, digits or dashes"
OWNER_PATTERN = "^[a-z0-9-]{1,40}$"
OWNER_WORDS = "must be 1 to 40 lowercase letters, digits or dashes"
LABEL_PATTERN = "^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$"
LABEL_WORDS = "must be at most 63 letters, digits, dashes, dots or underscores, a letter or digit first and last"
LABEL_KEY_PATTERN = "^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"
_SCHEME = "^[hH][tT][tT][pP][sS]?://"
_HOST_AND_PATH = "(\\[[0-9A-Fa-f:.]+\\]|[^ \\t\\r\\n\\u0000/?#@:\\[\\]]+)(:[0-9]{1,5})?([/?#][^ \\t\\r\\n\\u0000]*)?$"
ADDRESS_PATTERN = f"{_SCHEME}([^ \\t\\r\\n\\u0000/?#@]*@)?{_HOST_AND_PATH}"
ADDRESS_WORDS = "must be an address that begins with https:// or http:// and has a host, without blanks"
HEADER_NAME_PATTERN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
HEADER_VALUE_PATTERN = "^[^\\r\\n\\u0000]+$"
HEADER_VALUE_WORDS = "must be one line, and not empty"
MARK_PATTERN = "\\[[a-z0-9-]+/[a-z0-9-]+( [a-z]+)*\\][ \\t\\r\\n]*$"
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL_PATTERN = f'^({_ATOM}(\\.{_ATOM})*|"[^"\\\\\\r\\n]+")@(({_LABEL}\\.)+{_LABEL}|\\[[0-9A-Fa-f:.]+\\])$'
_ARN_NAME = "[A-Za-z0-9_+=,.@/-]+"


def text(pattern: str, words: str, **more: Any) -> Any:
    """The parts of a text type: its pattern, and what is wrong when it does not match."""
    return Field(pattern=pattern, json_schema_extra={"patternErrorMessage": words}, **more)


class Checked(BaseModel):
    """What every model here is: frozen, no unknown fields, no conversions, no null, built when first used."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, defer_build=True, hide_input_in_errors=True, protected_namespaces=()
    )

    @model_validator(mode="before")
    @classmethod
    def _no_nulls(cls, data: Any) -> Any:
        if isinstance(data, dict) and None in data.values():
            raise PydanticCustomError("null", "a null is not a value")
        return data


def _not_a_mark(value: str) -> str:
    import re

    if re.search(MARK_PATTERN.removesuffix("$") + r"\Z", value):
        raise PydanticCustomError("mark", "ends like a mark")
    return value


def _whole(value: Any) -> Any:
    """JSON knows one sort of number: 587.0 is 587."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def is_name(value: str) -> bool:
    """Whether this can be the name of a manifest."""
    return 0 < len(value) <= 63 and set(value) <= _NAME_LETTERS


_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")

Name = Annotated[str, text(NAME_PATTERN, NAME_WORDS)]
OwnerName = Annotated[str, text(OWNER_PATTERN, OWNER_WORDS)]
LabelValue = Annotated[str, text(LABEL_PATTERN, LABEL_WORDS)]
LabelKey = Annotated[str, StringConstraints(pattern=LABEL_KEY_PATTERN)]
NonEmpty = Annotated[str, Field(min_length=1)]
DisplayName = Annotated[str, text("[^ \\t\\r\\n]", "may not be empty or blank")]
Description = Annotated[
    str,
    AfterValidator(_not_a_mark),
    Field(
        json_schema_extra={
            "not": {"type": "string", "pattern": MARK_PATTERN},
            "errorMessage": "may not end like a mark of ownership: [owner/name]",
        }
    ),
]
Email = Annotated[
    str,
    text(_EMAIL_PATTERN, "must be an e-mail address, as ops@example.org, without a display name"),
]
Host = Annotated[
    str,
    text(
        "^([^ \\t\\r\\n/@:\\[\\]]+|\\[?[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\\]?)$",
        "must be a host name or an IP address, without scheme, port or path",
    ),
]
TargetUrl = Annotated[
    str,
    text(
        _SCHEME + _HOST_AND_PATH,
        "must be an address that begins with https:// or http:// and has a host, without credentials or blanks",
    ),
]
ObjectId = Annotated[
    str, text("^[A-Za-z0-9+/_-]{1,512}$", "must be the id of a live object: letters, digits and + / _ -")
]
Region = Annotated[str, text("^[A-Za-z0-9-]+$", "must be an AWS region, as eu-central-1")]
RoleArn = Annotated[
    str,
    text(
        f"^arn:aws(-[A-Za-z0-9-]+)?:iam::[0-9]{{12}}:{_ARN_NAME}$",
        "must be the ARN of an IAM role, as arn:aws:iam::123456789012:role/notify",
    ),
]
TopicArn = Annotated[
    str,
    text(
        f"^arn:aws(-[A-Za-z0-9-]+)?:sns:[A-Za-z0-9-]+:[0-9]{{12}}:{_ARN_NAME}$",
        "must be the ARN of an SNS topic, as arn:aws:sns:eu-central-1:123456789012:alerts",
    ),
]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(_whole)]
Positive = Annotated[int, Field(ge=1, le=10_000), BeforeValidator(_whole)]
NonNegative = Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(_whole)]
Percent = Annotated[int, Field(ge=0, le=100), BeforeValidator(_whole)]
