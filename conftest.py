"""Doctests: NumPy scalars as plain numbers, on NumPy 1 and 2 alike; none of modules whose library is not installed."""

from importlib.util import find_spec

import numpy as np

np.set_printoptions(legacy="1.25")
collect_ignore_glob = [] if find_spec("torch") else ["treeprune/layers/pytorch/*"]
