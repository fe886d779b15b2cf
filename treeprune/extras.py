"""Libraries that are installed only with an extra."""

from importlib import import_module
from types import ModuleType

from .exceptions import MissingExtraError


def import_extra(name: str, extra: str | None = None) -> ModuleType:
    """Import a library that an extra installs, by default one of the same name.

    Raises
    ------
    MissingExtraError
        It is not installed; the message says what to install.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise MissingExtraError(f"{name} is not installed: pip install 'treeprune[{extra or name}]'") from error
