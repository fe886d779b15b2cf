"""Compiled kernels on disk: used again as long as they are what the sources say, never longer."""

import math
import os
import shutil
import subprocess
import sys
from importlib import import_module
from inspect import getmodule
from pathlib import Path
from types import ModuleType

import pytest
from numba.core.dispatcher import Dispatcher

import treeprune
from treeprune.core.compilation import kernel_sources

PACKAGE = Path(treeprune.__file__).parent

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled here")

#: A kernel in a file of its own, whose helper is in another.
CALLER = """
from ..core.compilation import kernel
from ..core.kernels import pair_sum

@kernel
def total(a, b):
    return pair_sum(a, 0.0, b, 0.0)[0]
"""
RUN = "from treeprune.search.total import total; print(total(1.0, 2.0), sum(total.stats.cache_hits.values()))"


@pytest.fixture
def copied(tmp_path):
    """The package in a folder of its own, without compiled kernels."""
    copy = tmp_path / "treeprune"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "search" / "total.py").write_text(CALLER)
    return copy


def run(copied, **env):
    env = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"} | env
    command = [sys.executable, "-c", RUN]  # -c puts the folder that it runs in first on the path
    done = subprocess.run(command, cwd=copied.parent, env=env, capture_output=True, text=True, check=True)
    total, hits = done.stdout.split()
    return float(total), int(hits)


@pytest.mark.parametrize("where", ["beside the source", "in a folder of one's own"])
def test_a_changed_helper_in_another_file_is_noticed(copied, tmp_path, where):
    env = {} if where == "beside the source" else {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run(copied, **env) == (3.0, 0)
    assert run(copied, **env) == (3.0, 1)
    kernels = copied / "core" / "kernels.py"
    source, times = kernels.read_text(), kernels.stat()
    line = "    total, error = two_sum(high, other_high)\n"
    assert source.count(line) == 1
    kernels.write_text(source.replace(line, line.replace("(high, other_high)", "(high, other_low )")))
    os.utime(kernels, ns=(times.st_atime_ns, times.st_mtime_ns))  # an upgrade may keep times and lengths
    assert run(copied, **env) == (1.0, 0)


def test_a_folder_that_cannot_be_written_costs_a_compile_only(copied, tmp_path):
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "cache")
    locators = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME")
    for folder in {path.parent for path in copied.rglob("*.py")}:
        (folder / "__pycache__").touch()  # a file where numba wants a folder: root, too, can write nothing into it
    assert run(copied, PYTHONDONTWRITEBYTECODE="1", **dict.fromkeys(locators, nowhere)) == (3.0, 0)


def kernels():
    for path in kernel_sources():
        module = import_module(".".join(("treeprune", *path.relative_to(PACKAGE).with_suffix("").parts)))
        yield from ((module, value) for value in vars(module).values() if isinstance(value, Dispatcher))


def test_all_that_kernels_are_compiled_from_is_in_the_stamp():
    """What a kernel names is a kernel, a module that is no part of treeprune, or defined in the same file."""
    sources = {str(path) for path in kernel_sources()}
    found = list(kernels())
    assert len(found) > 40
    for module, compiled in found:
        assert getmodule(compiled.py_func).__file__ in sources
        for name in compiled.py_func.__code__.co_names:
            value = vars(module).get(name)
            if isinstance(value, ModuleType):
                assert not value.__name__.startswith("treeprune"), (compiled, name)
            elif value is not None and not isinstance(value, Dispatcher) and getmodule(value) is not math:
                assert f"\n{name} = " in Path(module.__file__).read_text(), (compiled, name)
