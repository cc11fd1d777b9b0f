"""The room at /graph-store (level 3): SPARQL 1.1 Graph Store HTTP Protocol, the reading side.

/graph-store?default and ?graph=IRI name a graph; every address below /graph-store/ is itself the name of one.
"""

from kg.formats import OFFERED, Family, Format
from kg.settings import Settings
from kg.sparql.decoding import decode_pairs
from kg.sparql.graph_names import METHODS, read_graph_name, require_reading
from kg.sparql.negotiation import by_name, negotiate
from kg.sparql.protocol import read_format_name
from kg.store.base import DumpRequest, Store
from kg.web.answers import answer_request
from kg.web.exchange import Answer, Exchange

PATH = "/graph-store"


class GraphStoreRoom:
    """Sends one graph whole, in the format that the client likes best, on the general lane."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    async def indirect(self, exchange: Exchange) -> None:
        """Answer /graph-store, where the query string names the graph.

        Raises:
            MalformedRequest, ParameterError: it does not.
            NotFound: there is no such graph.
            WriteRefused, MethodNotAllowed, NotAcceptable: this is not done here.
        """
        await self._answer(exchange, None)

    async def direct(self, exchange: Exchange) -> None:
        """Answer /graph-store/…, where the public address is the graph's name, in the bytes that were sent.

        Raises:
            KgError: as `indirect`.
        """
        await self._answer(exchange, self._settings.public_url + exchange.path)

    async def _answer(self, exchange: Exchange, address: str | None) -> None:
        require_reading(exchange.method)
        if exchange.method == "OPTIONS":
            await exchange.answer(Answer(204, headers=(("Allow", ", ".join(METHODS)),)))
            return
        graph_name = read_graph_name(exchange.query_string, address)
        request = DumpRequest(choose_graph_format(exchange), self._settings.max_timeout_s, graph_name)
        await answer_request(exchange, self._store, request, self._settings.buffer_bytes)


def choose_graph_format(exchange: Exchange) -> Format:
    """The graph format that ?format= (or output=) names, else the one that Accept likes best.

    Raises:
        NotAcceptable: there is none.
    """
    offered = OFFERED[Family.GRAPH]
    name = read_format_name(decode_pairs(exchange.query_string))
    return by_name(name, offered) if name else negotiate(exchange.header("accept"), offered)
