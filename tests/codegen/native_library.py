"""Generated decisions as an ordinary shared library, to be asked without a kernel."""

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cpc.compiler.codegen.clang import find_clang
from cpc.compiler.codegen.render import render
from cpc.compiler.codegen.shape import FEWEST_LEAVES, make_view
from cpc.compiler.ir.nodes import Program
from cpc.compiler.policy.model import Direction

__all__ = ["Native", "Question"]

Question = tuple[Direction, int, int, int]
"""Direction, subject bits, peer bits, service key."""

_HERE = Path(__file__).parent / "native"
_LIBRARY = Path(__file__).parents[2] / "templates" / "bpf" / "lib"


def _words(bits: int, count: int) -> list[int]:
    return [bits >> (64 * i) & (1 << 64) - 1 for i in range(count)]


class Native:
    """The decisions of one program, compiled into `folder`."""

    def __init__(self, program: Program, folder: Path, fewest_leaves: int = FEWEST_LEAVES) -> None:
        view = make_view(program, "test", "0" * 64, fewest_leaves)
        self._words, self._subject_words = view.words, view.subject_words
        (folder / "lib").mkdir(parents=True)
        for name in ("types.h", "decision.h"):
            shutil.copy(_LIBRARY / name, folder / "lib")
        for name in ("endpoint.h", "datapath.h"):
            shutil.copy(_HERE / name, folder / "lib")
        self.source = render(view)
        (folder / "policy.bpf.c").write_text(self.source, encoding="utf-8")
        library = folder / "policy.so"
        subprocess.run(
            [find_clang().path, "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
            + [str(folder / "policy.bpf.c"), "-o", str(library)],
            check=True,
            timeout=60,
        )
        self._answer = ctypes.CDLL(str(library)).cpc_answer

    def ask(self, questions: Sequence[Question]) -> list[int]:
        """What the C says about each question: site << 2 | log << 1 | allow."""

        class CQuestion(ctypes.Structure):
            _fields_ = [
                ("subject", ctypes.c_uint64 * self._subject_words),
                ("bits", ctypes.c_uint64 * self._words),
                ("direction", ctypes.c_uint32),
                ("key", ctypes.c_uint32),
                ("answer", ctypes.c_uint32),
                ("pad", ctypes.c_uint32),
            ]

        asked = (CQuestion * len(questions))()
        for slot, (direction, subject, peer, key) in zip(asked, questions, strict=True):
            slot.subject[:] = _words(subject, self._subject_words)
            slot.bits[:] = _words(peer, self._words)
            slot.direction = int(direction is Direction.EGRESS)
            slot.key = key
        self._answer(asked, len(questions))
        return [slot.answer for slot in asked]
