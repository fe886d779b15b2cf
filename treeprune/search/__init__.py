"""Searches over the prunings of a tree, and over which trees of an ensemble to keep.

A search knows risks only, not where they come from. Passes over the nodes that search nothing are in `passes`.
"""
