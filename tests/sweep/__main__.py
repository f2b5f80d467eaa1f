"""Sweeps families x capabilities in processes of their own, prints the table, and ends with 1 where there is a fault.

    python -m tests.sweep                            everything
    python -m tests.sweep --only bart --only fnet    families whose name contains one of these
    python -m tests.sweep --capability load          these capabilities
    python -m tests.sweep --resume                   what the last sweep left over, or found at fault

A process sweeps some families and writes a line before and after every check; one that dies or hangs costs the check
that it was at, and another process goes on behind it.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATE = ROOT / "build" / "sweep.jsonl"
CHUNK = 10  # families of one process
PATIENCE_SECONDS = 300  # for one check

Cell = tuple[str, str]  # family, capability


def main() -> int:
    """The exit status."""
    arguments = _arguments()
    if arguments.worker:
        return _work(json.loads(sys.stdin.read()))
    from tests.sweep.check import load_capabilities
    from tests.sweep.families import all_families, reason_to_skip

    capabilities = load_capabilities()
    chosen = arguments.capability or list(capabilities)
    outcomes = _remembered() if arguments.resume else {}
    skipped, waiting = {}, []
    for family in all_families():
        if arguments.only and not any(words in family.name for words in arguments.only):
            continue
        if reason := reason_to_skip(family):
            skipped[family.name] = reason
            continue
        wanted = [name for name in chosen if family.task in capabilities[name].tasks]
        if left := [name for name in wanted if (family.name, name) not in outcomes]:
            waiting.append((family.name, left))
    STATE.parent.mkdir(exist_ok=True)
    with STATE.open("a" if arguments.resume else "w") as state:
        _sweep(waiting, outcomes, state)
    return _print(outcomes, skipped, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sweep")
    parser.add_argument("--only", action="append", help="families whose name contains this")
    parser.add_argument("--capability", action="append", help="this capability alone")
    parser.add_argument("--resume", action="store_true", help="what the last sweep left over, or found at fault")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _remembered() -> dict[Cell, str]:
    if not STATE.exists():
        return {}
    rows = [json.loads(line) for line in STATE.read_text().splitlines()]
    outcomes = {(row["family"], row["capability"]): row["outcome"] for row in rows}
    return {cell: outcome for cell, outcome in outcomes.items() if not outcome.startswith("FAULT")}


def _sweep(waiting: list[tuple[str, list[str]]], outcomes: dict[Cell, str], state) -> None:
    """Sends families to processes, some at a time, until every cell has an outcome."""

    def note(family: str, name: str, outcome: str) -> None:
        outcomes[family, name] = outcome
        state.write(json.dumps({"family": family, "capability": name, "outcome": outcome}) + "\n")
        state.flush()

    total = len(waiting)
    while waiting:
        chunk, waiting = waiting[:CHUNK], waiting[CHUNK:]
        print(f"{total - len(waiting)} of {total}: {chunk[0][0]} ...", file=sys.stderr, flush=True)
        while chunk:
            broken = _run(chunk, note)
            if broken is not None:
                note(*broken)
            chunk = [(family, [n for n in names if (family, n) not in outcomes]) for family, names in chunk]
            chunk = [(family, names) for family, names in chunk if names]


def _run(chunk: list[tuple[str, list[str]]], note) -> tuple[str, str, str] | None:
    """Sweeps in a process; the cell at which it died or hung, with a fault for it, or None."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sweep", "--worker"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    process.stdin.write(json.dumps(chunk))
    process.stdin.close()
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_forward, args=(process.stdout, lines), daemon=True).start()
    at = (chunk[0][0], chunk[0][1][0])
    try:
        while line := lines.get(timeout=PATIENCE_SECONDS):
            row = json.loads(line)
            at = (row["family"], row["capability"])
            if "outcome" in row:
                note(*at, row["outcome"])
    except queue.Empty:
        process.kill()
        process.wait()
        return (*at, f"FAULT: took longer than {PATIENCE_SECONDS} seconds")
    return (*at, f"FAULT: the process ended with {process.returncode}") if process.wait() else None


def _forward(stream, lines: queue.SimpleQueue[str]) -> None:
    for line in stream:
        lines.put(line)
    lines.put("")


def _work(chunk: list[tuple[str, list[str]]]) -> int:
    """What a process of the sweep does: checks its families, a line of JSON before and after each check."""
    import logging

    import torch
    import transformers

    from tests.sweep.check import load_capabilities, outcome, sample_of
    from tests.sweep.families import all_families

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    logging.disable(logging.CRITICAL)
    answers = sys.stdout
    sys.stdout = sys.stderr
    families, capabilities = {family.name: family for family in all_families()}, load_capabilities()

    def write(**row: str) -> None:
        answers.write(json.dumps(row) + "\n")
        answers.flush()

    for name, wanted in chunk:
        with tempfile.TemporaryDirectory() as folder:
            write(family=name, capability=wanted[0])
            try:
                with sample_of(families[name], Path(folder)) as sample:
                    for each in wanted:
                        write(family=name, capability=each)
                        found = outcome(capabilities[each].check, sample)
                        write(family=name, capability=each, outcome=found)
            except Exception as error:
                reason = f"FAULT: can't be built: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
                for each in wanted:
                    write(family=name, capability=each, outcome=reason)
    return 0


def _print(outcomes: dict[Cell, str], skipped: dict[str, str], arguments: argparse.Namespace) -> int:
    """Prints the table family x capability and what isn't equal; 1 where there is a fault."""
    names = list(dict.fromkeys(name for _, name in outcomes))
    families = list(dict.fromkeys(family for family, _ in outcomes))
    width = max(map(len, families), default=10)
    print(" " * width, *(f"{name:>10.10}" for name in names))
    for family in families:
        cells = [outcomes.get((family, name), "-").partition(":")[0] for name in names]
        print(f"{family:{width}}", *(f"{cell:>10}" for cell in cells))
    for start in ("refused", "FAULT"):
        found = [(family, name, text) for (family, name), text in outcomes.items() if text.startswith(start)]
        print(f"\n{start}:" if found else "")
        for family, name, text in found:
            print(f"  {family} {name}: {text.partition(': ')[2]}")
    for reason, count in Counter(skipped.values()).items():
        print(f"\nnot swept, {count}: {reason}")
        print("  " + ", ".join(name for name, why in skipped.items() if why == reason))
    return 1 if _print_sums(outcomes)["FAULT"] else 0


def _print_sums(outcomes: dict[Cell, str]) -> Counter[str]:
    """Prints how often each capability is equal, refused and at fault; the same for all of them together."""
    kinds = ("equal", "refused", "FAULT")
    found = Counter((name, text.partition(":")[0]) for (_, name), text in outcomes.items())
    total = Counter(text.partition(":")[0] for text in outcomes.values())
    print(f"\n{'':14}", *(f"{kind:>8}" for kind in kinds))
    for name in dict.fromkeys(name for _, name in outcomes):
        print(f"{name:14}", *(f"{found[name, kind]:>8,}" for kind in kinds))
    print(f"{'all':14}", *(f"{total[kind]:>8,}" for kind in kinds))
    print(f"\n{len({family for family, _ in outcomes}):,} families, {len(outcomes):,} cells")
    return total


if __name__ == "__main__":
    sys.exit(main())
