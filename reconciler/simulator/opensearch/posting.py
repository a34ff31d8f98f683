"""Messages of the webhook-like channels, and how the plugin reports what their receivers did with them.

Sources: core `DestinationHttpClient` with Apache HttpClient 5 from 3.0 on and 4 before, SPI `ValidationHelpers`;
recordings of both versions against receivers of many kinds for the texts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from reconciler.simulator.delivery import Courier, Sender
from reconciler.simulator.opensearch.destinations import illegal_character, is_denied, is_sendable
from reconciler.simulator.opensearch.errors import status_error
from reconciler.simulator.opensearch.store import Document
from reconciler.simulator.opensearch.versions import Version
from reconciler.simulator.wire import Failure, HttpAnswer

__all__ = ["Message", "Poster", "Status", "sender_of"]

Status = tuple[int, str]  # as the plugin reports it, with its text

_ACCEPTED = frozenset((200, 201, 202, 203, 204, 205, 206, 207))
_BUSY = frozenset((429, 503))
_WITHOUT_CONTENT = frozenset((204, 205, 304))
_FAILED = "Failed to send webhook message"
_DENIED = "Host of url is denied, based on plugin setting [notification.core.http.host_deny_list]"
_USER_INFO = "Request URI authority contains deprecated userinfo component"
_UNTRUSTED = (
    "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: "
    "unable to find valid certification path to requested target"
)
_CUT_CHUNKS = "Premature end of chunk coded message body: closing chunk expected"
_CUT_LENGTH = "Premature end of Content-Length delimited message body (expected: {}; received: {})"
_CHALLENGES = {401: "www-authenticate", 407: "proxy-authenticate"}
_SCHEMES = ("basic", "digest", "ntlm")


@dataclass(frozen=True, slots=True)
class Message:
    """A message; `about` makes the fixed texts of a test message."""

    title: str
    text: str
    html: str = ""

    @classmethod
    def about(cls, config_id: str) -> Message:
        html = (
            "<html>\n<header><title>Test Message</title></header>\n<body>\n"
            f"<p>Test Message for config id {config_id}</p>\n</body>\n</html>"
        )
        return cls(f"Test Message Title-{config_id}", f"Test message content body for config id {config_id}", html)


def sender_of(document: Document) -> Sender:
    return Sender(document.config_id, document.config.name, document.config.config_type)


class Poster:
    """Posts for the channels of one node."""

    def __init__(self, version: Version, courier: Courier, deny_hosts: Sequence[str]) -> None:
        self._version = version
        self._modern = version.at_least(3)
        self._courier = courier
        self._deny_hosts = deny_hosts

    async def post(self, document: Document, message: Message) -> Status:
        """Send the message and judge the answer; a busy receiver is asked once more."""
        url = document.config.data["url"]
        method, headers, body = _request(document, message)
        refusal = self._refuse(url, headers)
        if refusal:
            return refusal
        sender = sender_of(document)
        address = self._address(url)
        answer = await self._courier.post(sender, method, address, headers, body)
        if answer.status in _BUSY and self._version.sends_again_when_busy:
            await self._courier.pause(
                self._courier.timings.resend if answer.retry_after is None else answer.retry_after
            )
            answer = await self._courier.post(sender, method, address, headers, body)
        return self._judge(url, answer)

    def _refuse(self, url: str, headers: dict[str, str]) -> Status | None:
        """What the plugin, or its client, does not even try to send."""
        if not is_sendable(url):
            raise status_error(400, "Invalid URL or unsupported")
        if is_denied(urlsplit(url).hostname or "", self._deny_hosts):
            return 400, f"{_FAILED} {_DENIED}"
        illegal = illegal_character(url)
        if illegal:
            return 400, f"Webhook message creation failed with status:{illegal}"
        if self._modern and "@" in urlsplit(url).netloc:
            return 500, f"{_FAILED} {_USER_INFO}"
        for name in ("Content-Length", "Transfer-Encoding"):
            if any(given.lower() == name.lower() for given in headers):
                return 500, f"{_FAILED} {f'{name} header already present' if self._modern else 'null'}"
        return None

    def _address(self, url: str) -> str:
        """The address as it is called: before 3.0, port 0 is none; names and passwords are never sent."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        if not self._modern and parts.port == 0:
            host = host.rpartition(":")[0]
        return urlunsplit((parts.scheme, host, quote(parts.path, safe="/%:@!$&'()*+,;=~"), parts.query, ""))

    # -- judging

    def _judge(self, url: str, answer: HttpAnswer) -> Status:
        if answer.failure:
            return 500, f"{_FAILED} {self._explain(url, answer)}"
        if not self._modern and _asks_for_password(answer):
            return 424, "Failed to send notification"
        text = answer.text_as("utf-8" if self._modern or _is_json(answer) else "latin-1")
        if answer.status in _ACCEPTED:
            is_dropped = not self._modern and answer.status in _WITHOUT_CONTENT
            return 200, "{}" if is_dropped or not text else text
        return 500, f"{_FAILED} Failed: {answer.reason if self._version.gives_reason_phrase else text}"

    def _explain(self, url: str, answer: HttpAnswer) -> str:
        """The message of Apache HttpClient's exception: 5 from 3.0 on, 4 before."""
        parts = urlsplit(self._address(url))
        port = parts.port or (443 if parts.scheme == "https" else 80)
        resolved = f" [{parts.hostname if parts.hostname == 'localhost' else ''}/127.0.0.1]"
        place = f"{parts.hostname}:{port}"
        address = f"{parts.scheme}://{parts.netloc}" if self._modern else f"{place}{resolved}"
        match answer.failure:
            case Failure.REFUSED:
                return f"Connect to {address} failed: Connection refused"
            case Failure.CONNECT_TIMEOUT:
                return f"Connect to {address} failed: Connect timed out"
            case Failure.TLS_TIMEOUT:
                return f"Connect to {address} failed: Read timed out"
            case Failure.UNRESOLVED:
                return "Host could not be resolved to a valid Ip address"
            case Failure.TIMEOUT:
                return "Read timed out"
            case Failure.RESET:
                return "Connection reset"
            case Failure.TLS_UNTRUSTED:
                return f"(certificate_unknown) {_UNTRUSTED}" if self._modern else _UNTRUSTED
            case Failure.TLS:
                return "Unsupported or unrecognized SSL message"
            case Failure.NOT_GZIP:
                return "Not in GZIP format"
            case Failure.CUT if answer.expected is None:
                return _CUT_CHUNKS
            case Failure.CUT:
                return _CUT_LENGTH.format(answer.expected, len(answer.content))
            case Failure.NOT_HTTP if not self._modern:
                return "null"
        return f"{place} failed to respond"


def _asks_for_password(answer: HttpAnswer) -> bool:
    """Apache HttpClient 4 then looks for credentials, which the plugin's own policy forbids it."""
    header = _CHALLENGES.get(answer.status, "")
    return answer.headers.get(header, "").partition(" ")[0].lower() in _SCHEMES


def _is_json(answer: HttpAnswer) -> bool:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _request(document: Document, message: Message) -> tuple[str, dict[str, str], str]:
    """Method, headers and body of a channel's message. A webhook gets the bare text, whatever its content type."""
    data = document.config.data
    if document.config.config_type != "webhook":
        member = "Content" if document.config.config_type == "chime" else "text"
        body = json.dumps({member: f"{message.title}\n\n{message.text}"}, ensure_ascii=False, separators=(",", ":"))
        return "POST", {"Content-Type": "text/plain; charset=UTF-8"}, body
    headers = dict(data["header_params"]) or {"Content-Type": "application/json"}
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "text/plain; charset=UTF-8"
    return data["method"], headers, message.text
