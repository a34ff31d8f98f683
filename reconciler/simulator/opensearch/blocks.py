"""The blocks of a config, one reader per type: members, defaults, coercions and their errors, in the plugin's order.

As `Slack.parse`, `Webhook.parse` and their siblings in common-utils do it. The config around them is read in `models`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.simulator.opensearch.errors import illegal_argument
from reconciler.simulator.opensearch.rules import check_email, check_role_arn, check_topic_arn, check_url
from reconciler.simulator.opensearch.xcontent import Parser, Token

__all__ = ["Block", "each_member", "read_block", "require"]

Block = dict[str, Any]
_URL_TYPES = ("slack", "chime", "microsoft_teams", "mattermost")
_METHODS = ("POST", "PUT", "PATCH")
_ENCRYPTIONS = ("ssl", "start_tls", "none")


def each_member(parser: Parser, read: Callable[[str | None], None]) -> None:
    """Call `read` with each member's name, the parser standing on its value, up to the end of the object."""
    parser.expect(Token.START_OBJECT)
    while parser.next_token() is not Token.END_OBJECT:
        name = parser.current_name
        parser.next_token()
        read(name)


def require(found: dict[str, Any], *names: str) -> None:
    for name in names:
        if found.get(name) is None:
            raise illegal_argument(f"{name} field absent")


def read_block(parser: Parser, config_type: str) -> Block:
    """The block of a known type at which the parser stands, as it is stored."""
    return _READERS[config_type](parser)


def _read_fields(parser: Parser, readers: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """The object's members that have a reader; the others are skipped."""
    found: dict[str, Any] = {}

    def read(name: str | None) -> None:
        reader = readers.get(name or "")
        if name is None or reader is None:
            parser.skip_children()
        else:
            found[name] = reader()

    each_member(parser, read)
    return found


def _read_url_block(parser: Parser) -> Block:
    found = _read_fields(parser, {"url": parser.text})
    require(found, "url")
    check_url(found["url"])
    return found


def _read_webhook(parser: Parser) -> Block:
    found = _read_fields(parser, {"url": parser.text, "header_params": parser.string_map, "method": parser.text})
    require(found, "url")
    check_url(found["url"])
    method = found.get("method")
    return {
        "url": found["url"],
        "header_params": found.get("header_params", {}),
        "method": method if method in _METHODS else "POST",
    }


def _read_smtp(parser: Parser) -> Block:
    texts = dict.fromkeys(("host", "method", "from_address"), parser.text)
    found = _read_fields(parser, {**texts, "port": parser.integer})
    require(found, "host", "port", "method", "from_address")
    if not found["host"]:
        raise illegal_argument("host is null or empty")
    if found["port"] <= 0:
        raise illegal_argument("port should be positive value")
    check_email(found["from_address"])
    method = found["method"] if found["method"] in _ENCRYPTIONS else "none"
    return {"host": found["host"], "port": found["port"], "method": method, "from_address": found["from_address"]}


def _read_ses(parser: Parser) -> Block:
    readers = {"region": parser.text, "role_arn": parser.text_or_null, "from_address": parser.text}
    found = _read_fields(parser, readers)
    require(found, "region", "from_address")
    if not found["region"]:
        raise illegal_argument("awsRegion is null or empty")
    check_email(found["from_address"])
    role = found.get("role_arn")
    if role is None:
        return {"region": found["region"], "from_address": found["from_address"]}
    check_role_arn(role)
    return {"region": found["region"], "role_arn": role, "from_address": found["from_address"]}


def _read_sns(parser: Parser) -> Block:
    found = _read_fields(parser, {"topic_arn": parser.text_or_null, "role_arn": parser.text_or_null})
    require(found, "topic_arn")
    check_topic_arn(found["topic_arn"])
    role = found.get("role_arn")
    if role is None:
        return {"topic_arn": found["topic_arn"]}
    check_role_arn(role)
    return {"topic_arn": found["topic_arn"], "role_arn": role}


def _read_recipients(parser: Parser) -> list[Block]:
    recipients: list[Block] = []
    parser.expect(Token.START_ARRAY)
    while parser.next_token() is not Token.END_ARRAY:
        found = _read_fields(parser, {"recipient": parser.text})
        require(found, "recipient")
        check_email(found["recipient"])
        recipients.append(found)
    return recipients


def _read_group(parser: Parser) -> Block:
    found = _read_fields(parser, {"recipient_list": lambda: _read_recipients(parser)})
    require(found, "recipient_list")
    return found


def _read_email(parser: Parser) -> Block:
    found = _read_fields(
        parser,
        {
            "email_account_id": parser.text,
            "recipient_list": lambda: _read_recipients(parser),
            "email_group_id_list": parser.string_list,
        },
    )
    require(found, "email_account_id")
    if not found["email_account_id"]:
        raise illegal_argument("emailAccountID is null or empty")
    return {
        "email_account_id": found["email_account_id"],
        "recipient_list": found.get("recipient_list", []),
        "email_group_id_list": found.get("email_group_id_list", []),
    }


_READERS: dict[str, Callable[[Parser], Block]] = {
    **dict.fromkeys(_URL_TYPES, _read_url_block),
    "webhook": _read_webhook,
    "smtp_account": _read_smtp,
    "ses_account": _read_ses,
    "sns": _read_sns,
    "email_group": _read_group,
    "email": _read_email,
}
