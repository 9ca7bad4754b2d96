"""Where the time of one run went: ours, the solver's, clang's."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from time import perf_counter

from msgspec import Struct, field

__all__ = ["Stage", "Timings", "Tool"]


class Tool(StrEnum):
    """Whose time it is."""

    OURS = "ours"
    Z3 = "z3"
    CLANG = "clang"


class Stage(Struct, frozen=True):
    """One measured stretch: `seconds` of its own, without those of stretches inside it."""

    name: str
    tool: Tool
    seconds: float


class Timings(Struct):
    """Collects stages in the order in which they end; stages of one name add up."""

    _stages: dict[tuple[str, Tool], float] = field(default_factory=dict)
    _inner: list[float] = field(default_factory=lambda: [0.0])
    _started: float = field(default_factory=lambda: perf_counter())

    @contextmanager
    def measure(self, name: str, tool: Tool = Tool.OURS) -> Iterator[None]:
        """Counts the time of the block, also when it ends in an exception."""
        begin = perf_counter()
        self._inner.append(0.0)
        try:
            yield
        finally:
            elapsed = perf_counter() - begin
            own = elapsed - self._inner.pop()
            self._inner[-1] += elapsed
            key = (name, tool)
            self._stages[key] = self._stages.get(key, 0.0) + own

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Every stage so far, in the order in which it first ended."""
        return tuple(Stage(name, tool, s) for (name, tool), s in self._stages.items())

    def of(self, tool: Tool) -> float:
        """Seconds spent by one tool; what no stage covers, such as imports, is ours."""
        spent = sum(s.seconds for s in self.stages if s.tool is tool)
        if tool is Tool.OURS:
            spent += max(0.0, perf_counter() - self._started - self._inner[0])
        return spent

    def table(self) -> str:
        """A table for people: one line a stage, then one line a tool; milliseconds."""
        lines = [f"{s.seconds * 1000:9.1f} ms  {s.name} ({s.tool})" for s in self.stages]
        lines += [f"{self.of(tool) * 1000:9.1f} ms  total {tool}" for tool in Tool]
        return "\n".join(lines)
