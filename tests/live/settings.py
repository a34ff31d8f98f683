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
    are not given, receivers of our own are started if the cluster `is_near`: on loopback."""

    connection: Connection
    receiver: str = ""
    mail: tuple[str, int] | None = None

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
    user, password = environ.get("OPENSEARCH_USERNAME", ""), environ.get("OPENSEARCH_PASSWORD", "")
    insecure = environ.get("OPENSEARCH_INSECURE", "").lower() in ("1", "true", "yes")
    connection = Connection(
        url,
        "live",
        auth=Basic(SecretText(user), SecretText(password)) if user or password else None,
        tls=Tls(environ.get("OPENSEARCH_CA_FILE", ""), verify=not insecure),
        insecure=insecure,
    )
    return Settings(connection, environ.get("TEST_RECEIVER_URL", "").rstrip("/"), _mail(environ))


def _mail(environ: Mapping[str, str]) -> tuple[str, int] | None:
    text = environ.get("TEST_MAIL_SERVER", "")
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigurationError("TEST_MAIL_SERVER must be host:port, as the cluster reaches it")
    return host, int(port)
