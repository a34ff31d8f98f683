"""Comments, by GitHub's own description of its API: every request is one that it declares, every answer its example."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from reconciler.ci.forges import put_comment, replace_comment
from reconciler.ci.jobs import Thread
from reconciler.model.values import SecretText
from tests.interop.tools import NotRunError, Tool, run, words_of

__all__ = ["play_github"]

_PACKAGE = "@octokit/openapi@23.0.2"
_LINE = "<!-- reconciler: interop -->"


def play_github() -> list[str]:
    """A comment is found, written and updated."""
    npm, _ = words_of(Tool("npm"))
    with tempfile.TemporaryDirectory(prefix="reconciler-interop-") as name:
        folder = Path(name)
        if run([*npm, "install", "--silent", "--no-audit", "--no-fund", _PACKAGE], folder, expect=None).returncode:
            raise NotRunError(f"npm does not bring {_PACKAGE}")
        path = folder / "node_modules/@octokit/openapi/generated/api.github.com.deref.json"
        judge = _Judge(json.loads(path.read_text("utf-8"))["paths"])
    thread = Thread("github", "https://api.github.com", "octocat/Hello-World", "1347", "octocat", SecretText("token"))
    put_comment(thread, _LINE, f"{_LINE}\ntext", httpx.MockTransport(judge.answer))
    judge.body = f"{_LINE}\nolder"
    put_comment(thread, _LINE, f"{_LINE}\ntext", httpx.MockTransport(judge.answer))
    assert replace_comment(thread, _LINE, f"{_LINE}\nnewer", httpx.MockTransport(judge.answer))
    assert {"GET", "POST", "PATCH"} <= {call.split()[0] for call in judge.calls}, judge.calls
    return [_PACKAGE, *sorted(set(judge.calls))]


class _Judge:
    """Holds requests to the document, and answers with its examples, their comment's text being `body`."""

    def __init__(self, paths: dict[str, Any]) -> None:
        self._paths = paths
        self.body = "Me too"
        self.calls: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        path, operation = self._operation(request)
        self.calls.append(f"{request.method} {path}")
        known = {item["name"] for item in operation.get("parameters", []) if item["in"] == "query"}
        assert set(request.url.params) <= known, f"{path} knows no {set(request.url.params) - known}"
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            Draft202012Validator(schema | {"additionalProperties": False}).validate(json.loads(request.content))
        else:
            assert not request.content, f"{request.method} {path} takes no body"
        status, answer = next((int(code), value) for code, value in operation["responses"].items() if code[0] == "2")
        example = next(iter(answer["content"]["application/json"]["examples"].values()))["value"]
        for item in example if isinstance(example, list) else [example]:
            item["body"] = self.body
        return httpx.Response(status, json=example)

    def _operation(self, request: httpx.Request) -> tuple[str, dict[str, Any]]:
        for path, operations in self._paths.items():
            operation = operations.get(request.method.lower())
            if operation and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.url.path):
                return path, operation
        raise AssertionError(f"GitHub declares no {request.method} {request.url.path}")
