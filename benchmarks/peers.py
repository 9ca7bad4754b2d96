"""`cpc` beside aerleon's shade check and network-config-analyzer, on the same inputs, on one core.

    python -m benchmarks.peers --install [--terms 100,300,1000] [--policies 10,30,100]
        [--patience 300] [--runs 3] [--peers FOLDER] [--output FOLDER]

`--install` makes an environment with both peers (from PyPI) in the folder `--peers`, by default
`reports/peers`. Each command runs cold in a process of its own that is pinned to one core; a peer that takes
longer than the patience counts as that long, and is marked `>`. Seconds are of the whole process, minima of the
runs. The table goes to standard output; `peers.json`, and `peers.svg` where matplotlib is installed, into the output
folder.

Of aerleon's answers is checked that `cpc` finds every shaded term too; what it finds beyond, terms that only
several others together take everything from, is counted.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from benchmarks.acl import aerleon_text, cil_text, definitions_text, terms
from benchmarks.clusters import cluster
from benchmarks.pinned import environment, pin

__all__ = ["Row", "main"]

_PEERS = ("aerleon==1.11.0", "network-config-analyzer==2.1.0")

_SHADE_CHECK = """
import sys
from aerleon.lib import naming, policy
shaded = []
policy.logging.warning = lambda text, *rest: shaded.append(text.split()[0])
known = naming.Naming()
known.ParseNetworkList(open("networks.net").read().splitlines())
known.ParseServiceList(open("services.svc").read().splitlines())
policy.ParsePolicy(open("list.pol").read(), known, optimize=False, shade_check=True)
print(*dict.fromkeys(shaded))
"""

_WITHOUT_EFFECT = ("CPC222", "CPC223")
"""Shadowed rules, and those that repeat what is decided before them."""

_FIRST_TERM = 4
"""The line of `cil_text` in which term 0 stands."""


class Row(Struct, frozen=True):
    """One question at one size; `stopped`: the peer was not done when patience ended.

    `answers` of `cpc` and of the peer are counts, where they can be compared.
    """

    question: str
    peer: str
    size: int
    cpc_s: float
    peer_s: float
    stopped: bool
    answers: tuple[int, int] | None = None


class Runner:
    """Runs commands of `cpc` and of its peers."""

    def __init__(self, peers: Path, runs: int, patience: float) -> None:
        self._peers = peers
        self._runs = runs
        self._patience = patience

    def cpc(self, folder: Path, *words: str) -> tuple[float, str]:
        """The least seconds of a command, and its answer."""
        command = [str(Path(sys.executable).with_name("cpc")), *words]
        answers = [_run(command, folder, None) for _ in range(self._runs)]
        return min(seconds for seconds, _ in answers), answers[0][1] or ""

    def peer(self, folder: Path, *words: str) -> tuple[float, str | None]:
        """The same of a peer's command; no answer where it was not done."""
        command = [str(self._peers / "bin" / words[0]), *words[1:]]
        best: tuple[float, str | None] = (self._patience, None)
        for _ in range(self._runs):
            seconds, answer = _run(command, folder, self._patience)
            if answer is None:
                break
            best = min(best, (seconds, answer), key=lambda found: found[0])
        return best


def _run(command: Sequence[str], folder: Path, patience: float | None) -> tuple[float, str | None]:
    begin = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=patience,
            preexec_fn=pin,
            env=environment(),
        )
    except subprocess.TimeoutExpired:
        return time.perf_counter() - begin, None
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return time.perf_counter() - begin, done.stdout


def shading(runner: Runner, size: int, folder: Path) -> Row:
    """Rules of an ordered list that never decide, against aerleon's shade check."""
    listed = terms(size)
    networks, services = definitions_text(listed)
    for name, text in (
        ("list.cil", cil_text(listed)),
        ("list.pol", aerleon_text(listed)),
        ("networks.net", networks),
        ("services.svc", services),
        ("shade.py", _SHADE_CHECK),
    ):
        (folder / name).write_text(text)
    seconds, answer = runner.cpc(folder, "check", "--format", "json", "list.cil")
    found = {
        f"t{d['place']['start']['line'] - _FIRST_TERM}"
        for d in json.loads(answer)["diagnostics"]
        if d["code"] in _WITHOUT_EFFECT
    }
    peer_seconds, shaded = runner.peer(folder, "python", "shade.py")
    if shaded is None:
        return Row("shading", "aerleon", size, seconds, peer_seconds, True)
    missed = set(shaded.split()) - found
    if missed:
        raise SystemExit(f"aerleon alone calls shaded: {sorted(missed)}")
    answers = (len(found), len(shaded.split()))
    return Row("shading", "aerleon", size, seconds, peer_seconds, False, answers)


def of_cluster(question: str) -> Callable[[Runner, int, Path], Row]:
    """A question about a cluster's policies, against network-config-analyzer."""
    mine = {"sanity": "check", "connectivity": "connectivity"}[question]

    def ask(runner: Runner, size: int, folder: Path) -> Row:
        made = cluster(size)
        (folder / "policies.yaml").write_text(made.policies)
        (folder / "pods.yaml").write_text(made.pods)
        (folder / "namespaces.yaml").write_text(made.namespaces)
        inventory = ("--inventory", "pods.yaml", "--inventory", "namespaces.yaml")
        seconds, _ = runner.cpc(folder, mine, *inventory, "policies.yaml")
        known = ("-n", "namespaces.yaml", "-p", "pods.yaml")
        peer_seconds, answer = runner.peer(
            folder, "nca", f"--{question}", "policies.yaml", *known, "--return_0"
        )
        stopped = answer is None
        return Row(question, "network-config-analyzer", size, seconds, peer_seconds, stopped)

    return ask


def _install(peers: Path) -> None:
    venv.create(peers, with_pip=True)
    subprocess.run([peers / "bin" / "pip", "install", "--quiet", *_PEERS], check=True)


def _sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",") if size]


def main(words: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--install", action="store_true", help="make the peers' environment first")
    parser.add_argument("--terms", type=_sizes, default=[100, 300, 1000])
    parser.add_argument("--policies", type=_sizes, default=[10, 30, 100])
    parser.add_argument("--patience", type=float, default=300, help="seconds for one peer's run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("reports"))
    parser.add_argument("--peers", type=Path, default=Path("reports/peers"))
    given = parser.parse_args(words)
    given.output.mkdir(parents=True, exist_ok=True)
    if given.install:
        _install(given.peers)
    if not (given.peers / "bin" / "nca").exists():
        parser.error(f"no peers in {given.peers}: run with --install")
    runner = Runner(given.peers.absolute(), given.runs, given.patience)
    asked: list[tuple[Callable[[Runner, int, Path], Row], list[int]]] = [
        (shading, given.terms),
        (of_cluster("connectivity"), given.policies),
        (of_cluster("sanity"), given.policies),
    ]
    print("question      rules     cpc: s    peer: s  ratio  answers  peer")
    rows: list[Row] = []
    for ask, sizes in asked:
        for size in sizes:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(ask(runner, size, Path(folder)))
            print(_line(rows[-1]), flush=True)
    given.output.joinpath("peers.json").write_text(
        json.dumps([asdict(row) for row in rows], indent=2) + "\n"
    )
    _plot(rows, given.output / "peers.svg")


def _line(row: Row) -> str:
    more = ">" if row.stopped else " "
    answers = "{} : {}".format(*row.answers) if row.answers else ""
    return (
        f"{row.question:<13} {row.size:<7} {row.cpc_s:>8.2f} {more}{row.peer_s:>9.2f}"
        f" {more}{row.peer_s / row.cpc_s:>5.1f}  {answers:<8} {row.peer}"
    )


def _plot(rows: Sequence[Row], path: Path) -> None:
    """Seconds by size, one panel for each question, both axes logarithmic."""
    try:
        from matplotlib import pyplot
    except ImportError:
        print("no plot: pip install matplotlib")
        return
    pyplot.rcParams["svg.fonttype"] = "none"
    questions = list(dict.fromkeys(row.question for row in rows))
    figure, panels = pyplot.subplots(1, len(questions), figsize=(4 * len(questions), 3.5))
    for question, panel in zip(questions, panels, strict=True):
        asked = [row for row in rows if row.question == question]
        sizes = [row.size for row in asked]
        panel.loglog(sizes, [row.cpc_s for row in asked], "o-", label="cpc")
        panel.loglog(sizes, [row.peer_s for row in asked], "s--", label=asked[0].peer)
        panel.set(title=question, xlabel="rules", ylabel="s, whole command")
        panel.legend()
        panel.grid(True, which="both", alpha=0.3)
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    main()
