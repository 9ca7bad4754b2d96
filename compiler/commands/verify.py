"""`cpc verify`: the asserts of policies, proved or refuted."""

import json
from collections.abc import Sequence

from msgspec import Struct

from cpc.compiler.commands.exits import exit_of
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.selection import Selection
from cpc.compiler.lint.settings import Settings
from cpc.compiler.pipeline import Front, certify_findings, judge_asserts, lint_policy
from cpc.compiler.report import Format
from cpc.compiler.source import Sources
from cpc.compiler.verify.assert_text import judgement_diagnostic, witness_text
from cpc.compiler.verify.asserts import Judgement, Proved, Refuted, Unknown
from cpc.compiler.verify.certify import Certificate

__all__ = ["Order", "run"]


class Order(Struct, frozen=True):
    """What to verify, as given on the command line; `timeout`: seconds for each assert; `certify`: ask z3
    about the rules too.
    """

    files: Sequence[str]
    inventory: Sequence[str] | None
    params: Sequence[str]
    include: Sequence[str]
    timeout: float | None
    certify: bool = False


_OTHERS = Settings(Selection(ignore=("CPC260", "CPC261", "CPC262")))
"""Everything but what is said about asserts."""


def run(order: Order, terminal: Terminal) -> int:
    """Answers with a line for each assert; findings that are errors are told too, and count."""
    certificates: list[Certificate] = []
    with terminal.progress("verifying") as progress:
        read = read_policies(terminal, order.files, order.params, order.include, order.inventory)
        found = [
            d for d in lint_policy(read, order.include, _OTHERS, terminal.timings) if _counts(d)
        ]
        judgements = (
            () if read.policy is None else judge_asserts(read, terminal.timings, order.timeout)
        )
        if order.certify:
            for certificate in certify_findings(read, terminal.timings):
                certificates.append(certificate)
                progress(f"certifying: {len(certificates)} halves of rules")
    said = [d for j in judgements if (d := judgement_diagnostic(j)) is not None]
    said += [_uncertified(c) for c in certificates if c.missing]
    counted = certificates if order.certify else None
    terminal.answer(_answer(judgements, counted, read, terminal))
    terminal.report([*found, *said])
    return exit_of([*found, *said], strict=True)


def _uncertified(certificate: Certificate) -> Diagnostic:
    rule = certificate.rule
    return warning(
        "CPC263",
        f"there is no certificate for the {rule.direction} half of `{rule.origin.name}`",
        rule.origin.span,
        notes=(f"because {certificate.missing}",),
    )


def _counts(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR


def _answer(
    judgements: Sequence[Judgement],
    certificates: Sequence[Certificate] | None,
    read: Front,
    terminal: Terminal,
) -> str:
    proved = [c for c in certificates or () if not c.missing]
    findings = sum(len(c.kinds) for c in proved)
    if terminal.format is Format.JSON:
        document: dict[str, object] = {"schema": "cpc.verified/1"}
        document["asserts"] = [_document(j, read.sources) for j in judgements]
        if certificates is not None:
            document["certified"] = {"halves": len(proved), "findings": findings}
        return json.dumps(document) + "\n"
    lines = "".join(_line(j, read.sources) for j in judgements) or "no asserts\n"
    if certificates is not None:
        lines += f"certified {len(proved)} halves of rules: {findings} findings, and no others\n"
    return lines


def _word(judgement: Judgement) -> str:
    match judgement.answer:
        case Proved(""):
            return "proved"
        case Proved():
            return "vacuous"
        case Refuted():
            return "refuted"
        case Unknown():
            return "unknown"


def _line(judgement: Judgement, sources: Sources) -> str:
    span = judgement.claim.origin.span
    text, milliseconds = _text(judgement, sources), judgement.seconds * 1000
    return f"{_word(judgement):8} {span.file}:{span.line}  {text}  ({milliseconds:.1f} ms)\n"


def _text(judgement: Judgement, sources: Sources) -> str:
    """The assert as it is written, on one line."""
    span = judgement.claim.origin.span
    source = sources.get(span.file)
    return " ".join(source.text[span.start : span.end].split()) if source else "assert"


def _document(judgement: Judgement, sources: Sources) -> dict[str, object]:
    span, answer = judgement.claim.origin.span, judgement.answer
    return {
        "answer": _word(judgement),
        "assert": _text(judgement, sources),
        "file": span.file,
        "line": span.line,
        "milliseconds": round(judgement.seconds * 1000, 3),
        "witness": witness_text(answer.evidence) if isinstance(answer, Refuted) else None,
        "why": answer.why if isinstance(answer, Unknown) else None,
    }
