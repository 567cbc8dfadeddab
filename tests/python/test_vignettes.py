"""The vignettes that are built are those whose sources lie beside them."""

from __future__ import annotations

import pathlib
import re

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "vignettes"
SOURCES = sorted(FOLDER.glob("*.Rmd.orig"))
FENCED = re.compile(r"^```(.*)\n((?:.*\n)*?)^```$", re.MULTILINE)
HIDDEN = re.compile(r"\b(include|echo) = FALSE")


def code_of(text: str) -> list[str]:
    """The lines of R that a reader sees, without their output."""
    lines = []
    for head, body in FENCED.findall(text):
        if re.match(r"r$|\{(r|fresh)\b", head) and not HIDDEN.search(head):
            lines += body.splitlines()
    return [line for line in lines if line and not line.startswith("#>")]


def made_of(source: pathlib.Path) -> str:
    return source.with_suffix("").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_what_is_built_has_the_code_of_its_source(source):
    code = code_of(source.read_text(encoding="utf-8"))
    assert code
    assert code_of(made_of(source)) == code, "run: make vignettes"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_it_needs_no_python_to_be_built(source):
    made = made_of(source)
    assert "```{" not in made
    assert "`r " not in made


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_its_pictures_are_there_and_no_others(source):
    name = source.name.removesuffix(".Rmd.orig")
    shown = set(re.findall(r"\]\((figures/[^)]+)\)", made_of(source)))
    there = {
        f"figures/{path.name}" for path in FOLDER.glob(f"figures/{name}-*")
    }
    assert shown == there


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_it_names_no_folder_of_the_machine(source):
    assert not re.search(r"/(tmp|home|root|work|Users)/", made_of(source))


def test_pictures_are_small():
    sizes = [path.stat().st_size for path in FOLDER.glob("figures/*")]
    assert sum(sizes) < 1_000_000


def test_each_is_linked_only_to_those_that_there_are():
    names = {path.name.removesuffix(".Rmd.orig") for path in SOURCES}
    for source in SOURCES:
        linked = set(re.findall(r"vignette\(\"([\w-]+)\"\)", made_of(source)))
        assert linked <= names | {"r-and-python"}
