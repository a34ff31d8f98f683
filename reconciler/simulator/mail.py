"""Sends mail: one message for each recipient, by SMTP to loopback servers; mail for any other server is captured.

A message is made as the plugin makes it (jakarta.mail): a mixed part around plain text and HTML. The result is the
status and text that the plugin reports for each recipient. `receivers` has a mail server for tests and demos.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, make_msgid

from reconciler.simulator.delivery import Courier, Sender
from reconciler.simulator.outcomes import is_loopback

__all__ = ["Mail", "MailAnswer", "SmtpServer", "send_mail"]


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The server to send through; `method` is `ssl`, `start_tls` or `none`."""

    host: str
    port: int
    method: str
    from_address: str


@dataclass(frozen=True, slots=True)
class Mail:
    recipient: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class MailAnswer:
    """Status (200, 424, 502, 503) and text for one recipient."""

    status: int
    text: str


async def send_mail(courier: Courier, sender: Sender, server: SmtpServer, mail: Mail) -> MailAnswer:
    """Send or capture one mail and record it."""
    message = _compose(server.from_address, mail)
    captured = not is_loopback(server.host)
    if captured:
        answer = _pretend(courier, server)
    else:
        answer = await asyncio.to_thread(_send, server, mail.recipient, message, courier.timings.response)
    courier.inbox.deliver(
        config_id=sender.config_id,
        config_name=sender.config_name,
        config_type=sender.config_type,
        method="SMTP",
        address=f"{mail.recipient} by {server.host}:{server.port}",
        content_type="multipart/mixed",
        payload=f"Subject: {mail.subject}\n\n{mail.text}",
        outcome=f"{answer.status} {answer.text}",
        ok=answer.status == 200,
        captured=captured,
    )
    return answer


def _pretend(courier: Courier, server: SmtpServer) -> MailAnswer:
    outcome = courier.outcomes.of(server.host)
    if outcome.unresolved:
        return _failed(424, f"Unknown SMTP host: {server.host}")
    return MailAnswer(200, "Success") if outcome.status == 200 else _failed(outcome.status, outcome.text)


def _compose(from_address: str, mail: Mail) -> bytes:
    body = MIMEMultipart("alternative")
    body.attach(MIMEText(mail.text, "plain", "utf-8"))
    body.attach(MIMEText(mail.html, "html", "utf-8"))
    message = MIMEMultipart("mixed")
    message["Date"] = formatdate(usegmt=True)
    message["From"] = from_address
    message["To"] = mail.recipient
    message["Message-ID"] = make_msgid(domain="localhost")
    message["Subject"] = mail.subject
    message.attach(body)
    return message.as_bytes(policy=SMTP_POLICY)


def _send(server: SmtpServer, recipient: str, message: bytes, timeout: float) -> MailAnswer:
    """One SMTP session, in a thread of its own; the texts are those of jakarta.mail's exceptions."""
    try:
        with _connect(server, timeout) as session:
            if server.method == "start_tls" and session.has_extn("starttls"):
                session.starttls(context=ssl.create_default_context())
            session.sendmail(server.from_address, [recipient], message)
    except smtplib.SMTPRecipientsRefused:
        return _failed(502, "Invalid Addresses")
    except smtplib.SMTPConnectError as exc:
        reason = f"Got bad greeting from SMTP host: {server.host}, port: {server.port}, response: {exc.smtp_code}"
        return _failed(424, reason)
    except smtplib.SMTPResponseException as exc:  # sender or data refused
        return _failed(502, f"{exc.smtp_code} {_text(exc.smtp_error)}\n")
    except (smtplib.SMTPServerDisconnected, ssl.SSLError):
        return _failed(424, f"Could not connect to SMTP host: {server.host}, port: {server.port}")
    except OSError:
        return _failed(503, f"Couldn't connect to host, port: {server.host}, {server.port}; timeout -1")
    return MailAnswer(200, "Success")


def _connect(server: SmtpServer, timeout: float) -> smtplib.SMTP:
    if server.method == "ssl":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, "localhost", timeout=timeout, context=context)
    return smtplib.SMTP(server.host, server.port, "localhost", timeout=timeout)


def _failed(status: int, reason: str) -> MailAnswer:
    return MailAnswer(status, f"sendEmail Error, status:{reason}")


def _text(raw: bytes | str) -> str:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else raw
