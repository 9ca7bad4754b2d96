"""Words for C comments: whatever a policy is called, a comment stays a comment."""

import re
from collections.abc import Sequence

from cpc.compiler.ir.nodes import KEY_END, Decision, RuleEntry
from cpc.compiler.ir.words import key_words

__all__ = ["comment", "few", "keys_of_leaves", "rule_comment"]

_STRANGE = re.compile(r"[^-A-Za-z0-9 _.,:;@+=(){}<>|&!#%~/]")
_LONGEST = 200
_FEW = 8


def comment(text: str) -> str:
    """The text without what could end a comment or a line: no star, backslash, or control."""
    clean = _STRANGE.sub("_", text)
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 3] + "..."


def rule_comment(rule: RuleEntry) -> str:
    """A rule by name and place."""
    return comment(f"{rule.name} ({rule.file}:{rule.line})" if rule.file else rule.name)


def few(words: Sequence[str]) -> tuple[str, ...]:
    """The first words of a long list, and how many more there are."""
    if len(words) <= _FEW:
        return tuple(words)
    return (*words[:_FEW], f"and {len(words) - _FEW} more")


def keys_of_leaves(decision: Decision) -> list[str]:
    """For each leaf the service keys that it decides, in words."""
    found: list[list[str]] = [[] for _ in decision.leaves]
    ends = (*decision.starts[1:], KEY_END)
    for start, end, leaf in zip(decision.starts, ends, decision.index, strict=True):
        found[leaf].append(_range(start, end - 1))
    return [", ".join(few(words)) for words in found]


def _range(first: int, last: int) -> str:
    if (first, last) == (0, KEY_END - 1):
        return "everything"
    if first == last:
        return key_words(first)
    if first >> 16 == last >> 16:
        whole = last - first == 0xFFFF
        return key_words(first).split("/")[0] if whole else f"{key_words(first)}-{last & 0xFFFF}"
    return f"{key_words(first)} to {key_words(last)}"
