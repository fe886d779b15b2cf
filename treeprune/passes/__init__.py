"""Passes over the nodes, up or down, in which each node takes something from its parent or its children."""
