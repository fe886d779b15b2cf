"""Models and tables as people have them, by family: ``python -m benchmarks.faults [--only EXPRESSION]``.

Every result is compared with a value that treeprune has no part in, and is right, refused by name, wrong or a crash.
A few minutes on one core. Exit code 1 if something is wrong or crashes.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the models are too small for threads

import json
import multiprocessing
import re
import sys
import warnings
from collections import Counter
from dataclasses import astuple, dataclass

from benchmarks.common import RESULTS, report
from benchmarks.fault_checks import RefusedByLibrary, Wrong
from benchmarks.fault_models import FAMILIES
from benchmarks.fault_situations import SITUATIONS, Situation
from treeprune import MissingStatisticError, ModelFormatError, UnsupportedModelError

#: Words of numpy's own errors: a ValueError with one of them is an accident, and no refusal.
_ACCIDENTS = ("broadcast", "reshape", "operands", "dimension mismatch", "zero-size", "could not convert", "axis")
_FILE = RESULTS / "faults.jsonl"
_OUTCOMES = ("right", "refused", "wrong", "crash")
_LEGEND = """A cell lists the methods that were tried; "right" alone is all of them. Max depth and cost-complexity
prune by what the model stores, the others by rows: reduced error, joint and depth pruning, leaf refits and compress to
half of the nodes. Their prices, penalties and bounds are in `benchmarks/fault_checks.py`. Numbers are messages:"""


@dataclass(frozen=True)
class Outcome:
    """What became of one method in one cell."""

    kind: str
    method: str
    message: str = ""


def outcomes(situation: Situation, family: str) -> list[Outcome]:
    """What became of all methods that the situation tries on a family, in a process that may die of it."""
    here, there = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_send_outcomes, args=(situation, family, there))
    child.start()
    there.close()
    found = []
    try:
        while (outcome := here.recv()) is not None:
            found.append(outcome)
    except EOFError:
        found.append(Outcome("crash", "process", f"the process ended after {found[-1].method if found else 'nothing'}"))
    child.join()
    return found


def _send_outcomes(situation, family, there):
    for outcome in _outcomes(situation, family):
        there.send(outcome)
    there.send(None)


def _outcomes(situation, family):
    try:
        for method, check in situation.checks(family):
            yield _outcome(method, check)
    except Exception as error:  # in making the models or their right values
        yield _of_error("all", error)


def _outcome(method, check):
    try:
        check()
    except Exception as error:
        return _of_error(method, error)
    return Outcome("right", method)


def _of_error(method, error):
    message = str(error).split("\n")[0]
    if isinstance(error, Wrong):
        return Outcome("wrong", method, message)
    if isinstance(error, RefusedByLibrary):
        return Outcome("refused", method, f"by the library: {message}")
    own = (UnsupportedModelError, MissingStatisticError, ModelFormatError)
    if isinstance(error, own) or (isinstance(error, ValueError) and not any(word in message for word in _ACCIDENTS)):
        return Outcome("refused", method, message)
    return Outcome("crash", method, f"{type(error).__name__}: {message}")


def cell(found: list[Outcome], notes: dict[str, int]) -> str:
    """The outcomes of a cell in a few words; messages go to numbered notes."""
    parts = []
    for kind in _OUTCOMES:
        by_message: dict[str, list[str]] = {}
        for outcome in found:
            if outcome.kind == kind and outcome.method not in by_message.setdefault(outcome.message, []):
                by_message[outcome.message].append(outcome.method)
        for message, methods in by_message.items():
            if kind == "right":
                parts.append(
                    "right" if len({outcome.kind for outcome in found}) == 1 else f"right: {', '.join(methods)}"
                )
                continue
            number = notes.setdefault(message, len(notes) + 1)
            word = kind if kind == "refused" else f"**{kind.upper()}**"
            parts.append(f"{word} [{number}]: {', '.join(methods)}")
    return "; ".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="situations whose name this expression finds; others stay as saved")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    for situation in SITUATIONS:
        if re.search(chosen.only, situation.name):
            measured = {family: outcomes(situation, family) for family in FAMILIES if family in situation.families}
            _save(situation.name, measured)
            for family, found in measured.items():
                for outcome in found:
                    if outcome.kind in ("wrong", "crash"):
                        what = (situation.name, family, outcome.method, outcome.message)
                        print(outcome.kind.upper(), *what, sep=" | ", file=sys.stderr)
    return _tabulate()


def _save(name, measured):
    """Put the outcomes of a situation in the place of those that are saved; a line for each situation."""
    saved = _saved() | {name: {family: [astuple(one) for one in found] for family, found in measured.items()}}
    _FILE.write_text("".join(json.dumps(item) + "\n" for item in saved.items()))


def _saved():
    return dict(map(json.loads, _FILE.read_text().splitlines())) if _FILE.exists() else {}


def _tabulate():
    """Print and save the table of all that is saved; 1 if something is wrong or crashes."""
    table, notes, counts, saved = [], {}, Counter(), _saved()
    for situation in SITUATIONS:
        row = {"situation": situation.name}
        for family in FAMILIES:
            found = [Outcome(*one) for one in saved.get(situation.name, {}).get(family, [])]
            counts.update(outcome.kind for outcome in found)
            row[family] = cell(found, notes)
        table.append(row | {"right value": situation.source})
    text = f"**{', '.join(f'{counts[kind]} {kind}' for kind in _OUTCOMES)}.** {_LEGEND}\n\n"
    text += "\n".join(f"{number}. {message}" for message, number in notes.items())
    report("faults", "Models and tables as people have them", table, text)
    return int(counts["wrong"] + counts["crash"] > 0)


if __name__ == "__main__":
    sys.exit(main())
