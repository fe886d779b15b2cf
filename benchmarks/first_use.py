"""What does the first run of each command cost, with no kernel compiled, and what does the next?

``python -m benchmarks.first_use`` takes about two minutes of CPU. Kernels are compiled at their first use and kept on
disk; here each command starts with an empty folder for them.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.common import cpu_seconds, report

_DATA = str(Path(__file__).parents[1] / "datasets" / "breast_cancer.csv.gz")
_TABLE = [_DATA, "--target", "diagnosis"]
COMMANDS = [
    ["demo"],
    ["path", *_TABLE],
    ["prune", *_TABLE, "-o", "tree.joblib"],
    ["prune", *_TABLE, "--method", "mdl", "-o", "tree.joblib"],
    ["compare", *_TABLE],
    ["report", *_TABLE, "-o", "report.html"],
    ["select", *_TABLE],
    ["compress", *_TABLE, "--max-nodes", "200", "-o", "forest.joblib"],
]
NOTES = """
Kernels: compiled signatures. On a loaded machine CPU seconds grow, too, by as much as a third.
"""


def measure(command: list[str]) -> dict:
    """CPU seconds of a command in a fresh process and folder, without compiled kernels and with them."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        env = os.environ | {"NUMBA_CACHE_DIR": cache}
        env["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1]), env.get("PYTHONPATH", "")])

        def run():
            words = [sys.executable, "-m", "treeprune", *command]
            subprocess.run(words, cwd=folder, env=env, check=True, capture_output=True)

        (first, _), (again, _) = cpu_seconds(run), cpu_seconds(run)
        n_kernels = len(list(Path(cache).rglob("*.nbc")))
    shown = " ".join(word.replace(_DATA, Path(_DATA).name) for word in command)
    return {
        "command": f"`treeprune {shown}`",
        "first, CPU s": first,
        "again, CPU s": again,
        "compiling, CPU s": first - again,
        "kernels": n_kernels,
    }


def main() -> None:
    rows = []
    for command in COMMANDS:
        rows.append(measure(command))
        report("first_use", "The first run of each command, and the next", rows, NOTES)


if __name__ == "__main__":
    main()
