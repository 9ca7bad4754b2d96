"""Every file of Cilium's own examples is imported, or refused with a reason that names what is missing."""

from collections.abc import Callable
from pathlib import Path

from tests.imports.reading import corpus, files_of, read

LIST = Path(__file__).parent / "corpora.txt"


def _line(folder: Path, name: str) -> str:
    found = read((folder / name).read_text(encoding="utf-8"), name)
    if found.errors:
        said = dict.fromkeys(f"{d.code} {d.message}" for d in found.errors)
        return f"{name}: refused {'; '.join(said)}"
    remarks = ", ".join(dict.fromkeys(found.codes))
    return f"{name}: imported{f' ({remarks})' if remarks else ''}"


def test_files_of_cilium(golden: Callable[[Path, str], None]) -> None:
    folder = corpus()
    lines = [_line(folder, name) for name in files_of(folder, "cilium-1.1", "cilium-1.17")]
    assert len(lines) > 150
    golden(LIST, "\n".join(lines) + "\n")
