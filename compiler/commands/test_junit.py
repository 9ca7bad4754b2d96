"""Results of tests as JUnit XML."""

from xml.etree import ElementTree

from cpc.compiler.commands.test_failures import case_diagnostic, case_words
from cpc.compiler.source import Sources
from cpc.compiler.verify.testing.cases import Status
from cpc.compiler.verify.testing.run import TestRun

__all__ = ["junit"]


def junit(run: TestRun, sources: Sources) -> str:
    """A JUnit document: a suite for each test, a test case for each case."""
    suites = ElementTree.Element("testsuites", name="cpc test")
    for result in run.tests:
        statuses = [case.status for case in result.cases]
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=_xml(result.test.name),
            tests=str(len(statuses)),
            failures=str(sum(s in (Status.FAILS, Status.NOBODY) for s in statuses)),
            errors=str(statuses.count(Status.UNDECIDED)),
        )
        for case in result.cases:
            span = case.case.origin.span
            entry = ElementTree.SubElement(
                suite,
                "testcase",
                classname=_xml(result.test.name),
                name=_xml(case_words(case.case, sources)),
                file=_xml(span.file),
                line=str(span.line),
            )
            diagnostic = case_diagnostic(case)
            if diagnostic is not None:
                kind = "error" if case.status is Status.UNDECIDED else "failure"
                told = ElementTree.SubElement(
                    entry, kind, type=diagnostic.code, message=_xml(diagnostic.message)
                )
                told.text = _xml("\n".join((*diagnostic.notes, *diagnostic.help)))
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, "unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Text without the characters that XML cannot have."""
    return "".join(c if c in "\t\n" or c >= " " else "\N{REPLACEMENT CHARACTER}" for c in text)
