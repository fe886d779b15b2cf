"""JSON and UBJSON documents, in which XGBoost saves its models: read with every step checked, and written.

UBJSON is the format of https://ubjson.org (draft 12), big-endian. Typed arrays are NumPy views of their bytes.
"""

import json
import re
import struct
from functools import lru_cache

import numpy as np

from ..exceptions import ModelFormatError

#: Deeper documents are refused: no model nests so deep, and recursive parsers crash on them.
MAX_NESTING = 64

_FORMS = {b"U": "B", b"i": "b", b"I": "h", b"l": "i", b"L": "q", b"d": "f", b"D": "d"}
_SCALARS = {marker: struct.Struct(f">{form}") for marker, form in _FORMS.items()}
_DTYPES = {marker: np.dtype(f">{form}") for marker, form in _FORMS.items()}
_MARKERS = {dtype.newbyteorder(order): marker for marker, dtype in _DTYPES.items() for order in "<>"}
_SIZES = b"UiIlL"
_LENGTH = _SCALARS[b"L"]
_CONSTANTS = {b"T": True, b"F": False, b"Z": None}
_TYPED_ARRAY = re.compile(rb"\[\$([UiIlLdD])#([UiIlL])")
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
        The data nest too deep.
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
    """A cursor over UBJSON bytes. A large model has tens of thousands of keys and arrays: each step is kept short."""

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
        if marker == b"[":
            typed = _TYPED_ARRAY.match(self.data, self.at - 1)
            return self.array(depth) if typed is None else self.numbers(typed)
        if marker == b"S" or marker == b"H":
            return self.string(self.marker())
        if marker == b"{":
            return self.object(depth)
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker == b"C":
            return self.text(1)
        return self.number(marker)

    def object(self, depth):
        result = {}
        while True:
            marker = self.marker()
            if marker == b"}":
                return result
            key = self.string(marker)
            result[key] = self.value(self.marker(), depth + 1)

    def array(self, depth):
        marker, dtype, result = self.marker(), None, []
        if marker == b"$":
            dtype, marker = self.marker(), self.marker()
        if marker != b"#":
            if dtype is not None:
                raise self.fault("a typed array without its length")
            while marker != b"]":
                result.append(self.value(marker, depth + 1))
                marker = self.marker()
            return result
        if dtype is not None:
            raise self.fault(f"an array of type {dtype.decode('latin-1')!r}")
        for _ in range(self.size(self.marker())):
            result.append(self.value(self.marker(), depth + 1))
        return result

    def numbers(self, typed):
        """A typed array, whose beginning is matched."""
        self.at = typed.end()
        dtype, n = _DTYPES[typed[1]], self.size(typed[2])
        return np.frombuffer(self.take(n * dtype.itemsize), dtype)

    def size(self, marker):
        n = self.number(marker) if marker in _SIZES else -1
        if not 0 <= n <= len(self.data) - self.at:
            raise self.fault(f"a length of {n} with {len(self.data) - self.at} bytes left")
        return n

    def number(self, marker):
        form = _SCALARS.get(marker)
        if form is None:
            raise self.fault(f"unknown type {marker.decode('latin-1')!r}")
        try:
            number = form.unpack_from(self.data, self.at)[0]
        except struct.error:
            raise self.cut_short(form.size) from None
        self.at += form.size
        return number

    def string(self, marker):
        return self.text(self.size(marker))

    def text(self, n):
        raw = self.data[self.at : self.at + n]
        self.at += n
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise self.fault("a string that is not UTF-8") from error

    def marker(self):
        marker = b"N"
        while marker == b"N":  # a no-op
            marker = self.take(1)
        return marker

    def take(self, n):
        first = self.at
        self.at = first + n
        if self.at > len(self.data):
            self.at = first
            raise self.cut_short(n)
        return self.data[first : self.at]

    def cut_short(self, n):
        return self.fault(f"cut short: {n} bytes expected, {len(self.data) - self.at} left")

    def fault(self, what):
        return ModelFormatError(f"byte {self.at}: {what}")


def _encode(value, put):
    if isinstance(value, np.ndarray):
        marker = _MARKERS[value.dtype]
        put(b"[$%b#L%b" % (marker, _LENGTH.pack(len(value))))
        put(value.astype(_DTYPES[marker], copy=False).tobytes())
    elif isinstance(value, str):
        put(b"S" + _sized(value))
    elif isinstance(value, dict):
        put(b"{")
        for key, item in value.items():
            put(_key(key))
            _encode(item, put)
        put(b"}")
    elif isinstance(value, list):
        put(b"[#L" + _LENGTH.pack(len(value)))
        for item in value:
            _encode(item, put)
    elif isinstance(value, bool) or value is None:
        put({True: b"T", False: b"F", None: b"Z"}[value])
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ModelFormatError(f"{value} does not fit into 64 bits")
        put(b"L" + _LENGTH.pack(value))
    else:
        put(b"D" + _SCALARS[b"D"].pack(value))


@lru_cache
def _key(text):
    return _sized(text)


def _sized(text):
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise ModelFormatError(f"{text!r} is not Unicode") from error
    return b"L%b%b" % (_LENGTH.pack(len(raw)), raw)
