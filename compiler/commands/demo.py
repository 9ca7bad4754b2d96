"""`cpc demo`: the shop's policy on real packets."""

from pathlib import Path

from cpc.compiler.commands.demo_text import demo_json, demo_text
from cpc.compiler.commands.exits import Exit
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.compiler.report import Format
from cpc.runtime.demo.scenario import run_demo

__all__ = ["run"]

SHOP = Path(__file__).resolve().parents[2] / "examples/shop"
"""Where a checkout has the demo's policies; a wheel has none."""


def run(folder: str | None, terminal: Terminal) -> int:
    """Answers with what passed and why; a finding where that is not what the policies say."""
    place = SHOP if folder is None else Path(folder)
    if folder is None and not place.is_dir():
        raise InputError(
            error(
                "CPC080",
                "this installation has no `examples/shop`",
                help="name a folder that holds it: `cpc demo FOLDER`",
            )
        )
    demo = run_demo(place, terminal.timings, lambda step: terminal.say(f"cpc: {step}"))
    terminal.answer(demo_json(demo) if terminal.format is Format.JSON else demo_text(demo))
    return Exit.CLEAN if demo.right else Exit.FINDINGS
