"""Random changes of files: of bytes, of numbers and lines of text, of values in documents, of arrays in archives."""

import copy
import io
import json
import re
import zipfile
from collections.abc import Callable

import numpy as np

from treeprune.adapters.documents import decode, encode
from treeprune.compact.archive import read_archive, write_archive

_TOKENS = (
    *("0", "1", "-1", "2", "7", "255", "256", "2147483647", "-2147483648", "4294967296", "9223372036854775808"),
    *(
        "1e308",
        "1e400",
        "-1e-320",
        "nan",
        "inf",
        "-inf",
        "Infinity",
        "",
        "null",
        '"3"',
        "[]",
        "１",
        "1_0",
        " 1",
        "0x10",
    ),
)
_VALUES = (
    *(0, 1, -1, 2, 7, 255, 256, 2**31 - 1, -(2**31), 2**40, 0.5, 1e308, float("nan"), float("inf"), -float("inf")),
    *("", "0", "-1", "3", "99", "１", "1_0", " 1", "2147483647", "nan", "inf", "[]", True, None, [], {}, [0], [[]]),
)
_WILD = np.array([0, 1, 2, 7, 255, 256, -1, -2, 2**31 - 1, -(2**31), 1e300, np.nan, np.inf, -np.inf])
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|nan|inf")


def mutant(file_format: str, data: bytes, rng: np.random.Generator) -> bytes:
    """A file with something changed."""
    changes = _CHANGES[file_format]
    return changes[rng.integers(len(changes))](data, rng)


def _bytes(data, rng):
    """Bytes changed, taken out, put in, or the end cut off."""
    data, at = bytearray(data), int(rng.integers(len(data)))
    kind = rng.integers(5)
    if kind == 0:
        data[at] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        data[at] = int(rng.integers(256))
    elif kind == 2:
        del data[at : at + int(rng.integers(1, 9))]
    elif kind == 3:
        data[at:at] = bytes(rng.integers(0, 256, rng.integers(1, 9), np.uint8))
    else:
        del data[at:]
    return bytes(data)


def _number(data, rng):
    """A number of the text in the place of another, or a wild one."""
    found = list(_NUMBER.finditer(data))
    at, other = (found[i] for i in rng.integers(len(found), size=2))
    new = other[0] if rng.random() < 0.3 else _TOKENS[rng.integers(len(_TOKENS))].encode()
    return data[: at.start()] + new + data[at.end() :]


def _header_number(data, rng):
    """The same ahead of the first tree, where counts stand."""
    end = data.index(b"tree_sizes") if b"tree_sizes" in data else len(data)
    return _number(data[:end], rng) + data[end:]


def _line(data, rng):
    """A line taken out, doubled, or exchanged with another."""
    lines = data.split(b"\n")
    first, second = (int(i) for i in rng.integers(len(lines), size=2))
    kind = rng.integers(3)
    if kind == 0:
        del lines[first]
    elif kind == 1:
        lines.insert(first, lines[second])
    else:
        lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)


def _changed(document, rng):
    """A copy of a document of dict and list in which one or two values are others."""
    document = copy.deepcopy(document)
    for _ in range(rng.integers(1, 3)):
        at = document
        while True:
            keys = list(at) if isinstance(at, dict) else range(len(at))
            if not len(keys):
                break
            key = keys[rng.integers(len(keys))]
            if isinstance(at[key], (dict, list)) and len(at[key]) and rng.random() < 0.95:
                at = at[key]
                continue
            _change_at(at, key, keys, rng)
            break
    return document


def _change_at(at, key, keys, rng):
    kind, other = rng.integers(8), keys[rng.integers(len(keys))]
    if kind == 0:
        del at[key]
    elif kind == 1:
        at[key], at[other] = at[other], at[key]
    elif kind == 2 and isinstance(at, list):
        at.append(copy.deepcopy(at[key]))
    elif kind == 3 and type(at[key]) in (int, float):
        at[key] += int(rng.integers(-2, 3))
    elif kind == 4 and isinstance(at[key], str):
        at[key] = _TOKENS[rng.integers(len(_TOKENS))]
    else:
        at[key] = copy.deepcopy(_VALUES[rng.integers(len(_VALUES))])


def _json(data, rng):
    return json.dumps(_changed(json.loads(data), rng)).encode()


def _as_ubjson(data, rng):
    document = _changed(_plain(decode(data)), rng)
    try:
        return encode(_typed(document))
    except (Exception, RecursionError):  # not to be written: another one
        return _bytes(data, rng)


def _plain(value):
    """Arrays of a document as lists."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def _typed(value):
    """Lists of numbers as arrays, as XGBoost writes them."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list) and value and {type(item) for item in value} == {float}:
        return np.array(value, np.float32)
    if isinstance(value, list) and value and {type(item) for item in value} == {int}:
        wide = not -(2**31) <= min(value) <= max(value) < 2**31
        return np.array(value, np.int64 if wide else np.int32)
    return [_typed(item) for item in value] if isinstance(value, list) else value


def _skops(data, rng):
    """A file within the archive: its schema, or some numbers of an array."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    names = [name for name in parts if name.endswith(".npy")]
    if not names or rng.random() < 0.4:
        schema = json.loads(parts["schema.json"])
        parts["schema.json"] = json.dumps(_changed(schema, rng)).encode()
    else:
        name = names[rng.integers(len(names))]
        array = np.load(io.BytesIO(parts[name])).copy()
        if array.size:
            _scramble(array, rng)
        buffer = io.BytesIO()
        np.save(buffer, array[:-1] if array.ndim and len(array) and rng.random() < 0.1 else array)
        parts[name] = buffer.getvalue()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _scramble(array, rng):
    """Some numbers of an array become wild ones, or those of other places."""
    if array.dtype.names:
        array = array[array.dtype.names[rng.integers(len(array.dtype.names))]]
    if array.dtype.kind not in "iufb":
        return
    for _ in range(rng.integers(1, 4)):
        at = np.unravel_index(rng.integers(array.size), array.shape)
        other = np.unravel_index(rng.integers(array.size), array.shape)
        with np.errstate(all="ignore"):
            array[at] = array[other] if rng.random() < 0.3 else _WILD[rng.integers(len(_WILD))].astype(array.dtype)


def _compact(data, rng):
    """A whole compact file, checksum included, of a changed head or of changed arrays."""
    head, arrays = read_archive(data)
    if rng.random() < 0.5:
        head = _changed(head, rng)
    else:
        arrays = [array.copy() for array in arrays]
        which = int(rng.integers(len(arrays)))
        if rng.random() < 0.1:
            arrays[which] = arrays[which][:-1] if arrays[which].ndim else arrays[which][None]
        elif arrays[which].size:
            _scramble(arrays[which], rng)
    return write_archive(head, arrays)


_CHANGES: dict[str, tuple[Callable, ...]] = {
    "xgboost JSON": (_json, _json, _json, _number, _header_number, _bytes),
    "xgboost UBJSON": (_as_ubjson, _as_ubjson, _bytes),
    "lightgbm text": (_number, _header_number, _header_number, _line, _bytes),
    "skops": (_skops, _skops, _skops, _skops, _bytes),
    "compact": (_compact, _compact, _compact, _compact, _compact, _compact, _bytes),
}
