"""Model files of the libraries themselves, checked before the library sees them."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from ..core.forest import Forest
from .base import Adapter


class NativeFiles(Adapter):
    """What an adapter adds to read the files that its library writes.

    Attributes
    ----------
    file_format : str
        Name of the format.
    file_start : bytes
        First bytes of such files.
    """

    file_format: ClassVar[str]
    file_start: ClassVar[bytes]

    @classmethod
    @abstractmethod
    def read_file(cls, data: bytes) -> tuple[Forest, Callable[[], Any]]:
        """The checked trees of a file, and a function that gives the model; only that needs the library.

        Raises
        ------
        ModelFormatError, UnsupportedModelError
            The file is malformed, or holds a model of a kind that a Forest cannot hold.
        MissingExtraError
            By the function: the library is not installed.
        """
