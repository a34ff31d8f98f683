"""The provider for one OpenSearch cluster: it reads, writes and tests configs.

`codec` knows the wire form; `reading` the list, and what a cluster says about itself; `delivery` what the answer to a
test means; `wording` the words of errors. A create always carries our id, so that after an unclear failure a read by
that id tells what happened; an update replaces the whole object; a read by id is in real time on every version (plugin
`ConfigIndexingActions`, 2.0 to 3.8).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.model.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RejectedError,
    TargetError,
    TimedOutError,
    UnexpectedError,
    UnreachableError,
)
from reconciler.model.gaps import UnknownReason
from reconciler.model.provider import Abilities, Listing, UserListing
from reconciler.model.resource import LiveObject, Payload, Server
from reconciler.model.values import SecretText
from reconciler.providers.http import Answer, HttpTarget
from reconciler.providers.opensearch.abilities import ABILITIES, is_before, read_version
from reconciler.providers.opensearch.codec import decode, encode, fill_from, same_content
from reconciler.providers.opensearch.reading import (
    CONFIGS,
    Root,
    SeenVersions,
    conclude,
    first_page,
    list_configs,
    lowest_by_features,
    parse_root,
    version_of_answer,
)

if TYPE_CHECKING:
    from reconciler.model.evidence import Delivery

_TEST = "/_plugins/_notifications/feature/test"
_GONE = r"(?s)NotificationConfig .* not found"
_FEATURES = "/_plugins/_notifications/features"
_HIDDEN_ROOT = (403, 404, 405)  # `GET /` needs a permission of its own, and a proxy may keep it back


class OpenSearchDialect:
    """How OpenSearch answers. The words of its errors are in `wording`, which is imported when there is an error."""

    provider = "opensearch"

    def read_reason(self, answer: Answer) -> str:
        """See `wording.read_reason`."""
        from reconciler.providers.opensearch import wording

        return wording.read_reason(answer)

    def explain(self, answer: Answer, reason: str) -> tuple[str, str]:
        """See `wording.explain`."""
        from reconciler.providers.opensearch import wording

        return wording.explain(answer, reason)

    def refuses_credentials(self, answer: Answer) -> bool:
        """Whether it is a 401, or AWS's 403 for an expired token or a wrong or missing signature."""
        if answer.status != 403:
            return answer.status == 401
        from reconciler.providers.opensearch import wording

        return wording.is_of_credentials(answer)

    def is_transient(self, answer: Answer) -> bool:
        """Busy (429), a lost race (408), a failure of the server (424, 5xx) that is not about what was sent, or a 2xx
        whose JSON is cut off or, for a write, missing."""
        if answer.ok:
            return _is_cut(answer.body) if answer.call.method == "GET" else answer.json_or_none() is None
        if answer.status >= 500 or answer.status == 424:
            from reconciler.providers.opensearch import wording

            return not wording.is_permanent(answer)
        return answer.status in (408, 429)


class OpenSearchProvider:
    """The Provider for one OpenSearch cluster. `version` is what the project file says ("" for nothing)."""

    def __init__(self, http: HttpTarget, version: str = "") -> None:
        self._http = http
        self._target = http.connection.name or "X"
        self._claimed = version if read_version(version) else ""
        self._seen = SeenVersions()
        self._root: Root | None = None
        self._at_least = ""
        http.observe = self._seen.see

    @property
    def abilities(self) -> Abilities:
        """What OpenSearch can hold and do."""
        return ABILITIES

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def read_server(self) -> Server:
        """Version and cluster id. They are asked for only once, but the versions that later answers name count too."""
        if self._root is None:
            self._root = await self._read_root()
            if not (self._root.version or self._seen.lowest):
                self._at_least = await self._read_features()
        return conclude(
            self._root, self._seen, self._at_least, self._claimed, self._target, self._http.connection.address
        )

    async def _read_root(self) -> Root:
        answer = await self._http.read("/")
        if answer.status in _HIDDEN_ROOT and not self._http.refuses_credentials(answer):
            return Root()
        if not answer.ok:
            raise self._http.error(answer)
        return parse_root(answer)

    async def _read_features(self) -> str:
        """The oldest version that the list of features fits; "" if it may not be read, or shows nothing."""
        answer = await self._http.read(_FEATURES)
        body = answer.json_or_none() if answer.ok else None
        listed = body.get("allowed_config_type_list") if isinstance(body, dict) else None
        return lowest_by_features(listed) if isinstance(listed, list) else ""

    async def read_all(self) -> Listing:
        """Every config. The listing is `stale` unless the server is known to be 3.1 or newer, since the lists of older
        ones show a write only after a second."""
        await self.read_server()
        objects, unreadable = await self._list()
        server = await self.read_server()
        known = (server.version if server.certain else "") or server.at_least
        return Listing(objects, stale=not known or is_before(known, "3.1"), unreadable=unreadable)

    async def _list(self) -> tuple[tuple[LiveObject, ...], str]:
        answer = await self._http.read(first_page())
        if answer.ok:
            return await list_configs(self._http, answer)
        from reconciler.providers.opensearch.salvage import read_around  # not at the top: few servers need it

        return await read_around(self._http, answer)

    async def read(self, object_id: str) -> LiveObject | None:
        """One config, in real time; None only if the plugin itself says that there is none."""
        answer = await self._http.read(_path(object_id))
        if answer.ok:
            return self._parse_one(answer, object_id)
        if self._is_gone(answer):
            return None
        raise self._error(answer)

    async def read_users(self, channels: Collection[str]) -> UserListing:
        """Alerting's monitors and workflows, in one search; see `users.search_users`."""
        from reconciler.providers.opensearch.users import search_users  # not at the top: few plans need it

        return await search_users(self._http, channels)

    async def create(self, payload: Payload) -> str:
        """Create a config under the payload's id. ConflictError if there is already one with this id, even if our roles
        may not see it."""
        if payload.id is None:
            raise ValueError(
                "a payload for OpenSearch needs an id: without one, a repeated create makes a second object"
            )
        object_id = payload.id
        body = {"config_id": object_id, "config": encode(payload.kind, payload.fields)}

        async def is_done() -> bool:
            live = await self.read(object_id)
            if live is not None and not same_content(live, payload):
                raise ConflictError(
                    f"{self._name(object_id)}: another object has this id by now; plan again", status=409
                )
            return live is not None

        answer = await self._http.write("POST", CONFIGS, body, is_done)
        if answer.ok:
            return object_id
        if answer.status == 409:
            return await self._settle_conflict(answer, payload, object_id)
        raise self._write_error(answer, payload)

    async def _settle_conflict(self, answer: Answer, payload: Payload, object_id: str) -> str:
        """After a 409 on a create: the id, if an earlier attempt of this call made the object; else the ConflictError
        for another object, or for one that our roles may not see."""
        try:
            live = await self.read(object_id)
        except ForbiddenError:
            live = None
        if live is None:
            reason = "an object with this id is there, but your roles may not see it"
            hint = "use a user that shares a backend role with it, or another id"
            raise answer.as_error(f"{object_id}: {reason}", hint=hint, status=409)
        if answer.repeated and same_content(live, payload):
            return object_id
        raise answer.as_error(f"{object_id}: an object with this id exists already", hint="plan again", status=409)

    async def update(self, object_id: str, payload: Payload, before: LiveObject) -> None:
        """Replace a config. NotFoundError if it is gone, ConflictError if its kind would change."""
        whole = fill_from(payload, before)

        async def is_done() -> bool:
            live = await self.read(object_id)
            if live is None:
                raise NotFoundError(f"{self._name(object_id)}: it was deleted meanwhile; plan again", status=404)
            return same_content(live, whole)

        # No config_id in the body: the plugin would write to that one, whatever the path says.
        body = {"config": encode(whole.kind, whole.fields)}
        answer = await self._http.write("PUT", _path(object_id), body, is_done)
        if not answer.ok:
            raise self._write_error(answer, whole)

    async def delete(self, object_id: str) -> bool:
        """Delete a config; False if it was already gone."""

        async def is_done() -> bool:
            return await self.read(object_id) is None

        answer = await self._http.write("DELETE", _path(object_id), None, is_done)
        if answer.ok:
            return True
        if self._is_gone(answer):
            return answer.repeated  # then an earlier attempt of this call deleted it
        raise self._error(answer)

    async def send_test(self, object_id: str, payload: Payload | None = None) -> Delivery:
        """Send one test message through a config; never repeated. A timeout or a broken connection gives a delivery
        whose outcome is UNKNOWN. `payload` is ignored: the server has every value.
        """
        from reconciler.providers.opensearch.delivery import unknown_delivery  # not at the top: only tests need it

        del payload
        server = await self.read_server()
        path = f"{_TEST}/{quote(object_id, safe='')}"
        try:
            answer = await self._http.send_once("POST", path, deadline=self._http.connection.test_timeout_seconds)
        except TimedOutError:
            return unknown_delivery(UnknownReason.TIMED_OUT)
        except UnreachableError as error:
            if not error.sent:
                raise
            return unknown_delivery(UnknownReason.CUT_OFF)
        except UnexpectedError:
            text = "the server's answer cannot be read: it may or may not have arrived"
            return unknown_delivery(UnknownReason.NO_RESULT, text)
        named = version_of_answer(answer.headers)
        return self._judge(answer, named or server.version, is_old=not named and is_before(server.version, "3.0"))

    async def probe(self, payload: Payload) -> Delivery:
        """Always a RejectedError: OpenSearch can only test what is written, so changes are verified by a canary."""
        raise RejectedError(f"OpenSearch cannot test a {payload.kind} that is not written; use a canary")

    def _judge(self, answer: Answer, version: str, *, is_old: bool) -> Delivery:
        from reconciler.providers.opensearch import delivery  # not at the top: only tests need it

        entries = delivery.read_statuses(answer.json_or_none())
        if entries is not None:
            delivery.refuse_invalid(answer, entries[0])
            return delivery.judge_statuses(entries, answer.status, version, self._target, is_old=is_old)
        reason = self._http.read_reason(answer)
        known = delivery.judge_failure(reason)
        if known is not None:
            return known
        if answer.ok or answer.status >= 500 or (answer.status == 429 and not reason):
            text = f"the server answered {answer.status} without a result: it may or may not have arrived"
            return delivery.unknown_delivery(UnknownReason.NO_RESULT, text)
        raise self._error(answer)

    def _parse_one(self, answer: Answer, object_id: str) -> LiveObject:
        body = answer.json()
        items = body.get("config_list") if isinstance(body, dict) else None
        live = decode(items[0]) if isinstance(items, list) and len(items) == 1 else None
        if live is None or live.id != object_id:
            reason = "the answer is JSON, but not the config that was asked for; is that an OpenSearch address?"
            raise answer.as_error(reason, kind=UnexpectedError)
        return live

    def _is_gone(self, answer: Answer) -> bool:
        """Whether the plugin itself says that there is no such config; a proxy's 404 does not count."""
        return answer.status == 404 and bool(re.search(_GONE, self._http.read_reason(answer)))

    def _error(self, answer: Answer) -> TargetError:
        kind = UnexpectedError if answer.status == 404 and not self._is_gone(answer) else None
        return self._http.error(answer, kind=kind)

    def _write_error(self, answer: Answer, payload: Payload) -> TargetError:
        """The error of a refused write. A 404 about a missing account or group is a RejectedError, so that it is not
        taken to mean that the object itself is gone."""
        from reconciler.providers.opensearch.wording import is_about_reference

        secrets = tuple(_secrets_of(payload))
        if answer.status == 404 and is_about_reference(self._http.read_reason(answer)):
            return self._http.error(answer, secrets=secrets, kind=RejectedError)
        kind = UnexpectedError if answer.status == 404 and not self._is_gone(answer) else None
        return self._http.error(answer, secrets=secrets, kind=kind)

    def _name(self, object_id: str) -> str:
        return f"{self._http.connection.name or ABILITIES.provider}: config {object_id}"


def _is_cut(body: bytes) -> bool:
    return body.lstrip()[:1] == b"{" and not body.rstrip().endswith(b"}")


def _path(object_id: str) -> str:
    return f"{CONFIGS}/{quote(object_id, safe='')}"


def _secrets_of(payload: Payload) -> Iterator[str]:
    for value in payload.fields.values():
        for inner in value.values() if isinstance(value, Mapping) else (value,):
            if isinstance(inner, SecretText):
                yield inner.reveal()
