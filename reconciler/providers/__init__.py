"""The providers by name: those that come with the tool, and those of other installed packages.

A provider is imported when it is first needed, to keep the start fast: most projects use only one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError
from reconciler.model.provider import ProviderSettings, TerraformType
from reconciler.model.text import suggest

if TYPE_CHECKING:
    from reconciler.model.provider import Abilities, Provider
    from reconciler.providers.connection import Connection
    from reconciler.providers.pacing import Retries

if "httpx" not in sys.modules:
    # httpx would import its own command line, and with it rich and pygments if installed: 40 ms at every start. An
    # entry of None makes that import fail, which httpx expects, since its command line is an optional extra.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # None is how Python spells this

Factory = Callable[["Connection", str, "Retries | None"], "Provider"]
"""Makes a provider from a connection, the version that the project file gives ("" for none), and the target's retries.
"""

ENTRY_POINT_GROUP = "reconciler.providers"
"""The group of entry points through which packages offer providers: each is a `Provided`, under the provider's name."""


@dataclass(frozen=True, slots=True)
class Provided:
    """One provider: its targets' settings, its abilities (known without a connection), and how to make it."""

    settings: ProviderSettings
    abilities: Callable[[], Abilities]
    make: Factory


def _opensearch_abilities() -> Abilities:
    from reconciler.providers.opensearch.abilities import ABILITIES as OPENSEARCH

    return OPENSEARCH


def _opensearch(connection: Connection, version: str, retries: Retries | None) -> Provider:
    from reconciler.providers.opensearch import make_provider

    return make_provider(connection, version, retries)


def _confluent_abilities() -> Abilities:
    from reconciler.providers.confluent.abilities import ABILITIES as CONFLUENT

    return CONFLUENT


def _confluent(connection: Connection, version: str, retries: Retries | None) -> Provider:
    from reconciler.providers.confluent import make_provider

    return make_provider(connection, version, retries)


def _opensearch_version_problem(version: str) -> str:
    from reconciler.providers.opensearch.abilities import OLDEST, is_before, read_version

    known = read_version(version)
    if not known:
        return "is not a version of OpenSearch (7.10.2 is what compatibility mode shows in place of the real one)"
    return f"is too old: this tool needs OpenSearch {OLDEST} or newer" if is_before(known, OLDEST) else ""


_DESTINATION = TerraformType("it is a destination of Alerting's, from before OpenSearch 2.0 made them channels")
_NO_KIND = TerraformType("there is no kind for what is about a single resource")


def _serverless(url: str, service: str) -> tuple[str, str] | None:
    """What is wrong and the fix, if the target is OpenSearch Serverless, which runs no plugins; its hosts are
    `<id>.<region>.aoss.amazonaws.com`."""
    from urllib.parse import urlsplit

    if service != "aoss" and not (urlsplit(url).hostname or "").endswith(".aoss.amazonaws.com"):
        return None
    fix = "give the address of an OpenSearch Service domain, and service: es (or leave it out)"
    return "OpenSearch Serverless has no Notifications plugin, so it can hold no channels", fix


BUILT_IN: Mapping[str, Provided] = {
    "opensearch": Provided(
        ProviderSettings(
            auth=frozenset({"basic", "bearer", "client_cert", "sigv4"}),
            url_variable="OPENSEARCH_URL",
            title="OpenSearch",
            usual_target="search",
            usual_login=("OPENSEARCH_USERNAME", "OPENSEARCH_PASSWORD"),
            one_address_is_one_system=True,
            version_problem=_opensearch_version_problem,
            terraform={
                "opensearch_channel_configuration": TerraformType(),
                "opensearch_destination": _DESTINATION,
                "elasticsearch_opendistro_destination": _DESTINATION,
            },
            unsupported_system=_serverless,
        ),
        _opensearch_abilities,
        _opensearch,
    ),
    "confluent": Provided(
        ProviderSettings(
            auth=frozenset({"basic", "bearer", "sts"}),
            default_url="https://api.confluent.cloud",
            default_login=("CONFLUENT_CLOUD_API_KEY", "CONFLUENT_CLOUD_API_SECRET"),
            title="Confluent Cloud",
            usual_target="kafka",
            terraform={
                "confluent_notifications_integration": TerraformType(),
                "confluent_notifications_subscription": TerraformType(id_prefix="subscriptions/"),
                "confluent_notifications_resource_preference": _NO_KIND,
                "confluent_notifications_resource_subscription": _NO_KIND,
            },
        ),
        _confluent_abilities,
        _confluent,
    ),
}
"""The providers that come with the tool; `init` uses the first one by default."""


@cache
def provided(name: str) -> Provided:
    """The provider of that name: built in, or else from an installed package, which cannot replace a built-in one.
    ConfigurationError if there is none."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    from importlib.metadata import entry_points

    found = list(entry_points(group=ENTRY_POINT_GROUP, name=name))
    if len(found) > 1:
        raise ConfigurationError("several installed packages bring a provider of this name; keep one of them")
    brought = found[0].load() if found else None
    if not isinstance(brought, Provided):
        there_are = f"there are {', '.join(provider_names())}; others come with their packages"
        wrong = (
            "what is installed under this name is not a provider"
            if found
            else suggest(name, provider_names()) or there_are
        )
        raise ConfigurationError(f"there is no such provider; {wrong}")
    return brought


def provider_names() -> list[str]:
    """The names of all providers, built in and from installed packages, sorted."""
    from importlib.metadata import entry_points

    return sorted({*BUILT_IN, *entry_points(group=ENTRY_POINT_GROUP).names})


def settings_of(name: str) -> ProviderSettings:
    """The settings of a provider's targets. ConfigurationError if there is no such provider; its message does not
    repeat the name, which may be from a file."""
    return provided(name).settings
