"""The project of the engine's tests."""

from __future__ import annotations

from tests.engine.conftest import project

__all__ = ["project"]
