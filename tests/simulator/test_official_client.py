"""opensearch-py's notifications client does its whole round on the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConflictError, NotFoundError, RequestError

from reconciler.simulator import Simulator


@pytest.fixture
def official(simulator: Simulator) -> Iterator[OpenSearch]:
    connected = OpenSearch(simulator.url, max_retries=0)
    yield connected
    connected.close()


def test_the_official_client_does_its_whole_round(simulator: Simulator, official: OpenSearch) -> None:
    plugin = official.plugins.notifications
    config = {
        "name": "Hook",
        "config_type": "webhook",
        "webhook": {"url": f"{simulator.receiver.url}/hooks/x"},
    }

    assert official.info()["version"]["number"] == "3.6.0"
    assert "slack" in plugin.list_features()["allowed_config_type_list"]
    assert plugin.create_config(body={"config_id": "hook", "config": config}) == {"config_id": "hook"}
    assert plugin.get_config(config_id="hook")["config_list"][0]["config"]["name"] == "Hook"
    assert plugin.get_configs()["total_hits"] == 1
    assert plugin.list_channels()["channel_list"][0]["config_id"] == "hook"
    plugin.update_config(config_id="hook", body={"config": {**config, "name": "Hook 2"}})
    sent = plugin.send_test(config_id="hook")
    assert sent["status_list"][0]["config_name"] == "Hook 2"
    assert plugin.delete_config(config_id="hook") == {"delete_response_list": {"hook": "OK"}}
    plugin.create_config(body={"config_id": "other", "config": config})
    assert plugin.delete_configs(params={"config_id_list": "other"}) == {"delete_response_list": {"other": "OK"}}
    assert [request.path for request in simulator.receiver.received] == ["/hooks/x"]


def test_the_official_client_understands_the_errors(official: OpenSearch) -> None:
    plugin = official.plugins.notifications
    config = {"name": "n", "config_type": "webhook", "webhook": {"url": "http://127.0.0.1:1/x"}}
    plugin.create_config(body={"config_id": "a", "config": config})

    with pytest.raises(ConflictError):
        plugin.create_config(body={"config_id": "a", "config": config})
    with pytest.raises(NotFoundError):
        plugin.get_config(config_id="nope")
    with pytest.raises(RequestError) as caught:
        plugin.create_config(body={"config": {"name": "", "config_type": "webhook"}})
    assert "name is null or empty" in str(caught.value)
