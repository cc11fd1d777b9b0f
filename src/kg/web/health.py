"""Whether the server lives and answers (level 3), for those who run it."""

import json

from kg.errors import StoreUnavailable
from kg.formats import JSON
from kg.store.base import Store
from kg.web.exchange import Answer, Exchange

_FRESH = (("Cache-Control", "no-store"),)


class Health:
    """Answers /health/live and /health/ready."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def live(self, exchange: Exchange) -> None:
        """The process answers; nothing is asked of the store."""
        exchange.require_method("GET")
        await exchange.answer(_status("live"))

    async def ready(self, exchange: Exchange) -> None:
        """A query would be answered now.

        Raises:
            StoreUnavailable: it would not.
        """
        exchange.require_method("GET")
        if not self._store.ready:
            raise StoreUnavailable("store", "is not ready")
        await exchange.answer(_status("ready"))


def _status(word: str) -> Answer:
    return Answer(200, JSON.content_type, json.dumps({"status": word}).encode(), _FRESH)
