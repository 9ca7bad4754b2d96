"""`cpc demo`: the shop's policy on real packets."""

from importlib.resources import as_file, files

from cpc.compiler.commands.demo_text import demo_json, demo_text
from cpc.compiler.commands.exits import Exit
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.report import Format
from cpc.runtime.demo.scenario import run_demo

__all__ = ["run"]


def run(terminal: Terminal) -> int:
    """Answers with what passed and why; a finding where that is not what the policies say."""

    def say(step: str) -> None:
        terminal.say(f"cpc: {step}")

    with as_file(files("cpc.runtime.demo") / "shop") as shop:
        demo = run_demo(shop, terminal.timings, say)
    terminal.answer(demo_json(demo) if terminal.format is Format.JSON else demo_text(demo))
    return Exit.CLEAN if demo.right else Exit.FINDINGS
