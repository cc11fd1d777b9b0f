"""The log (level 3): to standard error, one JSON object a line, or for a terminal lines that a person reads."""

import asyncio
import contextlib
import logging
import os
from typing import Final, TextIO, cast

import structlog

from kg.web.exchange import BrokenAnswer

_STDERR: Final = 2

log = structlog.get_logger()


def say(sentence: str) -> None:
    """Tell the one who started us."""
    _StandardError().write(f"kg: {sentence}\n")


def set_up_log(level: str) -> None:
    """Log from `level` upwards, what the HTTP layer says included."""
    shown: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if os.isatty(_STDERR) else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _StandardError())),
    )
    http_layer = logging.getLogger("uvicorn.error")
    http_layer.handlers = [_ToStructlog(logging.WARNING)]
    http_layer.propagate = False


class _StandardError:
    """Standard error, whether anybody reads it or not: a pipe without a reader must not fail a request."""

    def write(self, text: str) -> None:
        """Write `text` at once, if that can be done."""
        with contextlib.suppress(OSError):
            os.write(_STDERR, text.encode(errors="backslashreplace"))

    def flush(self) -> None:
        """Nothing is held back here."""


class _ToStructlog(logging.Handler):
    """Passes what the HTTP layer logs on to our log, but for answers that we broke: the room has logged those."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, BrokenAnswer | asyncio.CancelledError):
            log.log(record.levelno, record.getMessage(), exc_info=error)
