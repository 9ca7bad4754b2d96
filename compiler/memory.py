"""What one run leaves for the next about policies that are almost the same: in a process that goes on.

Each stage remembers what it found by what that hangs on, and forgets what the last run did not ask about.
What is remembered never changes an answer.
"""

from collections.abc import Container

from msgspec import Struct, field

from cpc.compiler.policy.resolve_scripts import Known
from cpc.compiler.syntax.stretches import Stretches
from cpc.compiler.verify.engine.memory import Memory as Analyses

__all__ = ["Memory"]


class Memory(Struct, frozen=True):
    """Stretches of files that were read, what they said, and what was found about parts of the policy."""

    stretches: Stretches = field(default_factory=Stretches)
    said: Known = field(default_factory=Known)
    analyses: Analyses = field(default_factory=Analyses)

    def forget(self, files: Container[str]) -> None:
        """Forgets what is in none of these files, which are those of the last run."""
        self.stretches.forget(files)

    @property
    def size(self) -> int:
        """How much it is about, in stretches."""
        return self.stretches.size

    @property
    def news(self) -> int:
        """How much had to be found out since it was made or settled, in stretches or rules."""
        return max(self.stretches.read, self.said.found, self.analyses.asked)

    def settle(self) -> None:
        """Takes nothing for news any more."""
        self.stretches.read = self.said.found = self.analyses.asked = 0
