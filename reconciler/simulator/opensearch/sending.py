"""The test call: which message each kind of channel sends, and how the plugin reports what became of it.

Webhook-like channels are in `posting`. Sources: plugin `SendMessageActionHelper`, `SendTestNotificationAction`, core
`DestinationSmtpClient`; recordings for the texts. A failure's status list arrives as JSON inside the `reason`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from reconciler.simulator.delivery import Courier
from reconciler.simulator.mail import Mail, SmtpServer, send_mail
from reconciler.simulator.opensearch.errors import ApiError, status_error
from reconciler.simulator.opensearch.models import Config
from reconciler.simulator.opensearch.posting import Message, Poster, Status, sender_of
from reconciler.simulator.opensearch.security.caller import Access
from reconciler.simulator.opensearch.store import Document, Store
from reconciler.simulator.opensearch.versions import Version

__all__ = ["TestSender"]


class TestSender:
    """Sends test messages for the configs of a store."""

    __test__ = False  # not a test, for pytest

    def __init__(self, store: Store, version: Version, courier: Courier, deny_hosts: Sequence[str] = ()) -> None:
        self._store = store
        self._version = version
        self._courier = courier
        self.deny_hosts = list(deny_hosts)
        self._poster = Poster(version, courier, self.deny_hosts)

    async def send(self, config_id: str, access: Access) -> dict[str, Any]:
        """The success body; raises ApiError for everything but full success."""
        access.enter("cluster:admin/opensearch/notifications/test_notification")
        if config_id in self._store.broken:
            raise status_error(*self._store.broken[config_id])
        document = self._store.get(config_id)
        if document is None:
            raise _failed_event(_event(config_id, "none", "invalid-config", 404, f"Channel {config_id} not found"))
        if not access.sees(document.access):
            raise _failed_event(
                _event(config_id, "none", "invalid-access", 403, f"Access denied for channel {config_id}")
            )
        return await self.deliver(document, Message.about(config_id))

    async def deliver(self, document: Document, message: Message) -> dict[str, Any]:
        """Send any message through a channel; as `send`."""
        event = await self._send(document, message)
        if event["delivery_status"]["status_code"] != "200":
            raise _failed_event(event)
        return {
            "event_source": {
                "title": message.title,
                "reference_id": document.config_id,
                "severity": "info",
                "tags": [],
            },
            "status_list": [event],
        }

    async def _send(self, document: Document, message: Message) -> dict[str, Any]:
        config = document.config
        if not config.is_enabled:
            raise status_error(400, 'For input string: "LOCKED"')
        if config.config_type == "email":
            return await self._send_email(document, message)
        if config.config_type == "sns":
            status, text = self._publish(document, message)
        elif "url" in config.data:
            status, text = await self._poster.post(document, message)
        else:
            raise status_error(400, 'For input string: "NOT_FOUND"')
        return _event(document.config_id, config.config_type, config.name, status, text)

    # -- SNS

    def _publish(self, document: Document, message: Message) -> Status:
        topic = document.config.data["topic_arn"]
        region = topic.split(":")[3]
        if topic.endswith(".fifo") and not self._version.publishes_to_fifo_topics:
            return 400, "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
        outcome = self._courier.capture(sender_of(document), "SNS", f"sns.{region}.amazonaws.com", topic, message.text)
        if outcome.status == 200:
            return 200, f"Success, message id: {uuid4()}"
        return outcome.status, outcome.text

    # -- mail

    async def _send_email(self, document: Document, message: Message) -> dict[str, Any]:
        data = document.config.data
        account = self._store.get(data["email_account_id"])
        if account is None:
            raise status_error(400, "Failed requirement.")
        groups = {group_id: self._store.get(group_id) for group_id in data["email_group_id_list"]}
        statuses = [
            _recipient_status(recipient, *await self._mail(document, account.config, recipient, message))
            for recipient in _recipients(data, groups)
        ]
        statuses += [
            _recipient_status("unknown-recipient@example.com", 404, f"Recipient {group_id} not found")
            for group_id, group in groups.items()
            if group is None
        ]
        if not statuses:
            raise status_error(500, "List is empty.")
        codes = {status["delivery_status"]["status_code"] for status in statuses}
        first = statuses[0]["delivery_status"]
        code, text = (207, "Errors") if len(codes) > 1 else (int(first["status_code"]), first["status_text"])
        event = _event(document.config_id, "email", document.config.name, code, text)
        return {**event, "email_recipient_status": statuses, "delivery_status": event["delivery_status"]}

    async def _mail(self, document: Document, account: Config, recipient: str, message: Message) -> Status:
        sender = sender_of(document)
        if account.config_type == "ses_account":
            host = f"email.{account.data['region']}.amazonaws.com"
            outcome = self._courier.capture(
                sender, "SES", host, recipient, f"Subject: {message.title}\n\n{message.text}"
            )
            return outcome.status, "Success" if outcome.status == 200 else outcome.text
        server = SmtpServer(**account.data)
        mail = Mail(recipient, message.title, message.text, message.html)
        answer = await send_mail(self._courier, sender, server, mail)
        return answer.status, answer.text


def _recipients(data: Mapping[str, Any], groups: Mapping[str, Document | None]) -> list[str]:
    """Everybody once, the channel's own first."""
    members = [item["recipient"] for item in data["recipient_list"]]
    for group in groups.values():
        members += [item["recipient"] for item in group.config.data.get("recipient_list", [])] if group else []
    return list(dict.fromkeys(members))


# -- bodies


def _delivery_status(status: int, text: str) -> dict[str, str]:
    return {"status_code": str(status), "status_text": text}


def _recipient_status(recipient: str, status: int, text: str) -> dict[str, Any]:
    return {"recipient": recipient, "delivery_status": _delivery_status(status, text)}


def _event(config_id: str, config_type: str, name: str, status: int, text: str) -> dict[str, Any]:
    return {
        "config_id": config_id,
        "config_type": config_type,
        "config_name": name,
        "email_recipient_status": [],
        "delivery_status": _delivery_status(status, text),
    }


def _failed_event(event: dict[str, Any]) -> ApiError:
    inner = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return status_error(int(event["delivery_status"]["status_code"]), f'{{"event_status_list": [{inner}]}}')
