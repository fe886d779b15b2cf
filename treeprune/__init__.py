"""treeprune prunes fitted tree models and gives back models of the same class, smaller and no worse."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:  # what a type checker sees; the modules themselves are loaded when a name is first asked for
    from .compact import load_compact, save_compact
    from .compression import compress
    from .estimators import Pruner, PrunerCV, TreePruner, TreePrunerCV
    from .exceptions import MissingExtraError, MissingStatisticError, ModelFormatError, UnsupportedModelError
    from .feature_selection import PruningSelector
    from .inspection.rules import rules
    from .io import check_model, read_model
    from .pruning import prune, pruning_path
    from .reporting import report
    from .slimming import slim

#: Public names and the modules they are loaded from when first asked for.
_HOMES = {
    "prune": "pruning",
    "compress": "compression",
    "load_compact": "compact",
    "save_compact": "compact",
    "pruning_path": "pruning",
    "check_model": "io",
    "read_model": "io",
    "report": "reporting",
    "rules": "inspection.rules",
    "slim": "slimming",
    "Pruner": "estimators",
    "PrunerCV": "estimators",
    "TreePruner": "estimators",
    "PruningSelector": "feature_selection",
    "TreePrunerCV": "estimators",
    "ModelFormatError": "exceptions",
    "MissingExtraError": "exceptions",
    "MissingStatisticError": "exceptions",
    "UnsupportedModelError": "exceptions",
}
__all__ = [
    "MissingExtraError",
    "MissingStatisticError",
    "ModelFormatError",
    "Pruner",
    "PrunerCV",
    "PruningSelector",
    "TreePruner",
    "TreePrunerCV",
    "UnsupportedModelError",
    "check_model",
    "compress",
    "load_compact",
    "prune",
    "pruning_path",
    "read_model",
    "report",
    "rules",
    "save_compact",
    "slim",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
