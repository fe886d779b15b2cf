"""The report: its figures are those of the model, its page is whole, safe, small and loads nothing."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from treeprune import TreePruner, TreePrunerCV, pruning_path, report
from treeprune.methods import CostComplexity

HOSTILE = [
    "</script><script>alert(1)</script>",
    'a "quoted" name',
    "it's & <b>",
    "größe 尺寸 🌲",
    "w" * 200,
    "{{ 7 * 7 }}",
]


@pytest.fixture(scope="module")
def pruner():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(X, y)


class Page(HTMLParser):
    """Elements and texts of a page."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.content = [], {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.content.setdefault(self.elements[-1][0] if self.elements else "", []).append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def html_of(html, section):
    return re.search(rf'<section id="{section}".*?</section>', html, re.S)[0]


def drawn(html):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)[1])


def test_figures_are_those_of_the_pruner(pruner):
    figures = report(pruner).to_dict()
    chosen = figures["steps"][figures["chosen"]]
    assert chosen["n_leaves"] == pruner.n_leaves_ == len(figures["rules"])
    assert chosen["score"] == pytest.approx(pruner.best_score_)
    assert [step["n_leaves"] for step in figures["steps"]] == pruner.cv_results_["n_leaves"].tolist()
    assert figures["marks"]["1-SE"] == figures["chosen"]
    assert figures["sentence"].startswith("Smaller, with no clear change in score: 22 leaves → 3 leaves; CV accuracy")


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes])
def test_every_place_of_the_slider_is_the_tree_of_that_step(load):
    X, y = load(return_X_y=True)
    tree = (DecisionTreeRegressor if load is load_diabetes else DecisionTreeClassifier)(max_depth=6, random_state=0)
    figures, path = report(tree.fit(X, y)).to_dict(), pruning_path(tree)
    life, right = figures["tree"]["life"], figures["tree"]["right"]
    for place, step in enumerate(figures["steps"]):
        small = path.prune(step=place)
        assert step["depth"] == small.get_depth()
        assert step["n_used"] == len(set(small.tree_.feature[small.tree_.feature >= 0]))
        leaves, waiting = 0, [0]
        while waiting:
            node = waiting.pop()
            leaves += life[node] <= place
            waiting += [node + 1, right[node]] if life[node] > place else []
        assert leaves == step["n_leaves"] == small.get_n_leaves()


def test_the_page_may_run_its_own_script_only_and_loads_nothing(pruner):
    page = Page(report(pruner).html)
    policy = page.of("meta")[1]["content"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    html = report(pruner).html
    for kind in ("style", "script"):
        text = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.S)
        assert len(text) == 1
        assert base64.b64encode(hashlib.sha256(text[0].encode()).digest()).decode() in policy
    assert not [attributes for _, attributes in page.elements if {"src", "style", "onclick"} & set(attributes)]
    assert all(attributes["href"].startswith("#") for _, attributes in page.elements if "href" in attributes)


def test_hostile_names_stay_text():
    X, y = load_breast_cancer(return_X_y=True)
    X = pd.DataFrame(X[:, : len(HOSTILE)], columns=HOSTILE)
    y = np.array(["</script><img src=x>", "b & 'c'"])[y]
    tree = DecisionTreeClassifier(max_depth=6, random_state=0).fit(X, y)
    html = report(tree, X, y, title="<i>title</i>", subgroup=HOSTILE[0]).html
    page = Page(html)
    assert len(page.of("script")) == 2
    assert not page.of("img")
    assert not page.of("i")
    assert "49" not in Page(html).content["h1"]
    data = drawn(html)
    assert data["features"] == HOSTILE
    assert sorted(data["classes"]) == sorted(set(y))


def test_without_a_script_there_are_rules_and_the_table(pruner):
    figures, page_html = report(pruner).to_dict(), report(pruner).html
    page = Page(page_html)
    section = {name: html_of(page_html, name) for name in ("rules", "path", "features", "glossary", "limits")}
    assert [int(number) for number in re.findall(r'<li value="(\d+)"', section["rules"])] == [1, 2, 3]
    assert section["path"].count("<tr") == 1 + len(figures["steps"])
    assert section["features"].count("<tr") == 1 + len(figures["feature_table"])
    assert section["glossary"].count("<dt>") == len(figures["glossary"])
    assert section["limits"].count("<li>") == len(figures["limitations"])
    assert '<div id="tree"' in page_html
    assert 'id="curve-line"' in page_html
    assert page.of("html") == [{"lang": "en"}]
    assert len(page.of("main")) == len(page.of("h1")) == len(page.of("title")) == 1
    assert all("tabindex" in attributes for _, attributes in page.elements if "scroll" in attributes.get("class", ""))


def test_a_thousand_nodes_take_150_kib():
    X, y = make_classification(6000, flip_y=0.2, random_state=0)
    tree = DecisionTreeClassifier(max_leaf_nodes=501, random_state=0).fit(X, y)
    assert tree.tree_.node_count == 1001
    assert len(report(tree).html.encode()) <= 150 * 1024


def test_many_nodes_and_many_trees_take_a_few_mib():
    rng = np.random.default_rng(0)
    X = rng.random((12_000, 12))
    y = (X[:, 0] + rng.normal(0, 0.5, len(X)) > 0.5).astype(int)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    per_node = len(report(tree).html.encode()) / tree.tree_.node_count
    assert per_node * 100_000 <= 5 * 2**20
    forest = RandomForestClassifier(500, max_depth=5, random_state=0).fit(X[:400], y[:400])
    assert len(report(forest, X[:400], y[:400]).html.encode()) <= 2 * 2**20


def test_a_long_path_has_some_of_its_steps_on_the_slider():
    X, y = load_diabetes(return_X_y=True)
    X = np.concatenate([X + noise for noise in np.random.default_rng(0).normal(0, 0.01, (3, *X.shape))])
    y = np.tile(y, 3) + np.random.default_rng(1).normal(0, 30, len(X))
    pruner = TreePrunerCV(DecisionTreeRegressor(random_state=0), cv=3).fit(X, y)
    figures = report(pruner).to_dict()
    assert figures["n_steps"] == len(pruner.pruning_path_) > len(figures["steps"])
    assert figures["steps"][figures["chosen"]]["score"] == pytest.approx(pruner.best_score_)
    assert figures["steps"][figures["chosen"]]["n_leaves"] == pruner.n_leaves_
    assert figures["steps"][-1]["n_leaves"] == 1
    assert f"of {figures['n_steps']:,} strengths" in report(pruner).html


def test_models_of_one_leaf_and_of_many_trees_have_a_page():
    X, y = load_breast_cancer(return_X_y=True)
    single = DecisionTreeClassifier().fit(X, np.zeros(len(X)))
    assert "nothing to prune" in report(single).html
    forest = RandomForestClassifier(4, random_state=0).fit(X, y)
    figures = report(forest, X, y).to_dict()
    assert [row["n_leaves"] for row in figures["trees"]] == [tree.get_n_leaves() for tree in forest.estimators_]
    assert [row["depth"] for row in figures["trees"]] == [tree.get_depth() for tree in forest.estimators_]
    assert figures["on_rows"] == {"score": forest.score(X, y), "n_rows": len(X)}
    assert html_of(report(forest).html, "sizes").count("<tr") == 1 + len(forest.estimators_)


def test_pruner_without_folds_shows_its_own_tree():
    X, y = load_breast_cancer(return_X_y=True)
    pruner = TreePruner(DecisionTreeClassifier(random_state=0), CostComplexity(alpha=0.01)).fit(X, y)
    figures = report(pruner).to_dict()
    assert figures["n_leaves"] == figures["n_rules"] == pruner.n_leaves_
    assert figures["steps"][0]["n_leaves"] == 22


def test_saved_and_shown(pruner, tmp_path):
    page = report(pruner)
    page.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text("utf-8") == page.html
    assert page._repr_html_().startswith("<iframe")


def test_what_is_wrong_is_told(pruner):
    X, y = load_breast_cancer(return_X_y=True)
    with pytest.raises(ValueError, match="Got X only"):
        report(pruner, X)
    with pytest.raises(NotFittedError):
        report(TreePrunerCV(DecisionTreeClassifier(), refit=False).fit(X, y))
    code = "import sys; sys.modules['jinja2'] = None; from treeprune.extras import import_extra\n"
    code += "try: import_extra('jinja2', 'report')\nexcept Exception as error: print(error)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "treeprune[report]" in out
