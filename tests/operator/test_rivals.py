"""Two projects on one system: what tells that it is one is the provider's to say."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.operator.resources import CustomResource
from reconciler.operator.rivals import rival_of
from reconciler.providers import settings_of


def project(uid: str, created: str, target: dict[str, Any], status: dict[str, Any] | None = None) -> CustomResource:
    """A project of one owner, as its namespace's only one."""
    spec = {"owner": "acme", "targets": {"search": target}}
    return CustomResource("Project", uid, "acme", spec=spec, uid=uid, created=created, status=status or {})


def is_blocked(mine: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether the younger gives way to the older."""
    older, younger = project("a", "2026-01-01T00:00:00Z", other), project("b", "2026-01-02T00:00:00Z", mine)
    assert rival_of(older, [younger, older], settings_of) == ""
    return bool(rival_of(younger, [younger, older], settings_of))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://search.example.org", "https://SEARCH.example.org:443/"),
        ("https://search.example.org:9200/path", "https://search.example.org:9200/path/"),
        ("no address", "no address"),
    ],
)
@pytest.mark.parametrize("provider", ["opensearch", "of-no-package"])
def test_one_address_is_one_system_however_it_is_written(one: str, other: str, provider: str) -> None:
    assert is_blocked({"provider": provider, "url": one}, {"provider": provider, "url": other})


def test_another_address_is_another_system() -> None:
    search = {"provider": "opensearch", "url": "https://search.example.org"}
    assert not is_blocked(search, {**search, "url": "https://search.example.org:9200"})


def test_where_the_login_tells_systems_apart_the_address_does_not() -> None:
    cloud = {"provider": "confluent", "url": "https://api.confluent.cloud"}
    assert not is_blocked(cloud, cloud)
    known = {"targets": [{"name": "search", "identity": "org-1"}]}
    older = project("a", "2026-01-01T00:00:00Z", cloud, known)
    assert rival_of(project("b", "2026-01-02T00:00:00Z", cloud, known), [older], settings_of)
