"""The report in a browser: the slider, the keyboard, the filters, without scripts, and for those who do not see it."""

import re
from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, make_classification
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.reporting.kinds import KINDS, SELECTORS
from treeprune import TreePrunerCV, prune, pruning_path, report, rules


def wait_for_text(tab, selector, text):
    """Wait as a reader would; the page's policy forbids what would look at it by evaluating a string."""
    from playwright.sync_api import expect

    expect(tab.locator(selector)).to_have_text(text)


@pytest.fixture
def open_page(browser, tmp_path):
    """A function that opens a report; afterwards nothing may have been loaded, and no error been logged."""
    contexts, faults = [], []

    def opened(page, hash="", **options):
        path = tmp_path / f"{len(contexts)}.html"
        page.save(path)
        context = browser.new_context(**options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("request", lambda request: faults.append(request.url) if request.url != path.as_uri() else None)
        tab.goto(path.as_uri() + hash)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert [fault for fault in faults if not fault.startswith(tmp_path.as_uri())] == []


@pytest.fixture(scope="module")
def pruner():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return TreePrunerCV(DecisionTreeClassifier(random_state=0)).fit(X, y)


@pytest.fixture(scope="module")
def page(pruner):
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return report(pruner, X, y, class_names=["malignant", "benign"], subgroup="mean texture")


def drawn_leaves(tab):
    return tab.locator("#tree [role=treeitem]:not([aria-expanded])").count()


def conditions(tab):
    return [text.removeprefix("If ") for text in tab.locator("#rule-list .if").all_text_contents()]


def test_the_slider_changes_the_tree_its_figures_and_its_rules(open_page, page):
    tab, steps = open_page(page), page.to_dict()["steps"]
    assert drawn_leaves(tab) == page.to_dict()["n_leaves"]
    for place in (0, 5, len(steps) - 1):
        tab.locator("#slider").fill(str(place))
        wait_for_text(tab, "#leaves", str(steps[place]["n_leaves"]))
        assert drawn_leaves(tab) == steps[place]["n_leaves"] == tab.locator("#rule-list li").count()
        assert tab.locator("#depth").text_content() == str(steps[place]["depth"])
    tab.locator("button[data-step]", has_text="1-SE").click()
    assert f"#step={len(steps)}" not in tab.url


@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes])
def test_every_rule_that_the_script_writes_is_that_of_the_pruned_tree(open_page, load):
    X, y = load(return_X_y=True, as_frame=True)
    X = X.mask(np.random.default_rng(0).random(X.shape) < 0.2)
    tree = (DecisionTreeRegressor if load is load_diabetes else DecisionTreeClassifier)(max_depth=6, random_state=0)
    path = pruning_path(tree.fit(X, y))
    step = len(path) // 2
    found = rules(path.prune(step=step), missing=True)
    assert any("missing" in text for text in found.texts)
    tab = open_page(report(tree, X, y), f"#step={step + 1}")
    assert conditions(tab) == found.texts
    rows = [re.search(r"([\d,]+) rows?", text)[1] for text in tab.locator("#rule-list .meta").all_text_contents()]
    assert [int(n.replace(",", "")) for n in rows] == found.support.tolist()


def test_the_list_is_the_same_with_the_script_and_without(open_page, page):
    texts = [
        [
            " ".join(text.split())
            for text in open_page(page, java_script_enabled=on).locator("#rule-list li").all_text_contents()
        ]
        for on in (True, False)
    ]
    assert texts[0] == texts[1]


def test_the_keyboard_walks_the_tree(open_page, page):
    tab = open_page(page)
    focused = "document.activeElement.dataset.node"
    tab.locator("#tree [tabindex='0']").focus()
    assert tab.evaluate(focused) == "0"
    walk = []
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "ArrowDown", "End", "Home"):
        tab.keyboard.press(key)
        walk.append(tab.evaluate(focused))
    tree = page.to_dict()["tree"]
    assert walk[:4] == ["1", str(tree["right"][0]), "0", "1"]
    assert walk[4:] == [str(tree["right"][0]), "0"]
    assert tab.locator("#tree [tabindex='0']").count() == 1
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    assert tab.locator("#tree [aria-selected=true]").get_attribute("data-node") == "1"
    tab.keyboard.press("Escape")
    assert tab.locator("#tree [aria-selected=true]").count() == 0


def test_a_leaf_that_is_clicked_shows_its_rule_and_its_rows(open_page, page):
    tab = open_page(page)
    leaf = tab.locator("#tree [role=treeitem]:not([aria-expanded])").nth(1)
    leaf.locator("path").click()
    rule = tab.locator("#rule-list li.selected")
    assert rule.get_attribute("data-leaf") == leaf.get_attribute("data-node")
    assert f"{page.to_dict()['leaves'][1]['rows']} rows" in tab.locator("#selected").text_content()
    assert tab.locator("#tree .edge.on").count() == int(leaf.get_attribute("aria-level")) - 1
    tab.locator("#rule-list li").first.click()
    assert tab.locator("#rule-list li.selected").get_attribute("value") == "1"


def test_the_address_restores_the_state(open_page, page):
    tab = open_page(page)
    tab.locator("#slider").fill("6")
    tab.locator("#search").fill("texture")
    tab.locator("#support").fill("5")
    tab.locator("#tree [role=treeitem]").nth(2).dispatch_event("click")
    again = open_page(page, "#" + tab.url.partition("#")[2])
    for name in ("#step", "#search", "#support", "#rule-list", "#selected", "#found"):
        values = [t.locator(name).evaluate("e => e.value ?? e.textContent") for t in (tab, again)]
        assert values[0] == values[1], name
    assert open_page(page, "#step=999&node=-4&support=x").locator("#step").text_content().endswith("chosen")


def test_rules_are_filtered_by_support_and_feature(open_page, page):
    tab = open_page(page, "#step=1")
    support = [int(re.search(r"(\d+) row", text)[1]) for text in tab.locator("#rule-list .meta").all_text_contents()]
    tab.locator("#support").fill("10")
    assert tab.locator("#rule-list li").count() == sum(n >= 10 for n in support)
    tab.locator("#support").fill("0")
    tab.locator("#search").fill("worst texture")
    assert all("worst texture" in text for text in conditions(tab))
    assert tab.locator("#tree g.found").count() > 0
    assert "of 22 leaves" in tab.locator("#found").text_content()


def test_large_trees_are_folded_and_open_where_they_are_asked(open_page):
    X, y = make_classification(3000, flip_y=0.2, random_state=0)
    tree = DecisionTreeClassifier(max_leaf_nodes=301, random_state=0).fit(X, y)
    tab = open_page(report(tree))
    items = tab.locator("#tree [role=treeitem]")
    first = items.count()
    assert first < 100
    folded = tab.locator("#tree [aria-expanded=false]").first
    node = folded.get_attribute("data-node")
    folded.dispatch_event("click")
    assert tab.locator(f"#tree [data-node='{node}'][role=treeitem]").get_attribute("aria-expanded") == "true"
    assert items.count() == first + 2
    tab.locator("#unfold").click()
    assert items.count() > first + 10
    tab.locator("#fold").click()
    assert items.count() == first
    assert open_page(report(tree), java_script_enabled=False).locator("#tree .folded").count() > 0


@pytest.mark.parametrize("width", [1280, 420])
def test_numbers_of_rules_have_room(open_page, width):
    X, y = make_classification(1500, flip_y=0.5, random_state=0)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    assert 100 <= tree.get_n_leaves() < 1000
    rules_of_page = open_page(report(tree), viewport={"width": width, "height": 900}).locator("#rule-list")
    room = "list => parseFloat(getComputedStyle(list).paddingLeft)"
    needed = (
        "list => { const number = document.createElement('span'); number.textContent = '888. '; list.append(number); "
    )
    needed += "number.style.whiteSpace = 'pre'; return number.getBoundingClientRect().width; }"
    assert rules_of_page.evaluate(needed) < rules_of_page.evaluate(room)


@pytest.mark.parametrize("cls", SELECTORS)
def test_on_a_narrow_screen_a_selector_shows_its_dots_and_p_values(open_page, cls):
    tab = open_page(KINDS[cls.__name__](), viewport={"width": 420, "height": 900})
    ends = "cells => Math.max(...cells.map(cell => cell.getBoundingClientRect().right))"
    assert tab.locator("#ranking circle").count() == 12
    assert tab.locator("#ranking circle, #ranking td, #ranking th").evaluate_all(ends) <= 420
    longer = "names => names.forEach(name => { name.textContent = 'sensor 15 of the northern hall'; })"
    tab.locator("#ranking .name").evaluate_all(longer)
    shorter = "cells => cells.forEach(cell => { cell.textContent = '1'; })"
    tab.locator("#ranking td:last-child:not(:has(svg))").evaluate_all(shorter)
    lines = "cells => cells.map(cell => { const text = document.createRange(); text.selectNodeContents(cell); "
    lines += "return text.getClientRects().length; })"
    assert set(tab.locator("#ranking thead th").evaluate_all(lines)) == {1}
    assert tab.locator("#ranking circle, #ranking td, #ranking th").evaluate_all(ends) <= 420


@pytest.mark.parametrize("n_leaves", [20, 300])
def test_on_a_narrow_screen_the_tree_fits_and_begins_at_its_left_edge(open_page, n_leaves):
    X, y = make_classification(3000, flip_y=0.2, random_state=0)
    tree = DecisionTreeClassifier(max_leaf_nodes=n_leaves, random_state=0).fit(X, y)
    tab = open_page(report(tree), viewport={"width": 420, "height": 900})
    box = tab.locator("#tree").bounding_box()
    for text in tab.locator("#tree text").all():
        place = text.bounding_box()
        assert box["x"] <= place["x"]
        assert place["x"] + place["width"] <= box["x"] + box["width"]
    assert tab.locator("#tree .folded").count() > 0
    first = tab.locator("#tree [role=treeitem]").count()
    tab.locator("#unfold").click()
    assert tab.locator("#tree [role=treeitem]").count() > first


def test_on_a_narrow_screen_the_scores_and_their_intervals_are_seen(open_page):
    X, y = make_classification(400, flip_y=0.2, random_state=0)
    tree = DecisionTreeClassifier(random_state=0).fit(X[:200], y[:200])
    made = report(prune(tree, "mdl"), X[200:], y[200:], before=tree, held_out=True)
    table = open_page(made, viewport={"width": 420, "height": 900}).locator("#scores .scroll").first
    assert "interval" in table.inner_text()
    assert table.evaluate("table => table.scrollWidth <= table.clientWidth")


def test_on_a_narrow_screen_labels_of_splits_do_not_overlap(open_page):
    tab = open_page(KINDS["grid"](), viewport={"width": 420, "height": 900})
    boxes = [text.bounding_box() for text in tab.locator("#tree text:not([class])").all()]
    assert len(boxes) == 5
    for row in {box["y"] for box in boxes}:
        beside = sorted((box["x"], box["x"] + box["width"]) for box in boxes if box["y"] == row)
        assert all(right <= left for (_, right), (left, _) in pairwise(beside))


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_narrow_screen_figures_fit_into_their_tiles(open_page, kind):
    figures = open_page(KINDS[kind](), viewport={"width": 420, "height": 900}).locator(".tiles dd:not(.note)")
    assert figures.count() > 1
    assert figures.evaluate_all("all => all.every(one => one.scrollWidth <= one.clientWidth)")


def test_a_wide_tree_begins_at_its_left_edge(open_page):
    X, y = load_digits(return_X_y=True)  # of which the root is not far to the right
    tree = DecisionTreeClassifier(max_leaf_nodes=40, random_state=0).fit(X, y)
    box = open_page(report(tree), viewport={"width": 1280, "height": 900}).locator("#tree")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    root = box.locator("[data-node='0'][role=treeitem]").bounding_box()
    seen = box.bounding_box()
    assert root["x"] >= seen["x"]
    assert root["x"] + root["width"] <= seen["x"] + seen["width"]
    assert box.evaluate("box => box.scrollLeft") == 0


def test_a_page_of_200_classes_is_not_long(open_page):
    rng = np.random.default_rng(0)
    y = np.arange(2000) % 200
    X = rng.normal(size=(200, 4))[y] + rng.normal(0, 0.1, (2000, 4))
    tree = DecisionTreeClassifier(max_leaf_nodes=260, random_state=0).fit(X, y)
    tab = open_page(report(tree, X, y), viewport={"width": 1280, "height": 900})
    assert tab.evaluate("document.documentElement.scrollHeight") < 6500
    table = tab.locator("#scores table").nth(1)
    assert table.locator("tbody tr").count() == 200
    table.locator("tbody tr").last.scroll_into_view_if_needed()
    assert table.locator("thead th").first.is_visible()


def test_words_of_the_only_leaf_and_of_the_branches(open_page, page):
    tab = open_page(page, f"#step={len(page.to_dict()['steps'])}")
    assert tab.locator("#rules-what").text_content() == "One rule, that of the only leaf"
    tab.locator("#slider").fill(str(page.to_dict()["chosen"]))
    wait_for_text(tab, "#rules-what", "One rule for each of the 3 leaves")
    assert set(tab.locator("#tree .answer").all_text_contents()) == {"≤", ">"}
    shares = [text for text in tab.locator("#tree .soft").all_text_contents() if "%" in text]
    assert shares == [f"{100 * leaf['confidence']:.0f}\xa0%" for leaf in page.to_dict()["leaves"]]


def test_without_scripts_all_is_there_but_the_controls(open_page, page):
    tab = open_page(page, java_script_enabled=False)
    for name in ("#tree svg", "#curve svg", "#rules li", "#path tr", "#branches tr", "#features tr", "#scores tr"):
        assert tab.locator(name).first.is_visible(), name
    for name in ("#slider", "#search", ".copy", "#selected"):
        assert not tab.locator(name).first.is_visible(), name


def test_code_is_copied(open_page, page):
    tab = open_page(page, permissions=["clipboard-read", "clipboard-write"])
    tab.locator("summary", has_text="Python").click()
    tab.locator("[data-copy=rules-python]").click()
    wait_for_text(tab, "[data-copy=rules-python]", "Copied")
    assert tab.evaluate("navigator.clipboard.readText()") == page.to_dict()["python"]


@pytest.mark.parametrize("kind", ["tree", *KINDS])
def test_axe_finds_no_fault_and_nothing_is_cut_off(open_page, page, kind):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    made = page if kind == "tree" else KINDS[kind]()
    only = {"runOnly": ["color-contrast"]}
    for scheme, width, options in (("light", 1280, None), ("dark", 420, only)):
        tab = open_page(made, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
        tab.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
        results = axe.run(tab, options=options)
        assert results.violations_count == 0, results.generate_report()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
