"""Objects as JSON data and arrays, and back. It does what pickle does, but a file cannot make it run any code.

Numbers, text, containers and arrays are written as they are. Any other object is written as its class and attributes,
and only if the class is among those that the caller allows. Reading makes an empty object of that class and sets the
attributes. Objects of one class with the same attributes in a list, such as the trees of a forest, are written as
columns, one for each attribute.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from importlib import import_module
from itertools import pairwise
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from ..exceptions import ModelFormatError, UnsupportedModelError

_MAX_DEPTH = 32
_MAX_ITEMS = 10**7
_GENERATORS = {"MT19937": np.random.RandomState, "PCG64": np.random.Generator}
#: Compiled modules that leave out their package when they are asked for their name (scikit-learn 1.6).
_MODULES = {"_loss": "sklearn._loss._loss"}
_FACTORIES = {cls.__name__: cls for cls in (OrderedDict, dict, list, int, float)}
_TYPES = {cls.__name__: cls for cls in (bool, int, float, str, object)}
#: Functions from outside of scikit-learn that steps are made of. A file may name them, but make no objects of them.
_NAMED = {"scipy.sparse._csr.csr_matrix"}


class Budget:
    """How many objects may still be read: of a whole file, however many values it holds.

    Parameters
    ----------
    left : int
    """

    def __init__(self, left: int = _MAX_ITEMS):
        self.left = left


def flatten(
    value: Any,
    known: Collection[str],
    model_number: Callable[[Any], int | None] = lambda value: None,
    left_out: Mapping[str, Collection[str]] | None = None,
) -> tuple[Any, list[NDArray]]:
    """A value as JSON data, and the arrays that the data refer to by their positions.

    Parameters
    ----------
    value : object
    known : collection of str
        Paths (module and name) of the classes and functions that the value may contain.
    model_number : callable, optional
        Numbers of objects that are stored elsewhere, which stand for them; None: the object is none of these.
    left_out : mapping of str to collection of str, optional
        By the paths of classes, names of attributes that are not written.

    Raises
    ------
    UnsupportedModelError
        The value contains an object of another class; the message says where.
    """
    writer = _Writer(known, model_number, left_out or {})
    return writer.value(value, type(value).__name__, 0), writer.arrays


def restore(
    text: Any,
    arrays: list[NDArray],
    known: Collection[str],
    models: Sequence[Any] = (),
    budget: Budget | None = None,
    checks: Mapping[str, Callable[[Any], None]] | None = None,
) -> Any:
    """The value that `flatten` was given.

    Parameters
    ----------
    text, arrays
        What `flatten` returned.
    known : collection of str
        Paths of the classes and functions that the text may name.
    models : sequence of object
        The objects that were stored elsewhere, by their numbers.
    budget : Budget, optional
        What the text may take of the objects of a file.
    checks : mapping of str to callable, optional
        By the paths of classes, what looks at an object of theirs as soon as it is made.

    Raises
    ------
    ModelFormatError
        The text is malformed, or names a class that is not known.
    """
    try:
        return _Reader(arrays, known, models, budget or Budget(), checks or {}).value(text, 0)
    except ModelFormatError:
        raise
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise ModelFormatError(f"The compact file is damaged: {type(error).__name__}: {error}") from error


def _path(item):
    return f"{_MODULES.get(item.__module__, item.__module__)}.{item.__qualname__}"


class _Writer:
    """Writes values as JSON data, each kind of value by a method of its own.

    What JSON has no form for becomes an object with one key, the kind, by which `_READERS` finds how to read it.
    """

    def __init__(self, known, model_number, left_out):
        self.known, self.model_number, self.left_out = known, model_number, left_out
        self.arrays, self.numbers = [], {}
        # By id(): the number of each object written so far, which stands for it where it occurs again, and the object
        # itself, because the id of an object that is gone may be given to another.
        self.seen = {}

    def value(self, value, where, depth):
        if depth > _MAX_DEPTH:
            raise UnsupportedModelError(f"{where} nests deeper than {_MAX_DEPTH}: it has no compact form.")
        if isinstance(value, np.generic):
            return (
                {"scalar": [value.dtype.str, value.item()]}
                if value.dtype.kind in "biufU"
                else self.refuse(value, where)
            )
        if value is None or type(value) in (bool, int, float, str):
            return value
        if type(value) is np.ma.MaskedArray:
            parts = (value.data, np.ma.getmaskarray(value), value.fill_value)
            return {"masked": [self.value(part, where, depth + 1) for part in parts]}
        if isinstance(value, np.ndarray):
            return self.array(value, where, depth)
        for cls, name in ((tuple, "tuple"), (list, "list"), (set, "set"), (frozenset, "frozenset")):
            if type(value) is cls:
                items = self.items(sorted(value, key=repr) if cls in (set, frozenset) else value, where, depth)
                return items if cls is list else {name: items}
        if type(value) in (dict, OrderedDict, defaultdict, Bunch):
            return self.mapping(value, where, depth)
        if isinstance(value, slice):
            return {"slice": [value.start, value.stop, value.step]}
        if isinstance(value, type) and issubclass(value, np.generic):
            return {"number type": np.dtype(value).str}
        if isinstance(value, np.dtype) and value.kind in "biufUO":
            return {"dtype": value.str}
        if isinstance(value, type) and value is _TYPES.get(value.__name__):
            return {"type": value.__name__}
        if isinstance(value, np.ufunc) and getattr(np, value.__name__, None) is value:
            return {"ufunc": value.__name__}
        if type(value) is itemgetter:
            return {"itemgetter": self.items(value.__reduce__()[1], where, depth)}
        if type(value).__name__ == "Index" and type(value).__module__.partition(".")[0] == "pandas":
            return {"pandas index": self.items(value.tolist(), where, depth)}
        if type(value) is partial:
            parts = [value.func, value.args, value.keywords]
            return {"partial": [self.value(part, where, depth + 1) for part in parts]}
        if callable(value) and getattr(value, "__qualname__", None) and _path(value) in {*self.known, *_NAMED}:
            return {"known": _path(value)}
        number = self.model_number(value)
        if number is not None:
            return {"model": number}
        return self.object(value, where, depth)

    def items(self, values, where, depth):
        values = list(values)
        columns = self.columns(values, where, depth) if len(values) > 1 else None
        if columns is not None:
            return columns
        return [self.value(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(values)]

    def columns(self, values, where, depth):
        """A list of items that are alike in a shorter form; None if they are not alike.

        Objects or dictionaries with the same attributes are written attribute by attribute. Arrays of numbers with one
        dimension are written as one array, end to end, and their lengths.
        """
        first = values[0]
        if any(type(item) is not type(first) for item in values):
            return None
        if type(first) is np.ndarray:
            alike = {(item.dtype, item.ndim) for item in values}
            if (
                len(alike) > 1
                or first.ndim != 1
                or first.dtype.kind not in "biuf"
                or any(a is first for a in values[1:])
            ):
                return None
            lengths = self.number(np.array([len(item) for item in values]))
            return {"arrays": [self.number(np.concatenate(values)), lengths]}
        if type(first) is dict:
            states, name = values, "dict"
        elif any(self.model_number(item) is not None for item in values):
            return None
        elif hasattr(first, "__dict__") and _path(type(first)) in self.known:
            states, name = [self.state(item) for item in values], _path(type(first))
        else:
            return None
        names = list(states[0])
        if not all(isinstance(key, str) for key in names) or any(list(state) != names for state in states):
            return None
        columns = {key: self.column([s[key] for s in states], f"{where}[0].{key}", depth + 1) for key in names}
        return {"columns": [name, len(values), columns]}

    def column(self, values, where, depth):
        """One attribute of all objects: once if they share it or it is equal in all, else as a list."""
        if all(item is values[0] for item in values):
            return {"one": self.value(values[0], where, depth + 1)}
        column = self.items(values, where, depth)
        alike = isinstance(column, list) and all(type(a) is type(b) and a == b for a, b in pairwise(column))
        return {"each": column[0]} if alike else column

    def array(self, value, where, depth):
        if value.dtype.kind in "biufU":
            return {"array": self.number(value)}
        if value.dtype.kind == "O":
            return {"objects": [list(value.shape), self.items(value.ravel().tolist(), where, depth)]}
        return self.refuse(value, where)

    def number(self, array):
        """Position of an array in `arrays`, where equal arrays are kept once."""
        array = np.ascontiguousarray(array).reshape(array.shape)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.numbers:
            self.numbers[key] = len(self.arrays)
            self.arrays.append(array)
        return self.numbers[key]

    def mapping(self, value, where, depth):
        pairs = [
            [self.value(k, where, depth + 1), self.value(v, f"{where}[{k!r}]", depth + 1)] for k, v in value.items()
        ]
        if type(value) is not defaultdict:
            return {type(value).__name__: pairs}
        factory = getattr(value.default_factory, "__name__", None)
        if _FACTORIES.get(factory) is not value.default_factory:
            return self.refuse(value.default_factory, where)
        return {"defaultdict": [factory, pairs]}

    def object(self, value, where, depth):
        if id(value) in self.seen:
            return {"seen": self.seen[id(value)][0]}
        number = len(self.seen)
        self.seen[id(value)] = number, value
        name = type(value).__name__
        if type(value) in _GENERATORS.values():
            state = value.get_state(legacy=False) if name == "RandomState" else value.bit_generator.state
            if state["bit_generator"] not in _GENERATORS:
                return self.refuse(value, where)
            return {"random": [number, self.value(state, where, depth + 1)]}
        if _path(type(value)) not in self.known:
            return self.refuse(value, where)
        if hasattr(value, "__dict__"):
            state = {k: self.value(v, f"{where}.{k}", depth + 1) for k, v in self.state(value).items()}
            return {"object": [number, _path(type(value)), state]}
        made_by, arguments, *state = value.__reduce__()  # compiled classes have no __dict__ to read
        if made_by is not type(value):  # what Cython makes by itself: arguments are class, checksum and state
            arguments, state = (), [*arguments[2:], *state]
        if any(part is not None and part != () for part in state):
            return self.refuse(value, where)
        return {"call": [number, _path(type(value)), self.value(list(arguments), where, depth + 1)]}

    def state(self, value):
        left_out = self.left_out.get(_path(type(value)), ())
        return {name: each for name, each in (value.__getstate__() or {}).items() if name not in left_out}

    def refuse(self, value, where):
        cls = value if isinstance(value, type) else type(value)
        what = getattr(value, "__name__", None) or f"of {_path(cls)}"
        raise UnsupportedModelError(
            f"{where} is {what}, which has no compact form: only plain values, arrays and the parts of the supported "
            "models have one."
        )


class _Reader:
    """Makes values of the data that `_Writer` wrote. The data may be damaged or made up, so all of it is checked."""

    def __init__(self, arrays, known, models, budget, checks):
        self.arrays, self.known, self.models, self.seen = arrays, known, models, {}
        self.budget, self.checks = budget, checks

    def value(self, text, depth):
        self.budget.left -= 1
        if depth > 2 * _MAX_DEPTH or self.budget.left < 0:
            raise ModelFormatError("The compact file holds too many objects, or nests too deep.")
        if isinstance(text, list):
            return [self.value(item, depth + 1) for item in text]
        if not isinstance(text, dict):
            return text
        ((kind, content),) = text.items()
        return _READERS[kind](self, content, depth + 1)

    def columns(self, content, depth):
        name, n, columns = content
        self.budget.left -= n * (1 + len(columns))
        if not isinstance(n, int) or n < 0 or self.budget.left < 0:
            raise ModelFormatError("The compact file holds too many objects.")
        values = {key: self.column(column, n, depth) for key, column in columns.items()}
        states = [{key: column[i] for key, column in values.items()} for i in range(n)]
        return states if name == "dict" else [self.made(self.find(name), state) for state in states]

    def column(self, text, n, depth):
        if isinstance(text, dict) and "one" in text:
            return [self.value(text["one"], depth)] * n
        if isinstance(text, dict) and "each" in text:
            return [self.value(text["each"], depth) for _ in range(n)]
        values = self.value(text, depth)
        if len(values) != n:
            raise ModelFormatError(f"The compact file is damaged: {len(values)} values for {n} objects.")
        return values

    def split(self, content, depth):
        """Arrays that were written end to end."""
        joined, lengths = (self.arrays[index] for index in content)
        if lengths.min() < 0 or lengths.sum() != len(joined):
            raise ModelFormatError("The compact file is damaged: lengths of arrays do not add up.")
        return np.split(joined, np.cumsum(lengths)[:-1])

    def objects(self, content, depth):
        shape, items = content
        array = np.empty(len(values := self.value(items, depth)), dtype=object)
        array[:] = values
        return array.reshape(shape)

    def mapping(self, pairs, depth):
        return {self.value(key, depth): self.value(item, depth) for key, item in pairs}

    def masked(self, content, depth):
        data, mask, fill_value = (self.value(part, depth) for part in content)
        return np.ma.array(data, mask=mask, fill_value=fill_value)

    def random(self, content, depth):
        number, state = content
        state = self.value(state, depth)
        cls = _GENERATORS[state["bit_generator"]]
        if cls is np.random.RandomState:
            if not 0 <= state["state"]["pos"] <= 624:  # NumPy would read beyond the key
                raise ModelFormatError("The compact file is damaged: the position of a random generator.")
            generator = cls()
            generator.set_state(state)
        else:
            generator = np.random.Generator(np.random.PCG64())
            generator.bit_generator.state = state
        self.seen[number] = generator
        return generator

    def object(self, content, depth):
        number, path, state = content
        cls = self.find(path)
        value = self.seen[number] = cls.__new__(cls)
        return self.made(cls, {key: self.value(item, depth) for key, item in state.items()}, value)

    def call(self, content, depth):
        number, path, arguments = content
        cls = self.find(path)
        if cls.__dictoffset__:  # `_Writer` never writes a call of a class whose objects have a __dict__
            raise ModelFormatError(f"The compact file calls {path!r}.")
        self.seen[number] = cls(*self.value(arguments, depth))
        return self.seen[number]

    def made(self, cls, state, value=None):
        """An object of a class, or the one given, with its attributes set."""
        value = cls.__new__(cls) if value is None else value
        if hasattr(value, "__setstate__"):
            value.__setstate__(state)
        else:
            vars(value).update(state)
        check = self.checks.get(_path(cls))
        if check is not None:
            check(value)
        return value

    def named(self, path, depth):
        """A class or function by its name, which is not called here."""
        return _imported(path) if path in _NAMED else self.find(path)

    def find(self, path):
        if path not in self.known:
            raise ModelFormatError(f"The compact file names {path!r}, which is no part of a supported model.")
        return _imported(path)


def _imported(path):
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _dtype(reader, content, depth):
    dtype = np.dtype(content)
    if dtype.kind not in "biufUO":
        raise ModelFormatError(f"The compact file is damaged: a type of numbers {content!r}.")
    return dtype


def _partial(reader, content, depth):
    function, arguments, keywords = (reader.value(part, depth) for part in content)
    if isinstance(function, type):  # it would be made of what the file says
        raise ModelFormatError(f"The compact file calls {function.__name__!r}.")
    return partial(function, *arguments, **keywords)


def _ufunc(reader, content, depth):
    function = getattr(np, content)
    if not isinstance(function, np.ufunc):
        raise ModelFormatError(f"The compact file is damaged: {content!r} is no function of numbers.")
    return function


def _pandas_index(reader, content, depth):
    from pandas import Index

    return Index(reader.value(content, depth))


def _scalar(reader, content, depth):
    dtype = np.dtype(content[0])
    if dtype.kind not in "biufU":
        raise ModelFormatError(f"The compact file is damaged: a number of type {content[0]!r}.")
    return dtype.type(content[1])


def _count(number):
    if not isinstance(number, int) or number < 0:
        raise ModelFormatError(f"The compact file is damaged: the number {number!r} of a model.")
    return number


_READERS = {
    "scalar": _scalar,
    "array": lambda reader, content, depth: reader.arrays[content],
    "arrays": _Reader.split,
    "objects": _Reader.objects,
    "columns": _Reader.columns,
    "tuple": lambda reader, content, depth: tuple(reader.value(content, depth)),
    "set": lambda reader, content, depth: set(reader.value(content, depth)),
    "frozenset": lambda reader, content, depth: frozenset(reader.value(content, depth)),
    "dict": _Reader.mapping,
    "OrderedDict": lambda reader, content, depth: OrderedDict(reader.mapping(content, depth)),
    "defaultdict": lambda reader, content, depth: defaultdict(
        _FACTORIES[content[0]], reader.mapping(content[1], depth)
    ),
    "Bunch": lambda reader, content, depth: Bunch(**reader.mapping(content, depth)),
    "masked": _Reader.masked,
    "model": lambda reader, content, depth: reader.models[_count(content)],
    "dtype": _dtype,
    "type": lambda reader, content, depth: _TYPES[content],
    "ufunc": _ufunc,
    "itemgetter": lambda reader, content, depth: itemgetter(*reader.value(content, depth)),
    "pandas index": _pandas_index,
    "slice": lambda reader, content, depth: slice(*content),
    "number type": lambda reader, content, depth: np.dtype(content).type,
    "partial": _partial,
    "known": _Reader.named,
    "seen": lambda reader, content, depth: reader.seen[content],
    "random": _Reader.random,
    "object": _Reader.object,
    "call": _Reader.call,
}  # fmt: skip
