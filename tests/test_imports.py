"""Who may import whom, what start-up may load, and that nothing leans on private names of others."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ROAD = (
    (
        "compared",
        "source",
        "diagnostics",
        "errors",
        "codes",
        "timings",
        "text",
        "write",
        "cache",
        "report",
    ),
    ("documents", "syntax"),
    ("policy",),
    ("imports", "read"),
    ("verify",),
    ("ir", "exports", "lint"),
    ("codegen", "artifact"),
    ("memory", "remembered"),
    ("pipeline",),
    ("commands",),
    ("cli",),
)
"""The rooms of the compiler from the ground up: a room imports its own level and those below."""

RUNTIME_MAY_IMPORT = {"artifact", "diagnostics", "errors"}
"""What the runtime knows of the compiler."""

RUNTIME_DEMO_MAY_IMPORT = RUNTIME_MAY_IMPORT | {"pipeline", "policy", "report", "source", "timings"}
"""The demo compiles what it shows, and asks the reference what to expect."""

COMPILER_MAY_IMPORT_RUNTIME = {
    "commands.demo",
    "commands.demo_text",
    "commands.monitor",
    "commands.runtime",
    "commands.status_text",
    "commands.test_kernel",
}
"""The commands that hand over to the runtime."""


def level(room: str) -> int:
    """The level of a room."""
    for number, rooms in enumerate(ROAD):
        if room in rooms:
            return number
    raise AssertionError(f"`{room}` has no place on the road: give it one in ROAD")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def modules(top: str) -> Iterator[tuple[str, Path]]:
    """Every module below a top folder: its name without the `cpc.` in front, and its file."""
    for path in sorted((ROOT / top).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def imported(path: Path) -> Iterator[tuple[int, str, str | None]]:
    """(line, module, name) of every import in a file, wherever it stands; name None: the module."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, None
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for alias in node.names:
                yield node.lineno, node.module or "", alias.name


def inside(path: Path) -> Iterator[tuple[int, str, str]]:
    """(line, package, rest) of every import of our own: ("compiler", "policy.model")."""
    for line, module, name in imported(path):
        parts = module.split(".")
        if parts[0] == "cpc":
            rest = parts[2:] or ([name] if name else [])
            yield line, parts[1], ".".join(rest)


def test_imports_go_down_the_road() -> None:
    wrong = []
    for name, path in modules("compiler"):
        room = (name.split(".") + [""])[1]
        if not room:
            continue
        for line, package, rest in inside(path):
            target = rest.split(".")[0]
            if package == "compiler" and level(target) > level(room):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {room} imports {rest}")
    assert not wrong, "\n".join(wrong)


def test_the_runtime_knows_only_the_artifact() -> None:
    wrong = []
    for name, path in modules("runtime"):
        allowed = RUNTIME_DEMO_MAY_IMPORT if name.startswith("runtime.demo") else RUNTIME_MAY_IMPORT
        for line, package, rest in inside(path):
            if package == "compiler" and rest.split(".")[0] not in allowed:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: imports cpc.compiler.{rest}")
    assert not wrong, "\n".join(wrong)


def test_the_compiler_does_not_know_the_runtime() -> None:
    wrong = []
    for name, path in modules("compiler"):
        for line, package, rest in inside(path):
            if package == "runtime" and name.removeprefix("compiler.") not in (
                COMPILER_MAY_IMPORT_RUNTIME
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: imports cpc.runtime.{rest}")
    assert not wrong, "\n".join(wrong)


PUBLIC_ALL_THE_SAME = {"os._exit"}
"""Names with an underscore that their library documents."""


def private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


@pytest.mark.parametrize("top", ["compiler", "runtime", "tests"])
def test_no_private_names_of_outside(top: str) -> None:
    wrong = []
    for _, path in modules(top):
        outside = set()
        for line, module, name in imported(path):
            if module.split(".")[0] == "cpc" or module.startswith("tests"):
                continue
            if any(map(private, [*module.split("."), name or ""])):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {module}.{name}")
            outside.add(module.split(".")[0] if name is None else name)
        for node in ast.walk(tree_of(path)):
            if (
                isinstance(node, ast.Attribute)
                and private(node.attr)
                and isinstance(node.value, ast.Name)
                and node.value.id in outside
                and f"{node.value.id}.{node.attr}" not in PUBLIC_ALL_THE_SAME
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.value.id}.{node.attr}")
    assert not wrong, "\n".join(wrong)


def loaded_by(*words: str) -> set[str]:
    """The packages in memory after a command ran."""
    program = (
        "import json, sys\n"
        "from cpc.compiler.cli import run\n"
        "code = run(sys.argv[1:])\n"
        "print(json.dumps([code, sorted({name.split('.')[0] for name in sys.modules})]),"
        " file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    code, names = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(names)


HEAVY = {"bcc", "elftools", "jinja2", "pyroute2", "yaml", "z3"}


def test_help_loads_nothing_heavy() -> None:
    assert not loaded_by("--help") & (HEAVY | {"lark", "pydantic", "rich"})


def test_fmt_loads_the_parser_and_nothing_heavier() -> None:
    loaded = loaded_by("fmt", "--check", "examples/shop")
    assert "lark" in loaded
    assert not loaded & (HEAVY | {"rich"})


def test_check_loads_what_it_needs_alone() -> None:
    assert not loaded_by("check", "examples/shop/policy.cil") & HEAVY
