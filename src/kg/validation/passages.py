"""Passages (level 2): the passages in the graph are the non-empty lines of the source texts.

The texts are not part of a dataset. With them, hashes and offsets are checked; a source is found by the SHA-256 of its
file, so that names of files do not matter.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.errors import DatasetError
from kg.namespaces import KG, shorten
from kg.validation.corpus import Corpus
from kg.validation.findings import Finding

_SAME_TEXT = 0.5  # a file with more than half of a source's lines is that source's text in another state


@dataclass(frozen=True, slots=True)
class Text:
    """A source text: `digest` of the whole file, and its non-empty lines as they are, without line ends."""

    path: Path
    digest: str
    lines: tuple[str, ...]


def read_texts(folder: Path) -> tuple[Text, ...]:
    """The texts in `folder`, by name.

    Raises:
        DatasetError: there is no such folder, or a text in it is not UTF-8.
    """
    if not folder.is_dir():
        raise DatasetError(folder, "is no folder with source texts; name one with --texts")
    texts = []
    for path in sorted(folder.glob("*.txt")):
        content = path.read_bytes()
        try:
            lines = tuple(line for line in content.decode().split("\n") if line.strip())
        except UnicodeDecodeError as error:
            raise DatasetError(path, "is not UTF-8") from error
        texts.append(Text(path, digest_of(content), lines))
    return tuple(texts)


def digest_of(content: bytes) -> str:
    """The hash as kg:textHash has it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def check_passages(corpus: Corpus, folder: Path) -> Iterator[Finding]:
    """A finding for each source, passage and offset that does not agree with the texts in `folder`.

    Raises:
        DatasetError: the folder or a text in it cannot be read.
    """
    texts = read_texts(folder)
    facts = _facts(corpus)
    for source, text_hash in sorted(facts.hashes.items()):
        if source in facts.passages_of.values():
            yield from _check_source(corpus, facts, source, text_hash, texts)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the graph says of sources and passages: values by subject."""

    hashes: Mapping[str, str]
    passages_of: Mapping[str, str]
    paragraphs: Mapping[str, int]
    cited: Mapping[str, tuple[str, ...]]
    offsets: Mapping[str, Mapping[str, int]]


def _facts(corpus: Corpus) -> _Facts:
    hashes: dict[str, str] = {}
    passages_of: dict[str, str] = {}
    paragraphs: dict[str, int] = {}
    cited: dict[str, tuple[str, ...]] = {}
    offsets: dict[str, dict[str, int]] = {}
    for triple in corpus.triples:
        if not isinstance(triple.subject, ox.NamedNode) or not isinstance(triple.object, ox.NamedNode | ox.Literal):
            continue
        subject, name, value = triple.subject.value, triple.predicate.value.removeprefix(KG), triple.object.value
        if name == "textHash":
            hashes[subject] = value
        elif name == "passageOf":
            passages_of[subject] = value
        elif name == "paragraph" and value.isdecimal():
            paragraphs[subject] = int(value)
        elif name == "cite":
            cited[subject] = (*cited.get(subject, ()), value)
        elif name in {"startOffset", "endOffset"} and value.isdecimal():
            offsets.setdefault(subject, {})[name] = int(value)
    return _Facts(hashes, passages_of, paragraphs, cited, offsets)


def _check_source(
    corpus: Corpus, facts: _Facts, source: str, text_hash: str, texts: tuple[Text, ...]
) -> Iterator[Finding]:
    passages = {p: n for p, n in facts.paragraphs.items() if facts.passages_of.get(p) == source}
    text = next((text for text in texts if text.digest == text_hash), None)
    if text is None:
        text = _most_alike(texts, {facts.hashes.get(passage, "") for passage in passages})
        advice = f"{text.path.name} is another state of it" if text else "none is like it; is this the right folder?"
        message = f"no text has the hash {text_hash}; {advice}"
        yield Finding(*corpus.place_of(source), source, KG + "textHash", "passages", message)
    if text is None:
        return
    for number in sorted(set(range(1, len(text.lines) + 1)) - set(passages.values())):
        message = f"non-empty line {number} of {text.path.name} has no passage; add one"
        yield Finding(*corpus.place_of(source), source, "", "passages", message)
    for passage, number in passages.items():
        yield from _check_passage(corpus, facts, text, passage, number)


def _most_alike(texts: tuple[Text, ...], hashes: set[str]) -> Text | None:
    """The text that shares most lines with the passages that have `hashes`, if it shares more than half."""
    shared = [(len(hashes & {digest_of(line.encode()) for line in text.lines}), text) for text in texts]
    count, text = max(shared, key=lambda pair: pair[0], default=(0, None))
    return text if count > _SAME_TEXT * len(hashes) else None


def _check_passage(corpus: Corpus, facts: _Facts, text: Text, passage: str, number: int) -> Iterator[Finding]:
    if not 1 <= number <= len(text.lines):
        message = f"{text.path.name} has {len(text.lines)} non-empty lines, and not {number}; correct the number"
        yield Finding(*corpus.place_of(passage), passage, KG + "paragraph", "passages", message)
        return
    line = text.lines[number - 1]
    actual, expected = digest_of(line.encode()), facts.hashes.get(passage)
    if expected != actual:
        message = f"line {number} of {text.path.name} has the hash {actual}: another line, or a text that was changed?"
        yield Finding(*corpus.place_of(passage), passage, KG + "textHash", "passages", message)
        return
    for claim, cited in facts.cited.items():
        offsets = facts.offsets.get(claim, {})
        if cited == (passage,) and offsets.get("endOffset", 0) > len(line):
            message = f"ends at {offsets['endOffset']}, and {shorten(passage)} has {len(line)} characters; correct it"
            yield Finding(*corpus.place_of(claim), claim, KG + "endOffset", "passages", message)
