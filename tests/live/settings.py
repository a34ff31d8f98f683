"""Where the cluster is, and where its test messages may go, as the environment says. Nothing is called here."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.model.errors import ConfigurationError
from reconciler.model.values import SecretText
from reconciler.providers.connection import Basic, Connection, Tls

__all__ = ["Settings", "read_settings"]


@dataclass(frozen=True)
class Settings:
    """One cluster. `receiver` is the address that test messages go to, `mail` a mail server's (host, port); where they
    are not given, receivers of our own are started if the cluster `is_near`: on loopback. `dead_receiver` answers 404,
    410 or 500. `least` reaches the cluster as a user who has `notifications_full_access` alone."""

    connection: Connection
    receiver: str = ""
    mail: tuple[str, int] | None = None
    dead_receiver: str = ""
    least: Connection | None = None

    @property
    def is_near(self) -> bool:
        """Whether the cluster's address is this machine's loopback."""
        host = urlsplit(self.connection.url).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of a run; ConfigurationError where something is missing or cannot be read."""
    url = environ.get("OPENSEARCH_URL", "")
    if not url:
        raise ConfigurationError("OPENSEARCH_URL is not set: OPENSEARCH_URL=https://host:9200 make test-live")
    return Settings(
        _connection(environ, url, "OPENSEARCH"),
        environ.get("TEST_RECEIVER_URL", "").rstrip("/"),
        _mail(environ),
        environ.get("TEST_DEAD_RECEIVER_URL", ""),
        _connection(environ, url, "TEST_LEAST") if environ.get("TEST_LEAST_USERNAME") else None,
    )


def _connection(environ: Mapping[str, str], url: str, login: str) -> Connection:
    """The cluster as the user of the variables `<login>_USERNAME` and `<login>_PASSWORD`."""
    user, password = environ.get(f"{login}_USERNAME", ""), environ.get(f"{login}_PASSWORD", "")
    insecure = environ.get("OPENSEARCH_INSECURE", "").lower() in ("1", "true", "yes")
    return Connection(
        url,
        "live",
        auth=Basic(SecretText(user), SecretText(password)) if user or password else None,
        tls=Tls(environ.get("OPENSEARCH_CA_FILE", ""), verify=not insecure),
        insecure=insecure,
    )


def _mail(environ: Mapping[str, str]) -> tuple[str, int] | None:
    text = environ.get("TEST_MAIL_SERVER", "")
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigurationError("TEST_MAIL_SERVER must be host:port, as the cluster reaches it")
    return host, int(port)
