"""The board itself, in memory, so that the example can be tried: `python -m board_provider.server 9400`."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class BoardServer(ThreadingHTTPServer):
    """Rooms by id. Hooks whose address holds `dead` do not take a message; `sent` are the ids of rooms tested."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.rooms: dict[str, dict[str, Any]] = {}
        self.sent: list[str] = []
        self.count = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, object]:
        """Status and JSON of one call."""
        parts = [part for part in path.split("/") if part]
        if not parts:
            return 200, {"board": "the-board", "version": "1.0"}
        if len(parts) == 1:
            if method == "POST":
                self.count += 1
                return 201, self._store(f"room-{self.count}", body)
            return 200, list(self.rooms.values())
        room = self.rooms.get(parts[1])
        if room is None:
            return 404, {"error": "no such room"}
        if parts[2:] == ["test"]:
            self.sent.append(room["id"])
            return 200, {"status": 410 if "dead" in room["hook"] else 200}
        if method == "DELETE":
            del self.rooms[room["id"]]
        elif method == "PUT":
            self._store(room["id"], room | body)
        return 200, room

    def _store(self, room_id: str, body: dict[str, Any]) -> dict[str, Any]:
        self.count += 1
        self.rooms[room_id] = {"hook": "", **body, "id": room_id, "changed": str(self.count)}
        return self.rooms[room_id]


class _Handler(BaseHTTPRequestHandler):
    server: BoardServer

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        status, document = self.server.answer(self.command, self.path, body)
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server asks for

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


if __name__ == "__main__":
    board = BoardServer(int(sys.argv[1]) if len(sys.argv) > 1 else 9400)
    print(f"a board on {board.url}")
    board.serve_forever()
