"""From a call to its caller, or to the refusal: basic credentials, bearer tokens, client certificates.

As `BackendRegistry` of the security plugin does it: the admin's certificate wins over everything, a user's certificate
over basic credentials, right or wrong. Headers that only nodes may send are refused before anything else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re

from reconciler.simulator.calls import TEXT_TYPE, Call, Reply
from reconciler.simulator.opensearch.security.caller import Caller
from reconciler.simulator.opensearch.security.lockout import BY_ADDRESS, BY_USER_NAME, Lockout
from reconciler.simulator.opensearch.security.people import People

__all__ = ["authenticate", "unauthorized"]

_RESERVED = "_opendistro_security_"
_IMPERSONATE = "opendistro_security_impersonate_as"
_FORGED = (
    "Illegal parameter in http or transport request found.\n"
    "This means that one node is trying to connect to another with \n"
    "a non-node certificate (no OID or security.nodes_dn incorrect configured) or that someone \n"
    "is spoofing requests. Check your TLS certificate setup as described here: "
    "See https://opendistro.github.io/for-elasticsearch-docs/docs/troubleshoot/tls/"
)
_ADDRESS = "127.0.0.1"  # the simulator listens on loopback only


def authenticate(call: Call, people: People, lockout: Lockout) -> Caller | Reply:
    """Who calls; or the 401 or 403 that the call gets."""
    if any(name.startswith(_RESERVED) for name in call.headers):
        return _forbidden(_FORGED)
    if lockout.is_blocked(BY_ADDRESS, _ADDRESS):
        return Reply(401, b"Authentication finally failed", TEXT_TYPE)
    caller = _by_certificate(call, people) or _by_header(call, people, lockout)
    if caller is None:
        lockout.failed(BY_ADDRESS, _ADDRESS)
        return unauthorized()
    wanted = call.headers.get(_IMPERSONATE)
    if wanted is not None:
        return _forbidden(f"'{caller.name}' is not allowed to impersonate as '{wanted}'")
    return caller


def unauthorized() -> Reply:
    headers = {"WWW-Authenticate": 'Basic realm="OpenSearch Security"'}
    return Reply(401, b"Unauthorized", TEXT_TYPE, headers)


def _forbidden(reason: str) -> Reply:
    return Reply(403, json.dumps({"error": {"status": "error", "reason": reason}}).encode())


def _by_certificate(call: Call, people: People) -> Caller | None:
    subject = call.certificate
    if subject is None:
        return None
    if subject in people.admin_certificates:
        return Caller(subject, permissions=("*",), principal=subject, is_admin_certificate=True)
    name = re.search(r"(?:^|,)CN=([^,]+)", subject)
    return people.caller(name.group(1), _backend_roles(people, name.group(1)), principal=subject) if name else None


def _by_header(call: Call, people: People, lockout: Lockout) -> Caller | None:
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given in people.tokens:
        token = people.tokens[given]
        return people.caller(token.user, token.backend_roles, token.claims)
    if scheme.lower() != "basic":
        return None
    name, colon, password = _decode(given).partition(":")
    if not colon:
        return None
    if lockout.is_blocked(BY_USER_NAME, name):
        return None
    user = people.users.get(name)
    if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
        lockout.failed(BY_USER_NAME, name)
        return None
    return people.caller(name, user.backend_roles)


def _backend_roles(people: People, name: str) -> tuple[str, ...]:
    user = people.users.get(name)
    return user.backend_roles if user else ()


def _decode(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return ""
