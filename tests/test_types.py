"""What a type checker sees of the public names."""

import re
from pathlib import Path

import pytest

import treeprune

CHECKOUT = Path(__file__).parents[1]
SNIPPET = """
import treeprune
{reveal}
treeprune.prune(object(), 3)
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What mypy prints on code that uses every public name."""
    api = pytest.importorskip("mypy.api")
    folder = tmp_path_factory.mktemp("typed")
    names = "\n".join(f"reveal_type(treeprune.{name})" for name in treeprune.__all__)
    (folder / "snippet.py").write_text(SNIPPET.format(reveal=names))
    options = ["--config-file", str(CHECKOUT / "pyproject.toml"), "--cache-dir", str(folder)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPYPATH", str(CHECKOUT))
        out, err, _ = api.run([*options, str(folder / "snippet.py")])
    assert not err
    return out


def test_every_public_name_has_a_type(seen):
    found = dict(zip(treeprune.__all__, re.findall(r'Revealed type is "(.*)"', seen), strict=True))
    assert not [name for name, kind in found.items() if kind == "Any"]
    assert found["prune"].startswith("def (model: Any, method:")
    assert "treeprune.methods.base.PruningMethod" in found["prune"]
    assert "-> treeprune.estimators.tree_pruner.TreePruner" in found["TreePruner"]
    assert found["pruning_path"].startswith("Overload(")
    of_trees, of_layers = "-> treeprune.core.path.Path", "-> treeprune.layer_pruning.LayersPath"
    assert [found["pruning_path"].count(kind) for kind in (of_trees, of_layers)] == [1, 1]


def test_wrong_use_is_found(seen):
    assert 'Argument 2 to "prune" has incompatible type "int"' in seen
