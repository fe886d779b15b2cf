"""What became of mutants: each is judged in a process that may die of it."""

import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.fuzz.mutations import mutant
from tests.fuzz.specimens import files

#: Outcomes that are as they must be, and those that are not.
GOOD = ("refused", "as the library", "the library dies", "predicting raises")
BAD = ("process ends", "hangs", "another error", "another prediction")


@dataclass
class Outcomes:
    """Counts of what became of mutants, and the bad ones: ``outcome, message, file``."""

    counts: Counter = field(default_factory=Counter)
    bad: list = field(default_factory=list)


def outcomes(file_format: str, family: str, n_mutants: int, seed: int = 0, seconds: float = 10) -> Outcomes:
    """What became of so many mutants of the files of a format and family, the same for the same seed."""
    sound = files(file_format, family)
    mutants = [mutant(file_format, sound[i % len(sound)], np.random.default_rng([seed, i])) for i in range(n_mutants)]
    ours = _judged(sound[0], mutants, "treeprune", file_format, seconds)
    accepted = [data if ours[i].startswith("predict") else None for i, data in enumerate(mutants)]
    of_library = file_format != "compact"  # which only treeprune loads
    theirs = _judged(sound[0], accepted, "library", file_format, seconds) if of_library else {}
    found = Outcomes()
    for i, data in enumerate(mutants):
        outcome = _outcome(ours[i], theirs.get(i))
        found.counts[outcome] += 1
        if outcome in BAD:
            found.bad.append((outcome, f"{ours[i]} | {theirs.get(i)}", data))
    return found


def _outcome(ours, theirs):
    if ours in ("process ends", "hangs"):
        return ours
    if ours.startswith("refused"):
        return "refused"
    if ours.startswith("loading raises"):
        return "another error"
    if theirs is None and ours.startswith("predicting raises"):
        return "predicting raises"
    if theirs in ("process ends", "hangs"):
        return "the library dies"
    return "as the library" if theirs in (None, ours) else "another prediction"


def _judged(sound, mutants, reader, file_format, seconds):
    """Outcomes by position. A process goes on where the last one died."""
    found, first = {}, 0
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mutants")
        path.write_bytes(pickle.dumps((sound, mutants)))
        while True:
            command = [
                sys.executable,
                "-m",
                "tests.fuzz.child",
                str(path),
                reader,
                file_format,
                str(first),
                str(seconds),
            ]
            child = subprocess.run(command, env=env, capture_output=True, text=True)
            found |= dict(map(json.loads, child.stdout.splitlines()))
            if not found.get(-1, "").startswith("predicts"):
                raise RuntimeError(
                    f"{reader} does not take a sound file of {file_format}: {found} {child.stderr[-500:]}"
                )
            if child.returncode == 0:
                return found
            first = max(found, default=-1) + 1
            while mutants[first] is None:
                first += 1
            found[first] = "hangs" if "Timeout (" in child.stderr else "process ends"
            first += 1
