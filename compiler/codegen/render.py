"""The view as C, through the template; the same view gives the same bytes."""

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cpc.compiler.codegen.view import View

__all__ = ["TEMPLATE", "render"]

TEMPLATE = "policy.bpf.c.j2"


def render(view: "View") -> str:
    """The text of `policy.bpf.c`."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    text = (files("cpc.templates") / "bpf" / TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(text).render(view=view)
