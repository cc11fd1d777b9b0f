"""One table of settings (level 0): flag of `kg serve`, `KG_…` variable, default, unit, reason.

A flag wins over the environment, the environment over the default. Nothing reads the environment elsewhere.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._\-:\[\]]+(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/\-]*)?")  # RFC 3986, without user

# An endpoint that SERVICE may ask, or the beginning of several up to a star. The star may not stand in the host.
SERVICE_ENTRY = re.compile(
    r"(?P<private>private\+)?(?P<iri>https?://(?P<host>[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?:/[A-Za-z0-9._~!$&'()+,;=:@%/?\-]*)?)(?P<star>(?<=/)\*)?"
)


def _public_url(value: str) -> str:
    """`value` without a slash at its end; empty, or an absolute http(s) address without query or fragment.

    Raises:
        ValueError: `value` is not such an address.
    """
    if value and not _ADDRESS.fullmatch(value):
        raise ValueError("must be an absolute http or https address without ? and #, as https://example.org/rapallo")
    return value.rstrip("/")


def _service_allow(value: str) -> str:
    """The endpoints of `value`, parted by one space, each an absolute http(s) address.

    Raises:
        ValueError: an entry is none.
    """
    for entry in value.split():
        if not SERVICE_ENTRY.fullmatch(entry):
            raise ValueError(
                f"{entry!r} must be an http or https address without user, # and *, as https://example.org/sparql; "
                "it may end with /* for all below a path, and begin with private+ where the name is of your own network"
            )
    return " ".join(value.split())


class Settings(BaseSettings):
    """The settings of a server; each is a keyword, and the variable `KG_` plus its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="KG_", frozen=True, extra="ignore")

    dataset: Path | None = Field(
        None, description="folder of the dataset; the checkout's or the package's own if unset"
    )
    store: Literal["memory"] = Field("memory", description="kind of store; only memory is served so far")
    host: str = Field("127.0.0.1", description="address to listen on; the default is not reachable from outside")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one and says which")
    public_url: Annotated[str, AfterValidator(_public_url)] = Field(
        "", description="address under which the public reaches this server, path prefix included; if unset, host:port"
    )
    executors: int = Field(2, ge=1, le=256, description="queries evaluated at the same time; about one per core")
    long_executors: int = Field(
        4, ge=0, le=256, description="queries that run on beside these after their first quarter of a second; 0: none"
    )
    queue: int = Field(64, ge=0, description="queries that may wait for an executor; more get 503")
    timeout_s: float = Field(10.0, gt=0, description="seconds for a query that does not say timeout=")
    max_timeout_s: float = Field(30.0, gt=0, description="seconds that timeout= may ask for at most")
    query_memory_mb: int = Field(512, ge=16, description="MiB that one query may take beyond what its executor has")
    stack_mb: int = Field(64, ge=8, description="MiB of stack of the thread that evaluates; deep syntax needs it")
    buffer_bytes: int = Field(MIB, ge=1, description="bytes of an answer that are complete before the status goes out")
    max_body_bytes: int = Field(8 * MIB, ge=1, description="bytes of a request's body; longer ones get 413")
    max_query_bytes: int = Field(MIB, ge=1, description="bytes of a query's text; longer ones get 413")
    max_target_bytes: int = Field(  # the HTTP parser counts a target's bytes in 16 bits
        65_535, ge=1024, le=65_535, description="bytes of a request target; longer ones get 414"
    )
    max_held_bytes: int = Field(
        64 * MIB, ge=1, description="bytes of all bodies that are held at the same time; more get 503"
    )
    max_connections: int = Field(
        512, ge=1, le=100_000, description="connections at the same time; more get 503, or end those that ask nothing"
    )
    head_timeout_s: float = Field(10.0, gt=0, description="seconds for the head of a request to arrive; then 408")
    body_timeout_s: float = Field(30.0, gt=0, description="seconds for the body of a request to arrive; then 408")
    reader_timeout_s: float = Field(
        10.0, gt=0, description="seconds for a client to take the next part of an answer; then the answer is broken"
    )
    max_nesting: int = Field(200, ge=1, description="depth of brackets in a query; deeper ones get 400")
    max_operators: int = Field(5000, ge=1, description="operators and keywords in a query; more get 400")
    service_allow: Annotated[str, AfterValidator(_service_allow)] = Field(
        "",
        description="endpoints that SERVICE may ask, parted by spaces, as https://example.org/sparql; if unset, none",
    )
    service_timeout_s: float = Field(5.0, gt=0, description="seconds for one endpoint to answer a SERVICE; then 504")
    service_max_bytes: int = Field(
        4 * MIB, ge=1, description="bytes of all answers to the SERVICE clauses of a query; more get 502"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="goes to standard error")

    @model_validator(mode="after")
    def _limit_is_a_limit(self) -> Self:
        """A query that asks for nothing must not get more time than one may ask for."""
        if self.timeout_s > self.max_timeout_s:
            raise ValueError(f"timeout_s ({self.timeout_s:g}) is above max_timeout_s ({self.max_timeout_s:g})")
        return self
