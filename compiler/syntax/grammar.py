"""The parser of the grammar. Its tables, which take a while, are made once, into `cil.tables` beside the grammar.

    python -m cpc.compiler.syntax.grammar FILE

writes the file where it is not that of the grammar and of the installed Lark. Without one that is, the tables are made
in each process.
"""

import hashlib
import io
import pickle
import re
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

import lark
from lark import Lark

__all__ = ["parser"]

_STARTS = ["statement", "service_item", "test_case", "connection"]


@cache
def parser() -> Lark:
    """The parser, for each start rule."""
    known = files("cpc.grammar").joinpath("cil.tables")
    tables = known.read_bytes() if known.is_file() else b""
    if tables.startswith(_key()):
        return Lark.load(_Plain(io.BytesIO(tables[len(_key()) :])).load())
    return _made()


def _grammar() -> str:
    return files("cpc.grammar").joinpath("cil.lark").read_text("utf-8")


@cache
def _key() -> bytes:
    """What the tables are made of: a line at their start."""
    said = "\0".join([lark.__version__, *_STARTS, _grammar()])
    return hashlib.sha256(said.encode()).hexdigest().encode() + b"\n"


def _made() -> Lark:
    flags = int(re.ASCII)  # a plain number, so that the tables are plain data
    return Lark(_grammar(), start=_STARTS, parser="lalr", lexer="contextual", g_regex_flags=flags)


class _Plain(pickle.Unpickler):
    """Reads numbers, strings and collections of them, and nothing else."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} in the tables of a grammar")


def _write(path: Path) -> None:
    if path.is_file() and path.read_bytes().startswith(_key()):
        return
    tables = io.BytesIO()
    _made().save(tables)
    path.write_bytes(_key() + tables.getvalue())


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
