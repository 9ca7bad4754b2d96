"""What the kernel verifier meant: the last line that says something, and the C line it is about."""

import re

from msgspec import Struct

__all__ = ["Complaint", "complaint", "rule_above"]

_NOISE = re.compile(
    r"^(processed \d+ insns|verification time|stack depth|peak_states|max_states|mark_precise"
    r"|from \d+ to \d+|R\d+\S*=|last_idx|first_idx|regs=|parent |propagating"
    r"|insns_processed|func#|Validating |Func#)"
)
_SOURCE = re.compile(r"^; (?P<text>.*?)(?: @ (?P<file>[^:@]+):(?P<line>\d+))?$")
_INSTRUCTION = re.compile(r"^\d+: \([0-9a-f]{2}\)")


class Complaint(Struct, frozen=True):
    """`message` is the verifier's last words; `source` is the C text they follow, `file` and `line` its
    place where the kernel said it (line 0: it did not)."""

    message: str
    source: str = ""
    file: str = ""
    line: int = 0


def complaint(log: str) -> Complaint:
    """The last meaningful line of a log, and the nearest source line above it."""
    lines = [line.strip() for line in log.splitlines()]
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        if not line or _NOISE.match(line) or _INSTRUCTION.match(line) or line.startswith(";"):
            continue
        for above in reversed(lines[:at]):
            found = _SOURCE.match(above)
            if found:
                return Complaint(line, found["text"], found["file"] or "", int(found["line"] or 0))
        return Complaint(line)
    return Complaint("the kernel verifier gave no reason")


def rule_above(text: str, line: int) -> str | None:
    """The nearest comment of one line at or above a line of generated C: the rule that it is for."""
    lines = text.splitlines()[:line]
    for above in reversed(lines):
        found = re.fullmatch(r"\s*/\* (?P<rule>.+) \*/", above)
        if found and "SPDX" not in found["rule"]:
            return found["rule"]
    return None
