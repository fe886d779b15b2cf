"""``python -m treeprune``."""

from .cli import main

main()
