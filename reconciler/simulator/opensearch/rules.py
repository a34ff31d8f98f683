"""The single checks that values of a config must pass: addresses, ids, ARNs.

Each raises the plugin's own error. Sources: common-utils `ValidationHelpers`, plugin `ConfigIndexingActions`, and
`java.net.URL` for what counts as an address at all. What a sender checks later is in `sending`.
"""

from __future__ import annotations

import re

from reconciler.simulator.opensearch.errors import ApiError, illegal_argument, status_error
from reconciler.simulator.opensearch.versions import Version

__all__ = [
    "check_email",
    "check_id",
    "check_role_arn",
    "check_topic_arn",
    "check_url",
    "check_vendor_url",
    "url_protocol",
]

_PROTOCOL = re.compile(r"[A-Za-z][A-Za-z0-9.+-]*")
_JAVA_PROTOCOLS = frozenset(("http", "https", "ftp", "file", "jar", "mailto", "jmod", "jrt"))
_BAD_ID_CHARACTER = re.compile(r"[A-Za-z0-9+/_-]")
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_OCTET = r"(?:2(?:5[0-5]|[0-4][0-9])|1[0-9][0-9]|[1-9]?[0-9])"
_EMAIL = re.compile(
    rf"(?:{_ATOM}(?:\.{_ATOM})*"
    r'|"(?:[\x01-\x08\x0b\x0c\x0e-\x1f\x21\x23-\x5b\x5d-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*")'
    r"@(?:(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
    rf"|\[(?:{_OCTET}\.){{3}}(?:{_OCTET}|[a-z0-9-]*[a-z0-9]:"
    r"(?:[\x01-\x08\x0b\x0c\x0e-\x1f\x21-\x5a\x53-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])+)\])",
    re.IGNORECASE | re.ASCII,
)
_ROLE_ARN = re.compile(r"arn:aws(-[^:]+)?:iam::([0-9]{12}):([a-zA-Z_0-9+=,.@\-/]+)\n?")
_TOPIC_ARN = re.compile(r"arn:aws(-[^:]+)?:sns:([a-zA-Z0-9-]+):([0-9]{12}):([a-zA-Z_0-9+=,.@\-/]+)\n?")
_VENDORS = {
    "slack": (
        re.compile(r"https://hooks\.(?:gov-)?slack\.com/services"),
        'Wrong Slack url. Should contain "hooks.slack.com/services/" or "hooks.gov-slack.com/services/"',
    ),
    "chime": (
        re.compile(r"https://hooks\.chime\.aws/incomingwebhooks/.*\?token="),
        'Wrong Chime url. Should contain "hooks.chime.aws/incomingwebhooks/" and "?token="',
    ),
    "microsoft_teams": (
        re.compile(r"https://.*\.webhook\.office\.com"),
        'Wrong Microsoft Teams url. Should contain "webhook.office.com"',
    ),
    "mattermost": (
        re.compile(r"https?://.*/hooks/"),
        'Wrong webhook url. Should match "https://.*/hooks/.*"',
    ),
}


def check_url(url: str) -> None:
    """An http or https address by `java.net.URL`; what that class cannot read at all is a server error."""
    if not url:
        raise illegal_argument("URL is null or empty")
    if url_protocol(url) not in ("http", "https"):
        raise illegal_argument("Invalid URL or unsupported")


def url_protocol(url: str) -> str:
    """The protocol as `java.net.URL` finds it; raises `malformed_u_r_l_exception` (500) where Java throws."""
    spec = url.strip("".join(map(chr, range(33))))
    spec = spec[4:] if spec[:4].lower() == "url:" else spec
    head, colon, _ = spec.split("/", 1)[0].partition(":")
    if not colon or not _PROTOCOL.fullmatch(head):
        raise _malformed(f"no protocol: {url}")
    protocol = head.lower()
    if protocol not in _JAVA_PROTOCOLS:
        raise _malformed(f"unknown protocol: {protocol}")
    if protocol in ("http", "https", "ftp"):
        _check_authority(spec[len(head) + 1 :])
    return protocol


def _check_authority(rest: str) -> None:
    if not rest.startswith("//"):
        return
    authority = re.split(r"[/?#]", rest[2:], maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        literal, closed, after = host.partition("]")
        if not closed or (after and not after.startswith(":")):
            raise _malformed(f"Invalid authority field: {authority}")
        if not re.fullmatch(r"\[[0-9A-Fa-f:.]*(%[^\]]+)?", literal):
            raise _malformed(f"Invalid host: {literal}]")
        port = after[1:]
    else:
        port = host.partition(":")[2]
    if re.fullmatch(r"-\d+", port) and int(port) < -1:
        raise _malformed(f"Invalid port number :{port}")
    if port and not re.fullmatch(r"[+-]?\d+", port):
        bad = next((index for index, char in enumerate(port) if not char.isdigit()), 0)
        raise _malformed(f'Error at index {bad} in: "{port}"')


def _malformed(reason: str) -> ApiError:
    return ApiError(500, "malformed_u_r_l_exception", reason)


def check_vendor_url(config_type: str, url: str, version: Version) -> None:
    """The host rule of a vendor's address, looked for anywhere in it; Slack's and Chime's exist since 3.0."""
    if config_type not in _VENDORS:
        return
    if config_type in ("slack", "chime") and not version.checks_slack_and_chime_urls:
        return
    pattern, reason = _VENDORS[config_type]
    if not pattern.search(url):
        raise status_error(400, reason)


def check_email(address: str) -> None:
    if not _EMAIL.fullmatch(address):
        raise illegal_argument("Invalid email address")


def check_role_arn(arn: str) -> None:
    if not _ROLE_ARN.fullmatch(arn):
        raise illegal_argument(f"Invalid AWS role ARN: {arn} ")


def check_topic_arn(arn: str) -> None:
    if not _TOPIC_ARN.fullmatch(arn):
        raise illegal_argument(f"Invalid AWS SNS topic ARN: {arn}")


def check_topic_name(arn: str, version: Version) -> None:
    """Dots in the name of a topic, and so `.fifo`, came with 2.7."""
    if "." in arn.rpartition(":")[2] and not version.takes_dots_in_topics:
        raise illegal_argument(f"Invalid AWS SNS topic ARN: {arn}")


def check_id(config_id: str) -> None:
    bad = _BAD_ID_CHARACTER.sub("", config_id)
    if bad or not config_id:
        raise illegal_argument(f"Invalid characters in id : {bad}")
