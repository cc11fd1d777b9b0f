"""What a check finds (level 2): one thing that is wrong, where it stands and what to do about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kg.namespaces import shorten

_STEP = re.compile(r"[^ ^|*+?]+")  # an IRI in a result path


class Severity(StrEnum):
    """How grave a finding is (SHACL, section 2.1.4); any finding makes `kg check` end with 1."""

    INFO = "info"
    WARNING = "warning"
    VIOLATION = "violation"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    `line` is the line of `path` on which the subject's block begins, counted from 1, or the line of the mistake itself
    where that is known; 0 means the file as a whole. `subject` and `result_path` are IRIs, a path of several steps has
    spaces between them; empty means that there is none. `source` is the IRI of the shape, or the name of the rule or
    check.
    """

    path: Path
    line: int
    subject: str
    result_path: str
    source: str
    message: str
    severity: Severity = Severity.VIOLATION

    def as_dict(self) -> dict[str, str | int]:
        """The finding for JSON, with full IRIs."""
        return {
            "path": str(self.path),
            "line": self.line,
            "subject": self.subject,
            "resultPath": self.result_path,
            "source": self.source,
            "severity": self.severity.value,
            "message": self.message,
        }

    def __str__(self) -> str:
        """One line in the form that editors jump to: `file:line: subject path: message [source]`."""
        path = _STEP.sub(lambda step: shorten(step.group()), self.result_path)
        about = " ".join(part for part in (shorten(self.subject), path) if part)
        return f"{self.path}:{self.line}: {about}{': ' if about else ''}{self.message} [{shorten(self.source)}]"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `kg check` says: findings in a fixed order, and notes on what was not checked."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings by file, line, source, path, subject and message, each once."""
    return tuple(sorted(set(findings), key=_place))


def _place(finding: Finding) -> tuple[str, int, str, str, str, str]:
    return str(finding.path), finding.line, finding.source, finding.result_path, finding.subject, finding.message
