"""`cpc demo`: a small policy on real packets."""

from importlib.resources import as_file, files

from cpc.compiler.commands.demo_text import demo_json, demo_text
from cpc.compiler.commands.exits import Exit
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import error, suggest
from cpc.compiler.errors import InputError
from cpc.compiler.report import Format
from cpc.runtime.demo.scenario import run_demo
from cpc.runtime.demo.scenes import SCENES

__all__ = ["run"]


def run(name: str, terminal: Terminal) -> int:
    """Answers with what passed and why; a finding where that is not what the policies say.

    InputError (CPC080) for a demo that there is not.
    """
    if name not in SCENES:
        known = ", ".join(f"`{scene}`" for scene in SCENES)
        near = suggest(name, tuple(SCENES))
        help = f"did you mean `{near}`?" if near else f"there are {known}"
        raise InputError(error("CPC080", f"there is no demo `{name}`", help=help))

    def say(step: str) -> None:
        terminal.say(f"cpc: {step}")

    with as_file(files("cpc.runtime.demo") / name) as folder:
        demo = run_demo(SCENES[name], folder, terminal.timings, say)
    terminal.answer(demo_json(demo) if terminal.format is Format.JSON else demo_text(demo))
    return Exit.CLEAN if demo.right else Exit.FINDINGS
