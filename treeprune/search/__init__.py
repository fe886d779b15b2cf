"""Searches over the prunings of a tree. A search knows risks only, not where they come from."""
