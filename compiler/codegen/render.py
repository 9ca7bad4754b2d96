"""The view as C, through the template; the same view gives the same bytes."""

from functools import cache
from typing import TYPE_CHECKING

from cpc.compiler.codegen.library import template
from cpc.compiler.codegen.view import View

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render"]


def render(view: View) -> str:
    """The text of `policy.bpf.c`."""
    return _template().render(view=view)


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.from_string(template())
