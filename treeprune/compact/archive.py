"""Files of JSON data and arrays: with a version, compressed by LZMA, and checked on reading. No code in them is run.

The container's checksum (CRC-64) tells a file that was damaged, but not one that was made to do harm, whose checksum
may be right: whoever reads the data and the arrays must take them for untrusted.
"""

import io
import json
import lzma
import math

import numpy as np
from numpy.typing import NDArray

from ..exceptions import ModelFormatError

MAGIC, VERSION = b"treeprune compact", 4
READABLE = (2, 3, 4)  # 2 names the family of a model by its adapter; models that hold others came with 4
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 0, "pb": 0}]
_KINDS = "biufU"  # arrays of numbers and of text


def write_archive(head: dict, arrays: list[NDArray]) -> bytes:
    """The bytes of a file with a head (JSON data) and arrays.

    Of each array the first bytes of all numbers come first, then all second bytes, and so on, which compresses better.
    """
    body, index = io.BytesIO(), []
    for array in arrays:
        index.append([array.dtype.str, list(array.shape)])
        flat = np.ascontiguousarray(array).reshape(-1)
        body.write(np.ascontiguousarray(flat.view(np.uint8).reshape(array.size, array.itemsize).T).tobytes())
    text = json.dumps({"head": head, "arrays": index}, separators=(",", ":")).encode()
    raw = len(text).to_bytes(8, "little") + text + body.getvalue()
    return MAGIC + bytes([VERSION]) + lzma.compress(raw, check=lzma.CHECK_CRC64, filters=_FILTERS)


def read_archive(data: bytes, max_bytes: int = 2**30) -> tuple[dict, list[NDArray]]:
    """What `write_archive` wrote.

    Raises
    ------
    ModelFormatError
        The bytes are no such file, of a newer version, damaged, or unpack to more than `max_bytes`.
    """
    if not data.startswith(MAGIC) or len(data) <= len(MAGIC):
        raise ModelFormatError("The file is no compact model of treeprune.")
    version = data[len(MAGIC)]
    if version not in READABLE:
        whose = "a newer treeprune wrote it" if version > VERSION else "write the model anew"
        raise ModelFormatError(
            f"The compact file has version {version}; this treeprune reads {min(READABLE)} to {VERSION}: {whose}."
        )
    raw = _unpacked(data[len(MAGIC) + 1 :], max_bytes)
    try:
        end = 8 + int.from_bytes(raw[:8], "little")
        content, arrays = json.loads(raw[8:end]), []
        for name, shape in content["arrays"]:
            dtype, size = np.dtype(name), math.prod(shape)
            n_bytes = size * dtype.itemsize
            if dtype.kind not in _KINDS or min(shape, default=0) < 0 or n_bytes > len(raw) - end:
                raise ModelFormatError(f"The compact file is damaged: an array of {name} and shape {shape}.")
            planes = np.frombuffer(raw, np.uint8, n_bytes, end).reshape(dtype.itemsize, size)
            arrays.append(planes.T.copy(order="C").reshape(-1).view(dtype).reshape(shape))
            end += n_bytes
        if end != len(raw) or not isinstance(content["head"], dict):
            raise ModelFormatError("The compact file is damaged: its parts do not fill it.")
        return content["head"], arrays
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, ModelFormatError):
            raise
        raise ModelFormatError(f"The compact file is damaged: {error}") from error


def _unpacked(packed, max_bytes):
    try:
        unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_XZ)
        raw = unpacker.decompress(packed, max_length=max_bytes + 1)
    except (lzma.LZMAError, EOFError) as error:
        raise ModelFormatError(f"The compact file is damaged: {error}") from error
    if len(raw) > max_bytes:
        raise ModelFormatError(f"The compact file unpacks to more than max_bytes={max_bytes}.")
    if not unpacker.eof or unpacker.unused_data:
        raise ModelFormatError(f"The compact file is {'longer than it says' if unpacker.eof else 'cut short'}.")
    return raw
