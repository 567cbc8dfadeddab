"""Checks the spelling of documents, docstrings and comments: British English.

    python tools/check_spelling.py

Needs hunspell and its dictionary en_GB. Words that are right but in no
dictionary are in tools/words.txt, which is kept sorted and without words that
occur nowhere.
"""

from __future__ import annotations

import ast
import io
import pathlib
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[1]
WORDS = ROOT / "tools" / "words.txt"
# Made of what other programs say.
MADE = ("docs/differentiable.md", "docs/lanes/", "vignettes/")

# Code, addresses and names, in the order in which they are taken out.
NOT_PROSE = re.compile(
    r"""
      ^---\n.*?\n---\n                      # a header of YAML
    | ^[ ]*(`{3,}|~{3,}).*?^[ ]*\1          # blocks of code
    | ^[ ]*(>>>|\.\.\.)[ ].*?(?=\n[ ]*(\n|$|>>>))  # doctests, what they print
    | ^\s*(Reference|@references).*?(?=\n\s*\n|\n@|\Z)  # names of people
    | ``.*?`` | `[^`]*`
    | \$\$.*?\$\$ | \$[^$\n]+\$
    | \\(doi|url|href|code|link|eqn|deqn)\{.*?\}
    | <!--.*?--> | <[^<>\n]+>
    | (?<=\])\([^()\s]*\)                   # where a link goes
    | https?://\S+ | \S+@\S+
    | "[^"\s]*"                             # an argument as it is given
    | @\w+([ ]\S+)?                         # tags of roxygen
    | %\\?\w+%?
    | \bnolint\b.*?$
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
# Neither parts of a name of code nor of a formula.
WORD = re.compile(
    r"""
    (?<![\w.\\/:$\#-]) [A-Za-z][a-z]+ (?:['’][a-z]+)? (?!\w|[(=_]|[/:.]\w)
    """,
    re.VERBOSE,
)


def tracked(*patterns: str) -> list[pathlib.Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.split()
    return [ROOT / name for name in listed]


def of_python(source: str) -> Iterator[str]:
    """Docstrings, and comments that are not for a checker."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(
            node, (ast.Module, ast.ClassDef, ast.FunctionDef)
        ) and ast.get_docstring(node):
            yield ast.get_docstring(node)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_comment = token.type == tokenize.COMMENT
        if is_comment and not re.match(r"# (noqa|type:|isort:)", token.string):
            yield token.string.lstrip("# ")


def of_r(source: str) -> Iterator[str]:
    """Comments, those of roxygen without its examples."""
    lines = []
    for line in source.splitlines():
        found = re.match(r"\s*#+'? ?(.*)|.*\s# (.*)", line)
        lines.append((found[1] or found[2] or "") if found else "\n")
    text = "\n".join(lines)
    yield re.sub(r"^@examples.*?(?=^@|^\n)", "", text, flags=re.S | re.M)


def texts() -> Iterator[tuple[str, str]]:
    """The prose of every file."""
    pages = tracked("*.md", "vignettes/*.Rmd.orig")
    for path in pages:
        name = str(path.relative_to(ROOT))
        if not name.startswith(MADE) or path.suffix == ".orig":
            yield name, path.read_text(encoding="utf-8")
    for pattern, read in (("*.py", of_python), ("*.R", of_r)):
        for path in tracked(pattern):
            name = str(path.relative_to(ROOT))
            for text in read(path.read_text(encoding="utf-8")):
                yield name, text


def words() -> dict[str, set[str]]:
    """Each word and the files that it is in."""
    found: dict[str, set[str]] = {}
    for name, text in texts():
        for word in WORD.findall(NOT_PROSE.sub(" ", text)):
            found.setdefault(word.replace("’", "'"), set()).add(name)
    return found


def unknown(found: dict[str, set[str]]) -> set[str]:
    """Those that the dictionary does not have."""
    run = subprocess.run(
        ["hunspell", "-d", "en_GB", "-i", "utf-8", "-l"],
        input="\n".join(found),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


def forms(word: str) -> set[str]:
    """As it may stand in the list: at a sentence's start, of something."""
    stem = word.removesuffix("'s")
    return {word, stem, stem.lower()}


def main() -> int:
    own = WORDS.read_text(encoding="utf-8").split()
    found = words()
    wrong = unknown(found)
    known = set(own)
    bad = {word for word in wrong if not forms(word) & known}
    for word in sorted(bad, key=str.lower):
        files = sorted(found[word])
        more = f" and {len(files) - 2} more" if len(files) > 2 else ""
        print(f"{word}: {', '.join(files[:2])}{more}")
    if bad:
        print(
            "spelling: mend these (British), put code in backticks, or add "
            "what is right to tools/words.txt"
        )
    used = set().union(*map(forms, wrong))
    unused = [word for word in own if word not in used]
    if unused:
        print(f"spelling: take out of tools/words.txt: {' '.join(unused)}")
    order = sorted(set(own), key=lambda word: (word.lower(), word))
    if own != order:
        print("spelling: sort tools/words.txt; its order: " + " ".join(order))
    return bool(bad or unused or own != order)


if __name__ == "__main__":
    sys.exit(main())
