"""Documents as text: YAML as users write it, or JSON."""

import json
import re
from collections.abc import Sequence

import yaml

from cpc.compiler.exports.selectors import Document

__all__ = ["json_text", "yaml_text"]

_ELSEWHERE = re.compile(r"[-+]?[\d_.]+(e[-+]?\d+)?|0o?[\dx][\da-f_]*|[yn]|:.*", re.IGNORECASE)
"""Strings that the YAML of Kubernetes may read as numbers or booleans, whatever PyYAML thinks."""


class _Dumper(yaml.SafeDumper):
    """Nothing is an alias of something else; texts of several lines stay so."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else "'" if _ELSEWHERE.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _string)


def yaml_text(documents: Sequence[Document]) -> str:
    """The documents, `---` between them."""
    return "---\n".join(
        yaml.dump(d, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
        for d in documents
    )


def json_text(documents: Sequence[Document]) -> str:
    """One list of the documents."""
    return json.dumps(list(documents), indent=2, ensure_ascii=False) + "\n"
