"""Which of a policy's DNS patterns match the names that stand for others."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from cpc.compiler.policy.requests import name_matches
from cpc.compiler.verify.vocabulary import sample_names

__all__ = ["Names"]

_AFTER = "\U0010ffff"
"""Comes after every character of a name."""


class Names:
    """The patterns that are spoken of, each with its sample: a name of it, and of no other that is not wider."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.samples = sample_names(patterns)
        self._from_the_end = sorted((s[::-1], pattern) for pattern, s in self.samples.items())

    def matched(self, patterns: Sequence[str]) -> list[str]:
        """The patterns whose samples some of these match; one without wildcard matches its own only."""
        found: dict[str, None] = {}
        for pattern in patterns:
            if "*" not in pattern:
                found.update({pattern: None} if pattern in self.samples else {})
            else:
                near = self._ending_with(pattern.rpartition("*")[2])
                found.update((p, None) for p in near if name_matches(pattern, self.samples[p]))
        return list(found)

    def _ending_with(self, end: str) -> Iterable[str]:
        begin = end[::-1]
        low = bisect_left(self._from_the_end, (begin,))
        high = bisect_left(self._from_the_end, (begin + _AFTER,))
        return (pattern for _, pattern in self._from_the_end[low:high])
