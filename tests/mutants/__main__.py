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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.listed import MUTANTS, Mutant
from treeprune.core.compilation import kernel_sources

CHECKOUT = Path(__file__).parents[2]
COPIED = ("treeprune", "tests", "datasets", "conftest.py", "pyproject.toml", "README.md", "docs", "benchmarks")
KERNELS = {path.name for path in kernel_sources()}


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
    if done.returncode not in (0, 1):  # 1: a test failed; more: none was run
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


def main() -> int:
    """Run the script; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    chosen = [m for m in MUTANTS if not args.words or any(w in f"{m.file} {m.test}" for w in args.words)]
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        copies = SimpleQueue()
        for number in range(args.jobs):
            copies.put(copy_checkout(Path(folder) / str(number)))

        def in_a_copy(work, *args, **options):
            copy = copies.get()
            try:
                return work(copy, *args, **options)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(args.jobs) as pool:
            kernels = {m.test for m in chosen if Path(m.file).name in KERNELS}
            others = {m.test for m in chosen if Path(m.file).name not in KERNELS}
            before = [
                pool.submit(in_a_copy, run_tests, sorted(tests), compiled=compiled)
                for tests, compiled in ((kernels, False), (others, True))
                if tests
            ]
            for passed, shown in (run.result() for run in before):
                if not passed:
                    what = f"{mutant.file}: {mutant.new.strip().splitlines()[0]}"
                print("caught " if found else "escaped", what, flush=True)
    n_escaped = sum(m.escapes is not None for m in chosen) - sum(m.escapes is not None for m in wrong)
    n_escaped += sum(m.escapes is None for m in wrong)
    print(f"{len(chosen)} mutants: {len(chosen) - n_escaped} caught, {n_escaped} escaped")
    for mutant in wrong:
        print(f"Not as listed: {mutant}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
