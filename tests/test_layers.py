"""Imports run one way, and what is heavy or private stays where it belongs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import treeprune

PACKAGE = Path(treeprune.__file__).parent
FILES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}

#: Each module or package may import those above it. Those that share a line do not know each other.
LAYERS = [
    {"exceptions", "links"},
    {"extras", "times"},
    {"core"},
    {"inference", "passes", "narrowing"},
    {"search", "adapters", "layers"},
    {"methods", "composites"},
    {"layer_pruning"},
    {"pruning", "slimming", "compact"},
    {"testing", "estimators", "compression", "model_selection"},
    {"wrappers"},
    {"io", "feature_selection", "inspection"},
    {"reporting"},
    {"cli"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def imports(tree):
    """Dotted modules that a file imports, with the names taken from them; relative ones start with dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((module, alias.name) for alias in node.names)


def within(name, module, attribute):
    """The part of treeprune that an import of the file `name` reaches, or None if it is not of treeprune."""
    if module.startswith("treeprune"):
        module = module.removeprefix("treeprune").lstrip(".")
        return (module or attribute or "").split(".")[0]
    if not module.startswith("."):
        return None
    dots = len(module) - len(module.lstrip("."))
    inside = list(Path(name).parent.parts)
    inside = inside[: len(inside) - (dots - 1)]
    return [*inside, *filter(None, module.lstrip(".").split(".")), attribute][0]


def parse(name):
    return ast.parse(FILES[name].read_text())


@pytest.mark.parametrize("name", [name for name in FILES if name != "__init__.py"])
def test_imports_run_one_way(name):
    own = Path(name).with_suffix("").parts[0]
    assert own in LEVEL, f"{own} has no place among the layers yet"
    for module, attribute in imports(parse(name)):
        other = within(name, module, attribute)
        if other is None or other in (own, "__version__"):
            continue
        assert other in LEVEL, f"{name} imports {module}"
        assert LEVEL[other] < LEVEL[own], f"{name} imports {other}, which is not below it"
        assert (own, other) != ("methods", "adapters"), name


@pytest.mark.parametrize("name", FILES)
def test_libraries_are_imported_where_they_belong(name):
    for module, _ in imports(parse(name)):
        top, *rest = module.split(".")
        if top == "numba":
            assert name == "core/compilation.py", name
        if top in ("xgboost", "lightgbm"):
            assert name.startswith("adapters/"), name
        if top == "torch":
            assert name.startswith("layers/pytorch/") or name == "layers/adapters/torch_module.py", name
        if top == "sklearn" and any(part.startswith("_") for part in rest):
            assert name.startswith("adapters/sklearn_"), f"{name} imports {module}"
        if top in ("click", "rich"):
            assert name.startswith("cli/") or name in ("estimators/pruner_cv.py", "compression/watch.py"), name


def loaded_after(code):
    """Top-level modules that a fresh process holds after running code."""
    code += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return set(out.stdout.split("\n")[-2].split())


def test_importing_treeprune_is_light():
    assert not {"numba", "sklearn", "scipy", "pandas", "numpy"} & loaded_after("import treeprune")


def test_numba_waits_for_work():
    modules = "treeprune.adapters, treeprune.methods, treeprune.pruning, treeprune.estimators"
    assert not {"numba", "pandas", "matplotlib"} & (
        loaded_after(f"import {modules}") - loaded_after("import sklearn.utils")
    )


def test_torch_waits_for_a_module_of_it():
    code = (
        "from sklearn.datasets import load_iris; from sklearn.linear_model import LogisticRegression\n"
        "from treeprune import prune\n"
        "X, y = load_iris(return_X_y=True); prune(LogisticRegression(max_iter=500).fit(X, y), 'magnitude', X)"
    )
    assert "torch" not in loaded_after(code)


def test_help_is_light():
    code = "from treeprune.cli import cli\ncli.main(['--help'], standalone_mode=False)"
    assert not {"numba", "sklearn", "scipy", "pandas", "numpy", "rich"} & loaded_after(code)
