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
def named_in(path):
    """Its tests as pytest names them, those of classes with the class."""
    found = set()
    for node in ast.parse((CHECKOUT / path).read_text()).body:
        inside = node.body if isinstance(node, ast.ClassDef) else []
        found |= {node.name} if isinstance(node, ast.FunctionDef) else set()
        found |= {f"{node.name}::{part.name}" for part in inside if isinstance(part, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}: {m.new.strip()[:40]}")
def test_a_mutant_can_be_planted(mutant):
    source = (PACKAGE / mutant.file).read_text()
    assert source.count(mutant.old) == 1
    if mutant.file.endswith(".py"):
        ast.parse(source.replace(mutant.old, mutant.new))
    assert mutant.new != mutant.old
    path, _, name = mutant.test.partition("::")
    assert named_in(path)
    assert not name or name in named_in(path)


def test_mutants_of_all_layers_are_listed_and_few_escape():
    assert len(MUTANTS) >= 60
    assert len(set(MUTANTS)) == len(MUTANTS)
    assert sum(mutant.escapes is not None for mutant in MUTANTS) <= 0.05 * len(MUTANTS)
    layers = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert layers - {Path(mutant.file).parts[0] for mutant in MUTANTS} == set()
