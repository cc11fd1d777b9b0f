"""The settings: one table in the code, the same in the README."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from kg.files import CHECKOUT
from kg.settings import Settings


def settings_table() -> str:
    """The table of settings as the README must have it."""
    rows = ["| variable | default | what |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "") else f"`{field.default}`"
        rows.append(f"| `KG_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def test_the_readme_has_the_table_of_settings() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")

    assert settings_table() in readme


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        path.name
        for path in (CHECKOUT / "src" / "kg").rglob("*.py")
        if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    }

    # The template is started with one variable of its own; the jars of the OWL API are looked for by `kg check --owl`.
    assert readers <= {"forking.py", "owl.py"}


def test_a_variable_is_taken_and_a_flag_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_PORT", "8123")

    assert Settings().port == 8123
    assert Settings(port=8124).port == 8124


def test_the_public_url_loses_its_last_slash() -> None:
    assert Settings(public_url="https://example.org/graph/").public_url == "https://example.org/graph"


@pytest.mark.parametrize(
    "wrong",
    [
        "example.org",
        "ftp://example.org",
        "https://example.org/?a=b",
        "https://a.org/#x",
        "https://",
        "https://a.org/\n",
    ],
)
def test_a_public_url_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="public_url"):
        Settings(public_url=wrong)


def test_no_query_gets_more_time_than_may_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="above max_timeout_s"):
        Settings(timeout_s=5, max_timeout_s=4)


def test_a_dataset_is_a_path() -> None:
    assert Settings(dataset=Path("x")).dataset == Path("x")
