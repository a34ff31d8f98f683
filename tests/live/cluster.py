"""A cluster over raw HTTP, past the provider: what it is, what it lets us do, changes by hand, removal of what is ours.

Apart from the provider, so that a fault of the provider can neither hide itself nor keep the removal from working.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from tenacity import RetryError, Retrying, retry_if_not_result, stop_after_delay, wait_fixed

from reconciler.model.errors import ConfigurationError, UnreachableError
from reconciler.providers.connection import Basic, Connection, make_client
from tests.live.interruption import Interruption

__all__ = ["CONFIGS", "ID_START", "MONITORS", "Cluster"]

CONFIGS = "/_plugins/_notifications/configs"
MONITORS = "/_plugins/_alerting/monitors"
ID_START = "rlive-"
"""What the id of every object of every run begins with."""

_TEST = "/_plugins/_notifications/feature/test"
_PERMISSION = "cluster:admin/opensearch/notifications/"
_CONDITIONS: Mapping[str, Any] = {
    "query_level": {"script": {"source": "false", "lang": "painless"}},
    "bucket_level": {
        "buckets_path": {"_count": "_count"},
        "parent_bucket_path": "by_host",
        "script": {"source": "false", "lang": "painless"},
    },
}
_AGGREGATIONS: Mapping[str, Any] = {
    "query_level": {},
    "bucket_level": {"aggs": {"by_host": {"composite": {"sources": [{"host": {"terms": {"field": "host"}}}]}}}},
}
_AT_ONCE = 50  # ids in one delete: the address of a call may not be longer than 4 KiB
_REFRESH_SECONDS = 60.0  # a list lags by a second before 3.1; a busy cluster may take longer


@dataclass
class Cluster:
    """One cluster. `made` holds the id of everything that this run made, or tried to; `is_near`: it is on loopback,
    where no proxy of the environment is asked."""

    connection: Connection
    is_near: bool = False
    interruption: Interruption = field(default_factory=Interruption)
    made: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        make_client(self.connection)  # refuses what the product would refuse
        auth = self.connection.auth
        self._http = httpx.Client(
            base_url=self.connection.url,
            auth=httpx.BasicAuth(auth.username.reveal(), auth.password.reveal()) if isinstance(auth, Basic) else None,
            verify=_trust(self.connection),
            timeout=60,
            trust_env=not self.is_near,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One call, never repeated; UnreachableError without an address or header where there is no answer, and
        KeyboardInterrupt once the run is interrupted."""
        self.interruption.check()
        try:
            return self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            text = f"{self.connection.address}: {method} got no answer ({type(error).__name__})"
            raise UnreachableError(text, sent=True) from None

    # -- objects

    def create(self, object_id: str, config: dict[str, Any]) -> None:
        """Make an object by hand."""
        self.made.add(object_id)
        answer = self.call("POST", CONFIGS, {"config_id": object_id, "config": config})
        assert answer.status_code == 200, answer.text

    def change(self, object_id: str, **members: Any) -> None:
        """Change an object by hand, as somebody in a web console does, and wait until the list shows it."""
        config = {**self.read(object_id), **members}
        answer = self.call("PUT", f"{CONFIGS}/{object_id}", {"config": config})
        assert answer.status_code == 200, answer.text
        _poll(lambda: self._shows(object_id, members), "the list does not show what was changed")

    def _shows(self, object_id: str, members: dict[str, Any]) -> bool:
        entry = self.listed().get(object_id, {"config": {}})
        return bool(members.items() <= entry["config"].items())

    def delete(self, object_id: str) -> None:
        """Delete an object by hand, and wait until the list shows it no more."""
        assert self.call("DELETE", f"{CONFIGS}/{object_id}").status_code == 200
        _poll(lambda: object_id not in self.listed(), "the list still shows what was deleted")

    def read(self, object_id: str) -> dict[str, Any]:
        """What an object holds, read in real time."""
        answer = self.call("GET", f"{CONFIGS}/{object_id}")
        assert answer.status_code == 200, answer.text
        config: dict[str, Any] = answer.json()["config_list"][0]["config"]
        return config

    def is_gone(self, object_id: str) -> bool:
        """Whether the server says that there is no such object."""
        answer = self.call("GET", f"{CONFIGS}/{object_id}")
        return answer.status_code == 404 and "not found" in answer.text

    def listed(self) -> dict[str, dict[str, Any]]:
        """Every object by id, as the list shows it: before 3.1 that may be a second late."""
        answer = self.call("GET", f"{CONFIGS}?max_items=10000&sort_field=created_time_ms")
        if answer.status_code != 200:
            raise ConfigurationError(f"the cluster does not list its configs: {answer.status_code}")
        return {entry["config_id"]: entry for entry in answer.json()["config_list"]}

    def wait_until_listed(self, object_ids: Collection[str]) -> None:
        """Wait until the list shows these; at once from 3.1 on."""
        _poll(lambda: set(object_ids) <= self.listed().keys(), "the list does not show what was written")

    def wait_until_current(self, object_ids: Collection[str]) -> None:
        """Wait until the list shows each of these as it is, read in real time."""

        def is_so() -> bool:
            listed = self.listed()
            return all(one in listed and listed[one]["config"] == self.read(one) for one in object_ids)

        _poll(is_so, "the list does not show what was written last")

    # -- what it is

    def describe(self) -> Iterator[str]:
        """What the cluster says of itself, a line each."""
        root = self.call("GET", "/")
        if root.status_code != 200:
            yield f"cluster      GET / answers {root.status_code}: version unknown"
        else:
            said = root.json().get("version", {})
            kind = said.get("distribution", "no distribution named")
            yield f"cluster      {kind} {said.get('number')}, named {root.json().get('cluster_name')}"
        yield f"address      {self.connection.address}{'' if self.connection.tls.verify else ' (NOT VERIFIED)'}"
        yield f"security     {self._security()}"

    def _security(self) -> str:
        answer = self.call("GET", "/_plugins/_security/authinfo")
        if answer.status_code == 401:
            return "the credentials are not accepted (401)"
        if answer.status_code == 403:
            return "security plugin; who we are may not be asked (403)"
        if answer.status_code != 200:
            return "no security plugin"
        said = answer.json()
        roles, backend = (", ".join(said.get(name) or ()) or "none" for name in ("roles", "backend_roles"))
        return f"security plugin; user {said.get('user_name')}, roles {roles}, backend roles {backend}"

    def permissions(self, object_id: str) -> dict[str, bool]:
        """Which of the plugin's permissions the credentials have, by trying each on an id of our own."""
        group = {"name": object_id, "config_type": "email_group", "email_group": {"recipient_list": []}}
        self.made.add(object_id)
        tries = {
            "configs/get": ("GET", f"{CONFIGS}?max_items=1", None),
            "configs/create": ("POST", CONFIGS, {"config_id": object_id, "config": group}),
            "configs/update": ("PUT", f"{CONFIGS}/{object_id}", {"config": group}),
            "configs/delete": ("DELETE", f"{CONFIGS}/{object_id}", None),
            "test_notification": ("POST", f"{_TEST}/{object_id}", None),  # gone by then: nothing is sent
        }
        return {
            _PERMISSION + name: self.call(method, path, body).status_code not in (401, 403)
            for name, (method, path, body) in tries.items()
        }

    # -- monitors

    def make_monitor(self, name: str, kind: str, channel_id: str) -> str:
        """A disabled monitor that names a channel, of the kind `query_level` or `bucket_level`; its id, "" if none may
        be made. It looks at indices that cannot be there."""
        action = {"name": "a", "destination_id": channel_id, "message_template": {"source": "x", "lang": "mustache"}}
        trigger = {"name": "t", "severity": "1", "actions": [action], "condition": _CONDITIONS[kind]}
        search = {"size": 0, "query": {"match_all": {}}, **_AGGREGATIONS[kind]}
        body = {
            "type": "monitor",
            "name": name,
            "monitor_type": f"{kind}_monitor",
            "enabled": False,
            "schedule": {"period": {"interval": 1, "unit": "DAYS"}},
            "inputs": [{"search": {"indices": [f"{ID_START}nothing-*"], "query": search}}],
            "triggers": [{f"{kind}_trigger": trigger}],
        }
        answer = self.call("POST", MONITORS, body)
        if answer.status_code == 403:
            return ""
        assert answer.status_code == 201, answer.text
        return str(answer.json()["_id"])

    def remove_monitors(self, prefix: str) -> None:
        """Delete the monitors whose name begins so; nothing where there is no Alerting, or none may be searched."""
        query = {"size": 1000, "query": {"prefix": {"monitor.name.keyword": prefix}}}
        answer = self.call("POST", f"{MONITORS}/_search", query)
        for hit in answer.json()["hits"]["hits"] if answer.status_code == 200 else ():
            self.call("DELETE", f"{MONITORS}/{hit['_id']}")

    # -- removal

    def remove(self, prefix: str) -> None:
        """Remove all that this run made, and all that is listed with that prefix, until the list shows none."""
        assert prefix.startswith(ID_START), prefix
        self.remove_monitors(prefix)
        self._delete(sorted(self.made))
        self.made.clear()
        _poll(lambda: self._remove_listed(prefix), "the cluster still lists objects that were deleted")

    def _remove_listed(self, prefix: str) -> bool:
        ids = [object_id for object_id in self.listed() if object_id.startswith(prefix)]
        self._delete(ids)
        return not ids

    def _delete(self, ids: list[str]) -> None:
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            if self.call("DELETE", f"{CONFIGS}?config_id_list={','.join(some)}").status_code != 200:
                for object_id in some:  # one of them is gone, so that none of them was deleted
                    self.call("DELETE", f"{CONFIGS}/{object_id}")


def _poll(is_so: Callable[[], bool], otherwise: str) -> None:
    try:
        Retrying(stop=stop_after_delay(_REFRESH_SECONDS), wait=wait_fixed(0.2), retry=retry_if_not_result(bool))(is_so)
    except RetryError:
        raise AssertionError(otherwise) from None


def _trust(connection: Connection) -> ssl.SSLContext | bool:
    if not connection.tls.verify:
        return False
    ca_file = connection.tls.ca_file
    return ssl.create_default_context(cafile=ca_file) if ca_file else True
