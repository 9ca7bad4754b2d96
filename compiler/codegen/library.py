"""The C that comes with cpc: the template, and the headers that do not depend on the policy."""

from functools import cache
from importlib.resources import files

__all__ = ["library", "template"]


@cache
def template() -> str:
    """The text of the template of `policy.bpf.c`."""
    return (files("cpc.templates") / "bpf" / "policy.bpf.c.j2").read_text(encoding="utf-8")


@cache
def library() -> tuple[tuple[str, str], ...]:
    """Every header as (`lib/NAME`, text), sorted by name."""
    folder = files("cpc.templates") / "bpf" / "lib"
    headers = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".h"))
    return tuple((f"lib/{name}", (folder / name).read_text(encoding="utf-8")) for name in headers)
