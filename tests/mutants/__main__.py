"""Plant each listed fault in a copy of the checkout and see that the test named beside it fails.

``python -m tests.mutants [WORD ...] [--jobs N]``: the mutants whose file or test holds one of the words, or all. First
the named tests must pass without a fault. Exit code 1 if a mutant that should be caught was not, or one that should
escape was caught.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.mutants.listed import MUTANTS, Mutant
from treeprune.core.compilation import kernel_sources

CHECKOUT = Path(__file__).parents[2]
COPIED = ("treeprune", "tests", "datasets", "conftest.py", "pyproject.toml", "README.md", "docs", "benchmarks")
KERNELS = {path.name for path in kernel_sources()} - {"compilation.py"}


def copy_checkout(folder: Path) -> Path:
    """The checkout with its compiled kernels, which hold for unchanged sources, and its times."""
    for name in COPIED:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        elif source.exists():
            shutil.copy2(source, folder / name)
    return folder


def run_tests(folder: Path, tests: list[str], *, compiled: bool) -> tuple[bool, str]:
    """Whether tests pass in a copy, and what was printed. A changed kernel runs uncompiled, which starts at once."""
    env = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    env.pop("NUMBA_CACHE_DIR", None)
    if not compiled:
        env["NUMBA_DISABLE_JIT"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=900)
    none = done.returncode == 0 and " passed" not in done.stdout.splitlines()[-1]  # but skipped
    if none or done.returncode not in (0, 1):  # 1: a test failed
        raise RuntimeError(f"{' '.join(tests)} could not be run:\n{done.stdout}{done.stderr}")
    return done.returncode == 0, done.stdout


def caught(folder: Path, mutant: Mutant) -> bool:
    """Whether the test fails with the mutant in place; the copy is put right again."""
    path = folder / "treeprune" / mutant.file
    source, times = path.read_text(), path.stat()
    assert source.count(mutant.old) == 1, f"{mutant.file} does not hold once: {mutant.old}"
    path.write_text(source.replace(mutant.old, mutant.new))
    try:
        passed, _ = run_tests(folder, [mutant.test], compiled=path.name not in KERNELS)
        return not passed
    finally:
        path.write_text(source)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


class Copies:
    """A copy of the checkout for each job, one job at a time in each."""

    def __init__(self, folder: Path, n: int):
        self._free, self._pool = SimpleQueue(), ThreadPoolExecutor(n)
        for number in range(n):
            self._free.put(copy_checkout(folder / str(number)))

    def each(self, work: Callable[[Path, Any], Any], jobs: Iterable) -> Iterator:
        """What ``work(copy, job)`` gives for each job, in their order."""

        def in_a_copy(job):
            copy = self._free.get()
            try:
                return work(copy, job)
            finally:
                self._free.put(copy)

        return self._pool.map(in_a_copy, jobs)


def without_a_fault(copies: Copies, mutants: list[Mutant]) -> list[str]:
    """What the named tests print if they fail in the unchanged package."""
    kernels = sorted({m.test for m in mutants if Path(m.file).name in KERNELS})
    others = sorted({m.test for m in mutants} - {m.test for m in mutants if Path(m.file).name in KERNELS})
    jobs = [(tests, compiled) for tests, compiled in ((kernels, False), (others, True)) if tests]
    runs = copies.each(lambda copy, job: run_tests(copy, job[0], compiled=job[1]), jobs)
    return [shown for passed, shown in runs if not passed]


def main() -> int:
    """Run the script; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    chosen = [m for m in MUTANTS if not args.words or any(w in f"{m.file} {m.test}" for w in args.words)]
    n_caught, unlike = 0, []
    with tempfile.TemporaryDirectory() as folder:
        copies = Copies(Path(folder), args.jobs)
        if failures := without_a_fault(copies, chosen):
            print("Without a fault:", *failures, sep="\n")
            return 1
        for mutant, found in zip(chosen, copies.each(caught, chosen), strict=True):
            print("caught " if found else "escaped", f"{mutant.file}: {mutant.new.strip()}", flush=True)
            n_caught += found
            if found != (mutant.escapes is None):
                unlike.append(mutant)
    print(f"{len(chosen)} mutants: {n_caught} caught, {len(chosen) - n_caught} escaped")
    for mutant in unlike:
        print(f"Not as listed: {mutant}")
    return int(bool(unlike))


if __name__ == "__main__":
    sys.exit(main())
