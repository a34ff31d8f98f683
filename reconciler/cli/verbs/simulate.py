"""`reconciler simulate`: the embedded server on loopback, to try manifests and pipelines on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import option
from reconciler.cli.terminal import out
from reconciler.model.errors import ConfigurationError, install_hint

if TYPE_CHECKING:
    from reconciler.simulator import Simulator


@click.command("simulate")
@option("--port", type=click.IntRange(0, 65535), default=9299, show_default=True, help="Port on 127.0.0.1; 0: any.")
@option("--opensearch-version", default="3.6.0", show_default=True, help="Which version to behave like: 2.19.5, 3.6.0.")
@option("--state", type=click.Path(path_type=Path, dir_okay=False), help="Keep the configs in this file.")
@option(
    "--users",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Behave like a node with the security plugin, and the users and roles of this YAML or JSON file.",
)
@option("--without-alerting", is_flag=True, help="Behave like a node without the Alerting plugin.")
@option("--mail-port", type=click.IntRange(0, 65535), help="Also receive mail on this port of 127.0.0.1; 0: any.")
@option("--cluster-id", default="", help="The cluster's id; two simulators with one id count as one system.")
@option(
    "--confluent",
    multiple=True,
    metavar="SWITCH=SETTING",
    help="Choose what Confluent's documentation leaves open: addresses=stars; an unknown switch lists them all.",
)
def command(
    port: int,
    opensearch_version: str,
    state: Path | None,
    users: Path | None,
    without_alerting: bool,
    mail_port: int | None,
    cluster_id: str,
    confluent: tuple[str, ...],
) -> int:
    """Serve the simulator until Ctrl-C: OpenSearch Notifications and Confluent Cloud on one port, with an inbox of what
    was delivered."""
    try:
        from reconciler.simulator import Simulator, load_users, serve
        from reconciler.simulator.confluent import Behaviours
    except ImportError:
        raise _missing() from None
    try:
        simulator = Simulator(
            opensearch_version=opensearch_version,
            port=port,
            cluster_id=cluster_id,
            state_file=state,
            users=load_users(users) if users else None,
            alerting=not without_alerting,
            receivers=mail_port is not None,
            mail_port=mail_port or 0,
            behaviours=Behaviours.parse(confluent),
        )
        serve(simulator, _show_addresses)
    except ImportError:
        raise _missing() from None
    except ValueError as error:
        raise ConfigurationError(f"the simulator cannot start: {error}") from None
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""  # where it cannot listen, the words name the address
        raise ConfigurationError(f"the simulator cannot start: {what}{error.strerror}") from None
    return 0


def _missing() -> ConfigurationError:
    return ConfigurationError(f"the simulator's parts are not installed: {install_hint('simulator')}")


def _show_addresses(simulator: Simulator) -> None:
    """Print one address a line; a script may wait for the last one, `serving`."""
    if simulator.mail is not None:
        out(f"mail    smtp://127.0.0.1:{simulator.mail.port}")
    out(f"sink    {simulator.receiver.url}")
    out(f"inbox   {simulator.inbox_url}")
    out(f"serving {simulator.url} (OpenSearch {simulator.version}, Confluent Cloud); stop with Ctrl-C")
