"""The tokens of SPARQL as the engine cuts them (level 2).

The engine differs from the recommendation in small things that matter to the guard: a local name holds one group of
dots at most, and a keyword may run into what follows it. No pattern here gives anything back (`++`, `*+`, `?+`), so
that the time is linear in the text.
Source: SPARQL 1.1 Query Language, section 19.8; the grammar of spargebra, the parser in pyoxigraph 0.5.13.
"""

import re
from typing import Final

_SPACE: Final = r"(?:[ \t\r\n]++|\#[^\r\n]*+)"
_LETTER: Final = (
    r"A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F"
    r"\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD"
)
_WORD: Final = _LETTER + r"_0-9\u00B7\u0300-\u036F\u203F-\u2040"
_PREFIX: Final = rf"[{_LETTER}][{_WORD}\-]*+(?:\.++[{_WORD}\-]++)*+"
_LOCAL_ESCAPE: Final = r"%[0-9A-Fa-f]{2}|\\[-_~.!$&'()*+,;=/?\#@%]"
_LOCAL: Final = (
    rf"(?:[{_LETTER}_0-9:]|{_LOCAL_ESCAPE})(?:[{_WORD}\-:]|{_LOCAL_ESCAPE})*+"
    rf"(?:\.++(?:[{_WORD}\-:]|{_LOCAL_ESCAPE})++)?+"
)
_IRI: Final = r"<[^<>\"{}|^`\x00-\x20]*+>"

# The engine takes back a string with an escape that names no character, so that it must not pass for one here.
_FOUR_DIGITS: Final = r"(?:[0-9A-Ca-cE-Fe-f][0-9A-Fa-f]|[Dd][0-7])[0-9A-Fa-f]{2}"
_ESCAPE: Final = rf"\\(?:[tbnrf\"'\\]|u{_FOUR_DIGITS}|U0000{_FOUR_DIGITS}|U(?:000[1-9A-Fa-f]|0010)[0-9A-Fa-f]{{4}})"

IRI: Final = re.compile(_IRI)

# All that may stand before a query's form; to be compiled with VERBOSE and IGNORECASE.
PROLOGUE: Final = rf"""
    (?: {_SPACE}
      | (?: BASE | PREFIX {_SPACE}*+ (?:{_PREFIX})?+ : ) {_SPACE}*+ <[^>]*+>
      | VERSION {_SPACE}*+ (?: "[^"\r\n]*+" | '[^'\r\n]*+' )
    )*+
"""

TOKEN: Final = re.compile(
    rf"""
      (?P<space>    {_SPACE}++ )
    | (?P<variable> [?$][{_LETTER}_0-9][{_WORD}]*+ )
    | (?P<name>     {_PREFIX}(?: : (?:{_LOCAL})?+ )?+ | : (?:{_LOCAL})?+ )
    | (?P<iri>      {_IRI} )
    | (?P<long>     \"{{3}} (?: [^"\\]++ | {_ESCAPE} | ""?+(?=[^"]) )*+ \"{{3}}
                  | '{{3}}  (?: [^'\\]++ | {_ESCAPE} | ''?+(?=[^']) )*+ '{{3}} )
    | (?P<short>    " (?: [^"\\\r\n]++ | {_ESCAPE} )*+ " | ' (?: [^'\\\r\n]++ | {_ESCAPE} )*+ ' )
    | (?P<number>   [0-9]++\.[0-9]*+[eE][+\-]?+[0-9]++ | \.[0-9]++[eE][+\-]?+[0-9]++ | [0-9]++[eE][+\-]?+[0-9]++
                  | [0-9]*+\.[0-9]++ | [0-9]++ )
    | (?P<blank>    _:[{_LETTER}_0-9][{_WORD}\-]*+(?:\.++[{_WORD}\-]++)*+ )
    | (?P<language> @[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?+ )
    | (?P<open>     << | \{{\| | [(\[{{] )
    | (?P<close>    >> | \|\}} | [)\]}}] )
    | (?P<mark>     \^\^ | [.,;~] )
    | (?P<operator> && | \|\| | != | <= | >= | [=<>!+\-*/|^?] )
    """,
    re.VERBOSE,
)
