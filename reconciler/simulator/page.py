"""The page that shows the inbox, as HTML. The template escapes everything."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, Template

from reconciler.simulator.inbox import Inbox

__all__ = ["render_inbox"]

_SHOWN = 500


def render_inbox(inbox: Inbox) -> str:
    """The page, newest first, at most 500 of each list."""
    deliveries, received = list(inbox.deliveries), list(inbox.received)
    return _template().render(
        deliveries=deliveries[: -_SHOWN - 1 : -1],
        received=received[: -_SHOWN - 1 : -1],
        delivered_count=len(deliveries),
        received_count=len(received),
        failed_count=sum(not delivery.ok for delivery in deliveries),
        captured_count=sum(delivery.captured for delivery in deliveries),
    )


@cache
def _template() -> Template:
    environment = Environment(loader=PackageLoader("reconciler.simulator"), autoescape=True)
    return environment.get_template("inbox.html")
