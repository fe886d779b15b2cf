"""``python -m tests.fuzz [--mutants N] [--seed N] [--only WORD] [--keep FOLDER] [--write]``.

Exit code 1 if a mutant came to a bad end. ``--keep`` writes those files to a folder, ``--write`` the counts to
benchmarks/results/fuzz.md.
"""

import argparse
import sys
from importlib.metadata import version
from pathlib import Path

from tests.fuzz.counting import BAD, GOOD, outcomes
from tests.fuzz.specimens import targets

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "fuzz.md"


def main() -> int:
    parser = argparse.ArgumentParser(description="Damage model files at random, read them and predict.")
    parser.add_argument("--mutants", type=int, default=1000, help="of each format and family")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="formats and families whose name holds this word")
    parser.add_argument("--keep", type=Path, help="a folder for the files that came to a bad end")
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/results")
    chosen = parser.parse_args()
    columns = (*GOOD, *BAD)
    lines = [f"| format, family | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    print(*lines, sep="\n", flush=True)
    n_bad = 0
    for file_format, family in targets():
        name = f"{file_format}, {family}"
        if chosen.only not in name:
            continue
        found = outcomes(file_format, family, chosen.mutants, chosen.seed)
        lines.append(f"| {name} | {' | '.join(str(found.counts[column]) for column in columns)} |")
        print(lines[-1], flush=True)
        for i, (outcome, message, data) in enumerate(found.bad):
            n_bad += 1
            print(f"  {outcome}: {message[:300]}", file=sys.stderr)
            if chosen.keep is not None:
                chosen.keep.mkdir(parents=True, exist_ok=True)
                (chosen.keep / f"{name}, {i}, {outcome}").write_bytes(data)
    if chosen.write:
        RESULTS.write_text(_page(lines, chosen))
    return int(n_bad > 0)


def _page(lines, chosen):
    versions = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "lightgbm", "skops"))
    xgboost = __import__("xgboost").__version__
    command = f"python -m tests.fuzz --mutants {chosen.mutants} --seed {chosen.seed} --write"
    return f"""# Damaged model files

`{command}` ({versions}, xgboost {xgboost})

Sound files of each format and family with a byte, a number, a line, a value of the document or some numbers of an array
changed at random. Each was read by `read_model` and, if it was accepted, predicted with, in a process that may die of
it.

- refused: ModelFormatError or UnsupportedModelError.
- as the library: the model predicts bit for bit what the library's own loader makes of the file, or raises the same.
  Compact files, whose checksums are right, only treeprune loads: the model predicts.
- predicting raises: of compact files, the model loads and refuses to predict, as scikit-learn does of parameters out of
  range.
- the library dies: the model predicts, and the library's own loader ends the process or hangs.
- process ends, hangs, another error (than the two), another prediction (than the library's own): none is allowed.

{chr(10).join(lines)}
"""


if __name__ == "__main__":
    sys.exit(main())
