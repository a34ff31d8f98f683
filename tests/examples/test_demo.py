"""The demo's own switches; its story is played by `make demo`."""

from __future__ import annotations

import io
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from examples.demo import __main__ as demo
from reconciler.simulator import Simulator


@pytest.mark.parametrize("typed", ["", "\n"], ids=["no terminal", "Enter"])
def test_keep_ends_with_enter_and_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    stories: list[demo.Story] = []

    @contextmanager
    def simulator() -> Iterator[dict[str, str]]:
        with Simulator(receivers=True) as running:
            assert running.mail is not None
            mail = f"smtp://127.0.0.1:{running.mail.port}"
            yield {"mail": mail, "sink": running.receiver.url, "inbox": running.inbox_url, "serving": running.url}
            with urllib.request.urlopen(running.inbox_url, timeout=10) as answer:
                assert answer.status == 200, "nobody took it away before it was looked at"

    monkeypatch.setattr(demo, "simulator", simulator)
    monkeypatch.setattr(demo, "tell", stories.append)
    monkeypatch.setattr(sys, "argv", ["demo", "--keep"])
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    demo.main()
    (story,) = stories
    assert f"The inbox is at {story.addresses['inbox']}; press Enter to end." in capsys.readouterr().out
