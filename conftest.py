"""Doctests print NumPy scalars as plain numbers, on NumPy 1 and 2 alike."""

import numpy as np

np.set_printoptions(legacy="1.25")
