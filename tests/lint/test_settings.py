"""`cpc.toml`: where it is found, what it says, and what is wrong with one."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from cpc.compiler.diagnostics import Severity
from cpc.compiler.errors import InputError
from cpc.compiler.lint.run import lint
from cpc.compiler.lint.selection import Selection
from cpc.compiler.lint.settings import Settings, find_settings, read_settings
from cpc.compiler.source import Sources
from tests.lint.linting import findings_of, material

WHOLE = """
[check]
select = ["all"]
ignore = ["correlation", "CPC7"]
fail-level = "error"
baseline = "ci/accepted.json"

[check.severity]
redundant-rule = "error"
CPC202 = "note"
"""


def settings(folder: Path, text: str) -> Settings:
    (folder / "cpc.toml").write_text(text)
    return read_settings(folder / "cpc.toml", {})


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    assert settings(tmp_path, WHOLE) == Settings(
        Selection(("all",), ("correlation", "CPC7")),
        {"CPC224": Severity.ERROR, "CPC202": Severity.NOTE},
        Severity.ERROR,
        str(tmp_path / "ci/accepted.json"),
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "[check]\n"])
def test_nothing_said_is_as_no_file(tmp_path: Path, text: str) -> None:
    assert settings(tmp_path, text) == Settings()


def test_the_nearest_file_upwards_is_meant(tmp_path: Path) -> None:
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)
    above = find_settings(inner)
    assert above is None or tmp_path not in above.parents
    (tmp_path / "cpc.toml").write_text("")
    assert find_settings(inner) == tmp_path / "cpc.toml"
    (tmp_path / "a/cpc.toml").write_text("")
    assert find_settings(inner) == tmp_path / "a/cpc.toml"


def test_settings_without_a_fault_are_no_source_of_findings(tmp_path: Path) -> None:
    """A report that lists what it looked at lists policies."""
    (tmp_path / "cpc.toml").write_text("[check]\nnotes = true\n")
    sources: Sources = {}
    read_settings(tmp_path / "cpc.toml", sources)
    assert sources == {}


@pytest.mark.parametrize(
    ("text", "line", "message", "help"),
    [
        ("[chekc]", 1, "`chekc` is not a table of cpc", "did you mean `check`?"),
        ("[check]\nfail-levle = 1", 2, "`fail-levle` is not a setting of cpc", "did you mean `fail-level`?"),
        ("[check]\nx = 1", 2, "`x` is not a setting of cpc", "there are `select`, "),
        ('[check]\nselect = "CPC2"', 2, "`select` is a list of codes and names", "as in"),
        ("[check]\nignore = [1]", 2, "`ignore` is a list of codes and names", "as in"),
        ('[check]\nselect = ["dead-rul"]', 2, "no rule or code is called `dead-rul`", "did you mean `dead-rule`?"),
        ('[check]\nfail-level = "eror"', 2, "`eror` is no severity", "did you mean `error`?"),
        ("[check]\nfail-level = 3", 2, "`3` is no severity", "write `error`"),
        ("[check]\nbaseline = 3", 2, "`baseline` is the path of a file", "write it in quotes"),
        ("[check]\nseverity = 3", 2, "`severity` is a table", "write `[severity]`"),
        ('[check.severity]\ndead-rule = "bad"', 2, "`bad` is no severity", "write `error`"),
        ('[check.severity]\nded-rule = "note"', 2, "no rule is called `ded-rule`", "did you mean `dead-rule`?"),
        ('[check.severity]\nCPC301 = "note"', 2, "no rule is called `CPC301`", "only a rule of"),
        ('[check.severity]\nCPC2 = "note"', 2, "no rule is called `CPC2`", "`CPC2` is no rule"),
        ("check = 1", 1, "`check` is a table", "write `[check]`"),
        ("[check]\nselect = [", 2, "`cpc.toml` is not TOML: ", "`docs/lint.md`"),
        ("[check]\nselect == 1", 2, "`cpc.toml` is not TOML: ", "`docs/lint.md`"),
        ("[check]\nselect = " + "[" * 5000, 2, "`cpc.toml` is not TOML: ", "`docs/lint.md`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_line(
    tmp_path: Path, text: str, line: int, message: str, help: str
) -> None:
    (tmp_path / "cpc.toml").write_text(text)
    sources: Sources = {}
    with pytest.raises(InputError) as failure:
        read_settings(tmp_path / "cpc.toml", sources)
    (one,) = failure.value.diagnostics
    assert one.code == "CPC085" and one.span is not None and one.span.line == line
    assert one.message.startswith(message) and one.help[0].startswith(help)
    assert "cpc.toml" in sources


def test_all_that_is_wrong_is_said_in_order(tmp_path: Path) -> None:
    (tmp_path / "cpc.toml").write_text("[check]\nselect = 1\nbaseline = 2\n[other]\n")
    with pytest.raises(InputError) as failure:
        read_settings(tmp_path / "cpc.toml", {})
    assert [d.span.line for d in failure.value.diagnostics if d.span] == [2, 3, 4]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "cpc.toml").write_bytes(b"\xff")
    with pytest.raises(InputError) as failure:
        read_settings(tmp_path / "cpc.toml", {})
    assert failure.value.diagnostics[0].code == "CPC004"


def test_notes_are_said_where_somebody_asks() -> None:
    guard = 'endpoints web = { app = "web" }\ndefault deny ingress for web\ndeny world -> web'
    found, told = material(guard)
    found = replace(found, findings=findings_of(found))

    def codes(settings: Settings) -> list[str]:
        return [d.code for d in lint(found, told, settings) if d.code == "CPC224"]

    assert codes(Settings()) == []
    asked = [
        Settings(notes=True),
        Settings(fail_level=Severity.NOTE),
        Settings(Selection(("redundant-rule",))),
    ]
    assert [codes(settings) for settings in asked] == [["CPC224"]] * len(asked)
