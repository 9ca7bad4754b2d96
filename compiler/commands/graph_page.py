"""The page of `cpc graph`: one file that asks nothing of anybody."""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

__all__ = ["page"]

_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
"""What would end a script, or a line of one; only strings of JSON can hold it."""


def page(title: str, data: Mapping[str, Any]) -> str:
    """The HTML of some data of the schema `cpc.graph/1`; the same data gives the same bytes.

    Text of policies is data alone: the page shows it, and its content security policy lets nothing run but its own
    script.
    """
    environment = Environment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    style, script = _text("graph.css"), _text("graph.js")
    return environment.from_string(_text("graph.html.j2")).render(
        title=title,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE),
    )


def _text(name: str) -> str:
    return (files("cpc.templates") / "html" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a content security policy names what may run (CSP level 3, 2.3.1)."""
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()
