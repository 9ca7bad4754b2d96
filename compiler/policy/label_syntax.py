"""What Kubernetes takes as keys and values of labels.

Source: the documents of Kubernetes, "Labels and Selectors", "Syntax and character set".
"""

import re

__all__ = ["KEY_HELP", "VALUE_HELP", "is_label_key", "is_label_value"]

_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

VALUE_HELP = "it has up to 63 of letters, digits, `-`, `_` and `.`, and starts and ends with a letter or digit"
KEY_HELP = "it has up to 63 of letters, digits, `-`, `_` and `.`, perhaps after a DNS name and `/`"


def is_label_value(text: str) -> bool:
    """Whether a label may have this value; it may be empty."""
    return _VALUE.fullmatch(text) is not None


def is_label_key(text: str) -> bool:
    """Whether this is a label's key: a name, perhaps after a DNS name and `/`."""
    prefix, slash, name = text.rpartition("/")
    if slash and (len(prefix) > 253 or _PREFIX.fullmatch(prefix) is None):
        return False
    return bool(name) and is_label_value(name)
