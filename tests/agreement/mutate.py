"""Single faults in generated C: what a slip in the code generator or in a template could write."""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

__all__ = ["Kind", "Mutant", "mutants"]


class Kind(StrEnum):
    """Where a fault sits."""

    MASK = "mask"
    BOUND = "bound"
    DIRECTION = "direction"
    TIER = "tier"
    OFFSET = "offset"
    VERDICT = "verdict"


class Mutant(Struct, frozen=True):
    """`text` is the whole of `file` with one fault; `what` says which, with its line."""

    kind: Kind
    what: str
    file: str
    text: str


def mutants(files: Mapping[str, str]) -> Iterator[Mutant]:
    """Every single fault of every kind in the generated file and the headers that call it."""
    for rule in _RULES:
        text = files[rule.file]
        start, end = _function(text, rule.function) if rule.function else (0, len(text))
        for match in re.compile(rule.pattern, re.MULTILINE).finditer(text, start, end):
            for replacement in rule.replacements(match):
                if replacement == match.group():
                    continue
                line = text.count("\n", 0, match.start()) + 1
                yield Mutant(
                    rule.kind,
                    f"{rule.file}:{line}: {_short(match.group())} -> {_short(replacement)}",
                    rule.file,
                    text[: match.start()] + replacement + text[match.end() :],
                )


def _function(text: str, name: str) -> tuple[int, int]:
    """Where the definition of a function stands, up to its closing brace."""
    start = text.index(f"{name}(")
    return start, text.index("\n}\n", start)


def _short(text: str) -> str:
    return " ".join(text.split())


def _flipped(match: re.Match[str]) -> Iterator[str]:
    """Each set bit cleared, and the neighbour of the highest one set."""
    before, mask = match.group(1), int(match.group(2), 16)
    set_bits = [1 << i for i in range(64) if mask >> i & 1]
    for bit in [*set_bits, min(mask.bit_length(), 63) and 1 << min(mask.bit_length(), 63)]:
        yield f"{before}{mask ^ bit:#x}"


def _moved(match: re.Match[str]) -> Iterator[str]:
    before, bound = match.group(1), int(match.group(2), 16)
    yield f"{before}{bound - 1:#x}"
    yield f"{before}{bound + 1:#x}"


def _other_word(match: re.Match[str]) -> Iterator[str]:
    yield f"{match.group(1)}{1 - int(match.group(2))}]"


def _other_direction(match: re.Match[str]) -> Iterator[str]:
    yield {"CPC_INGRESS": "CPC_EGRESS", "CPC_EGRESS": "CPC_INGRESS"}[match.group()]


def _exchanged(match: re.Match[str]) -> Iterator[str]:
    """Two tests that follow each other change places."""
    yield match.group(2) + match.group(1)


def _constant(*words: str) -> Callable[[re.Match[str]], Iterator[str]]:
    def replace(match: re.Match[str]) -> Iterator[str]:
        yield from words

    return replace


def _shifted(match: re.Match[str]) -> Iterator[str]:
    yield f"<< {int(match.group(1)) - 1}"


def _names_exchanged(match: re.Match[str]) -> Iterator[str]:
    """Everything between and including the two definitions, with their names exchanged."""
    yield (
        match.group()
        .replace("cpc_decide_ingress", "cpc_decide_other")
        .replace("cpc_decide_egress", "cpc_decide_ingress")
        .replace("cpc_decide_other", "cpc_decide_egress")
    )


class _Rule(Struct, frozen=True):
    kind: Kind
    pattern: str
    replacements: Callable[[re.Match[str]], Iterator[str]]
    file: str = "policy.bpf.c"
    function: str = ""


_TEST = r"\tif \([^\n]*\)\n\t\treturn [^\n]*;\n"
_SIDE = r"(?<=direction == )CPC_(INGRESS|EGRESS)"

_RULES = (
    _Rule(Kind.MASK, r"(bits\[\d\] & |peers\d \|= |subject\d & |facts & )0x([0-9a-f]+)", _flipped),
    _Rule(Kind.BOUND, r"(key < )0x([0-9a-f]+)", _moved),
    _Rule(Kind.DIRECTION, r"cpc_decide_ingress\((.|\n)*cpc_decide_egress\(", _names_exchanged),
    _Rule(Kind.DIRECTION, _SIDE, _other_direction, "lib/datapath.h", "cpc_judge"),
    _Rule(
        Kind.DIRECTION,
        r"(?<=side == )CPC_(INGRESS|EGRESS)",
        _other_direction,
        "lib/datapath.h",
        "cpc_judge",
    ),
    _Rule(Kind.TIER, rf"({_TEST})({_TEST})", _exchanged),
    _Rule(Kind.TIER, r"return CPC_PASSED;", _constant("return CPC_UNDECIDED;")),
    _Rule(Kind.TIER, r"chosen == CPC_PASSED", _constant("chosen == CPC_UNDECIDED")),
    _Rule(Kind.OFFSET, r"(bits\[|endpoint\.subject\[)([01])\]", _other_word),
    _Rule(Kind.OFFSET, r"<< (16|8)", _shifted, "lib/parse.h", "cpc_service_key"),
    _Rule(Kind.VERDICT, r"CPC_ALLOW\)", _constant("CPC_DENY)")),
    _Rule(Kind.VERDICT, r"CPC_DENY\)", _constant("CPC_ALLOW)")),
)
