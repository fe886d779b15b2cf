"""JSON and UBJSON documents, as XGBoost saves its models in: read with every step checked, written anew.

UBJSON is the format of https://ubjson.org (draft 12), big-endian. Typed arrays become NumPy arrays without a loop.
"""

import json
import re
import struct

import numpy as np

from ..exceptions import ModelFormatError

#: Deeper documents are refused: no model is, and recursive parsers die of them.
MAX_NESTING = 64

_DTYPES = {"U": ">u1", "i": ">i1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
_MARKERS = {np.dtype(dtype).newbyteorder("="): marker for marker, dtype in _DTYPES.items()}
_STRUCTS = {"U": ">B", "i": ">b", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
_CONSTANTS = {"T": True, "F": False, "Z": None}
_JSON_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def decode(data: bytes) -> dict:
    """The document of JSON or UBJSON bytes; typed UBJSON arrays are NumPy arrays.

    Raises
    ------
    ModelFormatError
        The bytes are neither, are cut short, or nest deeper than 64; the message gives the byte.
    """
    if data[:1] != b"{":
        what = "a byte order mark" if data[:3] == b"\xef\xbb\xbf" else repr(bytes(data[:1]))
        raise ModelFormatError(f"byte 0: a JSON or UBJSON model starts with '{{'. Got {what if data else 'no bytes'}.")
    return _decode_json(data) if data[1:2] in b' \t\r\n"}' else _Reader(data).document()


def encode(document: dict) -> bytes:
    """UBJSON bytes of a document of dict, list, str, int, float, bool, None and one-dimensional arrays."""
    parts = []
    _encode(document, parts.append)
    return b"".join(parts)


def check_nesting(data: bytes) -> None:
    """Refuse JSON that nests deeper than 64, before a recursive parser sees it.

    Raises
    ------
    ModelFormatError
        It does.
    """
    depth = 0
    for token in _JSON_TOKEN.finditer(data):
        depth += (token[0] in b"[{") - (token[0] in b"]}")
        if depth > MAX_NESTING:
            raise ModelFormatError(f"byte {token.start()}: nesting deeper than {MAX_NESTING}")


def _decode_json(data):
    check_nesting(data)
    try:
        return json.loads(data)
    except UnicodeDecodeError as error:
        raise ModelFormatError(f"byte {error.start}: not UTF-8") from error
    except json.JSONDecodeError as error:
        raise ModelFormatError(f"byte {len(error.doc[: error.pos].encode())}: {error.msg}") from error
    except ValueError as error:  # a number of more digits than Python reads
        raise ModelFormatError(f"not JSON: {error}") from error


class _Reader:
    """A cursor over UBJSON bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def document(self):
        value = self.value(self.marker(), 1)
        if self.at != len(self.data):
            raise self.fault(f"{len(self.data) - self.at} bytes after the end of the document")
        return value

    def value(self, marker, depth):
        if depth > MAX_NESTING:
            raise self.fault(f"nesting deeper than {MAX_NESTING}")
        if marker == "{":
            return self.object(depth)
        if marker == "[":
            return self.array(depth)
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker in "SH":
            return self.string(self.size(self.marker()))
        if marker == "C":
            return self.string(1)
        return self.number(marker)

    def object(self, depth):
        result = {}
        while True:
            marker = self.marker()
            if marker == "}":
                return result
            key = self.string(self.size(marker))
            result[key] = self.value(self.marker(), depth + 1)

    def array(self, depth):
        marker, dtype, result = self.marker(), None, []
        if marker == "$":
            dtype, marker = self.marker(), self.marker()
        if marker != "#":
            if dtype is not None:
                raise self.fault("a typed array without its length")
            while marker != "]":
                result.append(self.value(marker, depth + 1))
                marker = self.marker()
            return result
        n = self.size(self.marker())
        if dtype in _DTYPES:
            raw = self.take(n * np.dtype(_DTYPES[dtype]).itemsize)
            return np.frombuffer(raw, _DTYPES[dtype]).astype(np.dtype(_DTYPES[dtype]).newbyteorder("="))
        if dtype is not None:
            raise self.fault(f"an array of type {dtype!r}")
        for _ in range(n):
            result.append(self.value(self.marker(), depth + 1))
        return result

    def size(self, marker):
        n = self.number(marker) if marker in "UiIlL" else -1
        if not 0 <= n <= len(self.data) - self.at:
            raise self.fault(f"a length of {n} with {len(self.data) - self.at} bytes left")
        return n

    def number(self, marker):
        if marker not in _STRUCTS:
            raise self.fault(f"unknown type {marker!r}")
        form = _STRUCTS[marker]
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def string(self, n):
        try:
            return self.take(n).decode()
        except UnicodeDecodeError as error:
            raise self.fault("a string that is not UTF-8") from error

    def marker(self):
        marker = "N"
        while marker == "N":  # a no-op
            marker = chr(self.take(1)[0])
        return marker

    def take(self, n):
        if self.at + n > len(self.data):
            raise self.fault(f"cut short: {n} bytes expected, {len(self.data) - self.at} left")
        self.at += n
        return self.data[self.at - n : self.at]

    def fault(self, what):
        return ModelFormatError(f"byte {self.at}: {what}")


def _encode(value, put):
    if isinstance(value, dict):
        put(b"{")
        for key, item in value.items():
            put(_sized(key))
            _encode(item, put)
        put(b"}")
    elif isinstance(value, np.ndarray):
        marker = _MARKERS[value.dtype]
        put(b"[$" + marker.encode() + b"#L" + struct.pack(">q", len(value)))
        put(value.astype(_DTYPES[marker]).tobytes())
    elif isinstance(value, list):
        put(b"[#L" + struct.pack(">q", len(value)))
        for item in value:
            _encode(item, put)
    elif isinstance(value, str):
        put(b"S" + _sized(value))
    elif isinstance(value, bool) or value is None:
        put({True: b"T", False: b"F", None: b"Z"}[value])
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ModelFormatError(f"{value} does not fit into 64 bits")
        put(b"L" + struct.pack(">q", value))
    else:
        put(b"D" + struct.pack(">d", value))


def _sized(text):
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise ModelFormatError(f"{text!r} is not Unicode") from error
    return b"L" + struct.pack(">q", len(raw)) + raw
