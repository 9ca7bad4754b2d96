"""The parser of the grammar; its tables, which take a while, are kept for the next process."""

import hashlib
import io
import os
import pickle
import re
import sys
from functools import cache
from importlib.resources import files
from typing import NoReturn

import lark
from lark import Lark

from cpc.compiler.cache import GRAMMARS, Cache, cache_folder

__all__ = ["parser"]

_STARTS = ["statement", "service_item", "test_case", "connection"]


@cache
def parser() -> Lark:
    """The parser, for each start rule."""
    grammar = files("cpc.grammar").joinpath("cil.lark").read_text("utf-8")
    kept = Cache(cache_folder(os.environ), GRAMMARS)
    said = "\0".join([lark.__version__, sys.version, *_STARTS, grammar])
    key = hashlib.sha256(said.encode()).hexdigest()
    tables = kept.get(key)
    if tables is not None:
        return Lark.load(_Plain(io.BytesIO(tables)).load())
    flags = int(re.ASCII)  # a plain number, so that the tables are plain data
    made = Lark(grammar, start=_STARTS, parser="lalr", lexer="contextual", g_regex_flags=flags)
    written = io.BytesIO()
    made.save(written)
    kept.put(key, written.getvalue())
    return made


class _Plain(pickle.Unpickler):
    """Reads numbers, strings and collections of them, and nothing else."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} in the tables of a grammar")
