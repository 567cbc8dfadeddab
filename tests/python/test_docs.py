"""The docs site: what can be seen of it without building it."""

import importlib
import pathlib
import pkgutil
import re
import sys

import pytest

import softkeras

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FENCE = re.compile(
    r"^ *```(\w+)(?P<words>[^\n`]*)\n(?P<code>.*?)^ *```", re.M | re.S
)


@pytest.fixture
def blocks(monkeypatch):
    """The module that runs the blocks of a page."""
    monkeypatch.syspath_prepend(ROOT / "tools" / "docs")
    yield importlib.import_module("blocks")
    sys.modules.pop("blocks")


def entries():
    """The pages of the navigation, without a reader of YAML."""
    text = (ROOT / "mkdocs.yml").read_text()
    return re.findall(r"[ :]([\w/]+\.md)$", text.split("\nnav:")[1], re.M)


def test_all_pages_are_in_the_navigation_once_and_no_others():
    there = {str(page.relative_to(DOCS)) for page in PAGES}
    assert len(set(entries())) == len(entries())
    assert there == set(entries())


def reference():
    return "\n".join(p.read_text() for p in (DOCS / "reference").rglob("*.md"))


@pytest.mark.parametrize(
    "name",
    [
        each.name
        for each in pkgutil.iter_modules(softkeras.__path__)
        if not each.name.startswith("_")
    ],
)
def test_every_public_name_of_a_module_is_in_the_reference(name):
    module = importlib.import_module(f"softkeras.{name}")
    text = reference()
    there = set(re.findall(rf"^::: softkeras\.{name}\.(\w+)$", text, re.M))
    directive = rf"^<!-- public: softkeras\.{name}(?: of ([\w.]+))? -->$"
    for part in re.findall(directive, text, re.M):
        there |= set(importlib.import_module(part or module.__name__).__all__)
    assert set(module.__all__) <= there


def test_every_step_is_drawn():
    from softkeras import steps

    text = (DOCS / "reference" / "steps.md").read_text()
    for name in steps.NAMES:
        assert f'### `"{name}"`' in text


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(DOCS)))
def test_no_python_is_left_out_of_the_run(page):
    """A block of four spaces, or with another name, would not be run."""
    text = page.read_text()
    outside = FENCE.sub("", text)
    assert not re.search(
        r"^    (import |from \w+ import |\w+ = \w+\()", outside, re.M
    )
    for language, _words, _code in FENCE.findall(text):
        assert language in ("python", "r", "sh", "text"), language


def test_blocks_share_names_and_show_what_they_print(blocks):
    page = "a\n\n```python\nx = 2\n```\n\n```python\nprint(x + 1)\n```\nb\n"
    text = blocks.run_blocks(page, "page.md")
    assert "print(x + 1)\n```\n\n```{ .text .output .no-copy }\n3\n```" in text
    assert text.startswith("a\n") and text.endswith("\nb\n")


def test_a_block_that_fails_stops_the_build(blocks):
    with pytest.raises(blocks.BlockError, match=r"page\.md, block 1:"):
        blocks.run_blocks("```python\n1 / 0\n```\n", "page.md")


def test_a_block_that_should_fail_and_does_not_stops_it_too(blocks):
    text = blocks.run_blocks("```python error\n1 / 0\n```\n", "page.md")
    assert "ZeroDivisionError: division by zero" in text
    with pytest.raises(blocks.BlockError, match="no error"):
        blocks.run_blocks("```python error\n1 / 1\n```\n", "page.md")


def test_a_word_that_is_not_known_stops_it(blocks):
    with pytest.raises(blocks.BlockError, match="'norun'"):
        blocks.run_blocks("```python norun\n1\n```\n", "page.md")


def test_hidden_markdown_and_indented_blocks(blocks):
    page = (
        "```python hidden\nprint('no'); x = 1\n```\n"
        "```python markdown\nprint('| a |', x)\n```\n"
        '=== "Python"\n\n    ```python\n    print(x)\n    ```\n'
    )
    text = blocks.run_blocks(page, "page.md")
    assert "no" not in text.replace("no-copy", "")
    assert "| a | 1\n" in text
    assert "    ```{ .text .output .no-copy }\n    1\n    ```" in text


def test_a_figure_takes_the_colours_of_the_page(blocks):
    pytest.importorskip("matplotlib")
    code = "from softkeras.plots import plot_steps\nplot_steps(['sigmoid'])"
    text = blocks.run_blocks(f"```python figure\n{code}\n```\n", "page.md")
    assert "<svg" in text and "currentColor" in text
    assert "#000000" not in text


def test_sections_of_docstrings(monkeypatch):
    pytest.importorskip("griffe")
    monkeypatch.syspath_prepend(ROOT / "tools" / "docs")
    sections = importlib.import_module("docstrings").sections
    text = sections(
        "One line.\n\nFormula: a\n    b\n\n"
        "Returns:\n    A tensor: c.\n\n    d.\n\n"
        "Reference: e.\n\nExample:\n\n>>> 1\n1"
    )
    title = '<span class="doc-section-title">'
    assert text == (
        f"One line.\n\n{title}Formula:</span> a\nb\n\n"
        f"{title}Returns:</span> A tensor: c.\n\nd.\n\n"
        f"{title}Reference:</span> e.\n\nExamples:\n    >>> 1\n    1"
    )
