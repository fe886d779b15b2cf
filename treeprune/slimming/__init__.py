"""Columns that no part of a model uses leave it."""

from .slim import slim

__all__ = ["slim"]
