"""Libraries that are installed only with an extra."""

from importlib import import_module
from types import ModuleType


def import_extra(name: str) -> ModuleType:
    """Import a library that an extra of the same name installs.

    Raises
    ------
    ImportError
        It is not installed; the message says what to install.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ImportError(f"{name} is not installed: pip install treeprune[{name}]") from error
