"""A request body read into a config: members, defaults, coercions and their errors, in the plugin's order.

As `NotificationConfig.parse` and the requests of common-utils do it; the blocks are read in `blocks`. What needs the
version's rules or the store (vendor addresses, references) is checked later, in `checks`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.opensearch.blocks import Block, each_member, read_block, require
from reconciler.simulator.opensearch.errors import ApiError, illegal_argument, validation_error
from reconciler.simulator.opensearch.rules import check_id
from reconciler.simulator.opensearch.xcontent import Parser

__all__ = ["Config", "ConfigRequest", "parse_config", "parse_create", "parse_update"]


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

    each_member(parser, read)
    return found.get("config"), found.get("id")


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
            block.append((name, read_block(parser, name)))
        else:
            parser.skip_children()

    each_member(parser, read)
    return _make_config(found, block, types)


def _make_config(found: dict[str, Any], block: list[tuple[str, Block]], types: tuple[str, ...]) -> Config:
    require(found, "name", "config_type")
    if not found["name"]:
        raise illegal_argument("name is null or empty")
    config_type = found["config_type"] if found["config_type"] in types else "none"
    kind, data = block[0] if block else ("", {})
    if config_type != "none" and not _same_class(config_type, kind):
        raise illegal_argument(f"ConfigType: {config_type} and data doesn't match")
    return Config(found["name"], found["description"], config_type, found["is_enabled"], data)


def _same_class(config_type: str, block_type: str) -> bool:
    """Slack and Mattermost share one class in the plugin, so either's block passes for the other's."""
    alike = ("slack", "mattermost")
    return config_type == block_type or (config_type in alike and block_type in alike)
