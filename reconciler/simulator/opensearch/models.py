"""A request body read into a config: members, defaults, coercions and their errors, in the plugin's order.

One reader per block, driven by the pull parser, as `NotificationConfig.parse` and its siblings in common-utils do it.
What needs the version's rules or the store (vendor addresses, references) is checked later, in `configs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.opensearch.errors import ApiError, illegal_argument, validation_error
from reconciler.simulator.opensearch.rules import check_email, check_id, check_role_arn, check_topic_arn, check_url
from reconciler.simulator.opensearch.xcontent import Parser, Token

__all__ = ["Config", "ConfigRequest", "parse_config", "parse_create", "parse_update"]

Block = dict[str, Any]
_URL_TYPES = ("slack", "chime", "microsoft_teams", "mattermost")
_METHODS = ("POST", "PUT", "PATCH")
_ENCRYPTIONS = ("ssl", "start_tls", "none")


@dataclass(frozen=True, slots=True)
class Config:
    """A config as it is stored and read back. `config_type` is `none` for a type this version does not know."""

    name: str
    description: str
    config_type: str
    is_enabled: bool
    data: Block

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "config_type": self.config_type,
            "is_enabled": self.is_enabled,
        }
        return {**shown, self.config_type: self.data} if self.data else shown


@dataclass(frozen=True, slots=True)
class ConfigRequest:
    """A create or update: the config and the id that the body named, if any."""

    config: Config
    config_id: str | None


def parse_create(body: bytes, types: tuple[str, ...]) -> ConfigRequest:
    config, config_id = _parse_request(body, types, Parser.text_or_null)
    if config is None:
        raise illegal_argument("config field absent")
    if config_id is not None:
        check_id(config_id)
    return ConfigRequest(config, config_id)


def parse_update(body: bytes, types: tuple[str, ...], path_id: str) -> ConfigRequest:
    """An update; the id in the body, if there is one, overrides `path_id`."""
    config, config_id = _parse_request(body, types, Parser.text)
    if config is None:
        raise illegal_argument("config field absent")
    if config_id == "":
        raise validation_error("configId is null or empty")
    return ConfigRequest(config, config_id or path_id)


def _parse_request(
    body: bytes, types: tuple[str, ...], read_id: Callable[[Parser], str | None]
) -> tuple[Config | None, str | None]:
    if not body:
        raise ApiError(400, "parse_exception", "request body is required")
    parser = Parser(body)
    parser.next_token()
    found: dict[str, Any] = {}

    def read(name: str | None) -> None:
        if name == "config_id":
            found["id"] = read_id(parser)
        elif name == "config":
            found["config"] = parse_config(parser, types)
        else:
            parser.skip_children()

    _each_member(parser, read)
    return found.get("config"), found.get("id")


def _each_member(parser: Parser, read: Callable[[str | None], None]) -> None:
    """Call `read` with each member's name, the parser standing on its value, up to the end of the object."""
    parser.expect(Token.START_OBJECT)
    while parser.next_token() is not Token.END_OBJECT:
        name = parser.current_name
        parser.next_token()
        read(name)


def parse_config(parser: Parser, types: tuple[str, ...]) -> Config:
    """The `config` object at which the parser stands. Only the first block of a known type is read."""
    found: dict[str, Any] = {"description": "", "is_enabled": True}
    block: list[tuple[str, Block]] = []

    def read(name: str | None) -> None:
        if name in ("name", "description", "config_type"):
            found[name] = parser.text()
        elif name == "is_enabled":
            found[name] = parser.boolean()
        elif name in types and not block:
            block.append((name, _READERS[name](parser)))
        else:
            parser.skip_children()

    _each_member(parser, read)
    return _make_config(found, block, types)


def _make_config(found: dict[str, Any], block: list[tuple[str, Block]], types: tuple[str, ...]) -> Config:
    _require(found, "name", "config_type")
    if not found["name"]:
        raise illegal_argument("name is null or empty")
    config_type = found["config_type"] if found["config_type"] in types else "none"
    kind, data = block[0] if block else ("", {})
    if config_type != "none" and not _same_class(config_type, kind):
        raise illegal_argument(f"ConfigType: {config_type} and data doesn't match")
    return Config(found["name"], found["description"], config_type, found["is_enabled"], data)


def _same_class(config_type: str, block_type: str) -> bool:
    """Slack and Mattermost share one class in the plugin, so either's block passes for the other's."""
    twins = ("slack", "mattermost")
    return config_type == block_type or (config_type in twins and block_type in twins)


def _require(found: dict[str, Any], *names: str) -> None:
    for name in names:
        if found.get(name) is None:
            raise illegal_argument(f"{name} field absent")


def _read_fields(parser: Parser, readers: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """The object's members that have a reader; the others are skipped."""
    found: dict[str, Any] = {}

    def read(name: str | None) -> None:
        reader = readers.get(name or "")
        if name is None or reader is None:
            parser.skip_children()
        else:
            found[name] = reader()

    _each_member(parser, read)
    return found


def _read_url_block(parser: Parser) -> Block:
    found = _read_fields(parser, {"url": parser.text})
    _require(found, "url")
    check_url(found["url"])
    return found


def _read_webhook(parser: Parser) -> Block:
    found = _read_fields(parser, {"url": parser.text, "header_params": parser.string_map, "method": parser.text})
    _require(found, "url")
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
    _require(found, "host", "port", "method", "from_address")
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
    _require(found, "region", "from_address")
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
    _require(found, "topic_arn")
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
        _require(found, "recipient")
        check_email(found["recipient"])
        recipients.append(found)
    return recipients


def _read_group(parser: Parser) -> Block:
    found = _read_fields(parser, {"recipient_list": lambda: _read_recipients(parser)})
    _require(found, "recipient_list")
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
    _require(found, "email_account_id")
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
