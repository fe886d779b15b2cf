"""Model files of every format and family, damaged at random: what reading them and predicting comes to.

A mutant file must be refused with an error of treeprune's own, or give a model that predicts what the library's own
loader makes of the same file. It must not end the process, hang, raise anything else or predict anything else.
``python -m tests.fuzz`` counts what happened.
"""
