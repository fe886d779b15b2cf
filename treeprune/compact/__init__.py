"""Models in small files without pickle."""

from .files import load_compact, packed, save_compact, unpacked

__all__ = ["load_compact", "packed", "save_compact", "unpacked"]
