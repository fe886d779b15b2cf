"""The list of mutants holds: each could be planted today, and the tests that it names are there."""

import ast
from functools import cache
from pathlib import Path

import pytest

import treeprune
from tests.mutants.listed import MUTANTS

PACKAGE = Path(treeprune.__file__).parent
CHECKOUT = Path(__file__).parents[2]


@cache
def functions(path):
    tree = ast.parse((CHECKOUT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}: {m.new.strip()[:40]}")
def test_a_mutant_can_be_planted(mutant):
    source = (PACKAGE / mutant.file).read_text()
    assert source.count(mutant.old) == 1
    if mutant.file.endswith(".py"):
        ast.parse(source.replace(mutant.old, mutant.new))
    assert mutant.new != mutant.old
    path, _, name = mutant.test.partition("::")
    assert not name or name.partition("[")[0] in functions(path)


def test_mutants_of_all_layers_are_listed_and_few_escape():
    assert len(MUTANTS) >= 60
    assert len(set(MUTANTS)) == len(MUTANTS)
    assert sum(mutant.escapes is not None for mutant in MUTANTS) <= 0.05 * len(MUTANTS)
    layers = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert layers - {Path(mutant.file).parts[0] for mutant in MUTANTS} == set()
