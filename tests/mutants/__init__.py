"""Faults planted on purpose, one at a time, each with the test that must notice: ``python -m tests.mutants``."""
