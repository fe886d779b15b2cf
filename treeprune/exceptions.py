"""The errors that are treeprune's own; everything else is a ValueError or a TypeError."""


class UnsupportedModelError(TypeError):
    """The model, or a part of it, is of a kind that no adapter can prune."""


class ModelFormatError(ValueError):
    """The model's trees are malformed: the message names the tree, the node and the field."""


class MissingExtraError(ImportError):
    """A library that only an extra installs is missing: the message says what to install."""


class MissingStatisticError(ValueError):
    """A method needs statistics that the fitted model does not store and that no rows were given for."""
