"""How loops are compiled, and when a compiled loop on disk is out of date.

numba keeps what it compiled beside the source (or in ``NUMBA_CACHE_DIR``) and compiles again when that one file
changes. What the file calls in others is compiled into the same code, yet not looked at: a changed helper would go
unnoticed, on the next run as after an upgrade. So here a compiled kernel counts as fresh only while the sources of all
kernels are those that it was compiled from.
"""

import hashlib
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

_PACKAGE = Path(__file__).parents[1]
_HAS_KERNELS = re.compile(rb"^@(kernel|part)$", re.MULTILINE)


def kernel(function):
    """Compile with numba, cached on disk where a cache folder can be written."""
    return _compiled(function, no_cfunc_wrapper=True)


def part(function):
    """Compile what only kernels call, without what it takes to call it from Python."""
    return _compiled(function, no_cfunc_wrapper=True, no_cpython_wrapper=True)


def _compiled(function, **options):
    compiled = numba.njit(nogil=True, **options)(function)
    if compiled is not function:  # as it is with NUMBA_DISABLE_JIT=1
        # Without a writable place for the cache, each process compiles; there is no other harm.
        with suppress(RuntimeError):
            compiled._cache = _KernelCache(function)  # what ``cache=True`` does, with another stamp
    return compiled


class _KernelCache(FunctionCache):
    """The compiled forms of one kernel on disk, dropped as soon as the source of any kernel changes."""

    def __init__(self, function):
        super().__init__(function)
        self._cache_file = IndexDataCacheFile(self.cache_path, self._impl.filename_base, source_stamp())


@cache
def source_stamp() -> str:
    """A hash of all sources that hold kernels: their paths within the package, and all that they say."""
    found = hashlib.sha256()
    for path in kernel_sources():
        found.update(b"%s\0%s\0" % (path.relative_to(_PACKAGE).as_posix().encode(), path.read_bytes()))
    return found.hexdigest()


def kernel_sources() -> list[Path]:
    """The files of the package that define kernels, and this one, which says how they are compiled."""
    paths = sorted(_PACKAGE.rglob("*.py"))
    return [path for path in paths if path == Path(__file__) or _HAS_KERNELS.search(path.read_bytes())]
