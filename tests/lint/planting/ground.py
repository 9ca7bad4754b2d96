"""What faults are made of: endpoints and ports that no other fault has."""

from random import Random

from msgspec import Struct

from tests.lint.planting.bed import Line, Plant, kept

__all__ = ["Ground", "plant", "some_port", "wider"]


class Ground(Struct, frozen=True):
    """What a fault is made of: two endpoints and a range of ports that no other fault has."""

    number: int
    draw: Random

    @property
    def near(self) -> str:
        """The endpoints that ask."""
        return f'{{ "k8s:app" = "planted-{self.number}a" }}'

    @property
    def far(self) -> str:
        """The endpoints that answer."""
        return f'{{ "k8s:app" = "planted-{self.number}b" }}'

    @property
    def name(self) -> str:
        """A name that nothing else has."""
        return f"planted{self.number}"

    def default(self) -> Line:
        """A line that covers both."""
        return kept(f"default deny ingress, egress for {self.near}, {self.far}")

    def rule(self, action: str, ports: str = "", more: str = "") -> str:
        """A rule from the one to the other."""
        return f"{action} {self.near}{more} -> {self.far} {ports}".rstrip()

    def half(self) -> str:
        """Both halves of a rule, or one of them."""
        return self.draw.choice(("", "ingress ", "egress "))

    def tier(self, action: str, ports: str = "", priority: int = 1) -> str:
        """A block of the admin tier with one such rule."""
        return f"tier admin priority {priority} {{ {self.rule(action, ports)} }}"


def plant(rule: str, lines: tuple[Line, ...], fault: Line, causes: tuple[Line, ...] = ()) -> Plant:
    """A fault whose statements have a line each."""
    return Plant(rule, tuple((line,) for line in lines), fault, causes)


def wider(draw: Random, port: int) -> str:
    """Ports that contain a port, and more."""
    return draw.choice(("", "tcp", f"tcp/{port - 3}-{port + 5}", f"tcp/{{{port}, {port + 900}}}"))


def some_port(draw: Random) -> int:
    """A port on which nobody expects to be alone."""
    return draw.randrange(10_000, 60_000)
