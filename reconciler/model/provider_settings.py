"""What a provider says of the settings of its targets: data that `validate` needs, and that no module above repeats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from reconciler.model.dataclass import dataclass


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
    one_address_is_one_system: bool = False
    version_problem: Callable[[str], str] = _any_version
    terraform: Mapping[str, TerraformType] = field(default_factory=dict)
    unsupported_system: Callable[[str, str], tuple[str, str] | None] = _any_system


SettingsOf = Callable[[str], ProviderSettings]
"""The settings of the provider of that name; ConfigurationError if there is none."""
