"""What two real nodes answered, played against the simulator: all of it, in order."""

from __future__ import annotations

import pytest

from tests.simulator.replay import UNRECORDED_URLS, load, play_recording


@pytest.mark.parametrize("version", ["3.6.0", "2.19.5"])
def test_every_recorded_exchange_comes_out_as_on_the_real_node(version: str) -> None:
    played = play_recording(version)

    assert len(played) == len(load(version)["exchanges"]) == 143
    differing = {one.label: (one.recorded, one.now) for one in played if one.recorded != one.now}
    assert differing == {}


@pytest.mark.parametrize("version", ["3.6.0", "2.19.5"])
def test_every_unrecorded_update_belongs_to_a_recorded_exchange(version: str) -> None:
    labels = {exchange["label"] for exchange in load(version)["exchanges"]}

    assert UNRECORDED_URLS.keys() <= labels
