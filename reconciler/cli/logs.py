"""Logging to stderr: nothing by default, every call at -vv. The loggers are ours; values are never logged."""

from __future__ import annotations

import logging
import sys

__all__ = ["set_up_logging"]

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def set_up_logging(verbosity: int) -> None:
    """Send our own log lines to stderr. Other libraries' stay at warnings, since they quote what they send."""
    logger = logging.getLogger("reconciler")
    logger.setLevel(_LEVELS[min(verbosity, len(_LEVELS) - 1)])
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger.handlers[:] = [handler]
