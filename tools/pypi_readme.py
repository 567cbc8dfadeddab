"""Prints the README as a package index can show it.

    python tools/pypi_readme.py VERSION [REPOSITORY]

A link into the checkout leads nowhere there. With the address of the repository
on GitHub it leads to the file as it was in this version; without one only its
words are left, and a picture is left out. What is for a checkout makes room for
pip, which a reader of the index has.
"""

from __future__ import annotations

import pathlib
import re
import sys

README = pathlib.Path(__file__).parents[1] / "README.md"
# [words](target) or ![words](target), where the target is a file of ours.
LOCAL = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|mailto:|#)([^)\s]+)\)")

CHECKOUT = re.compile(
    "<!-- in a checkout -->\n.*?<!-- elsewhere -->\n", re.DOTALL
)
INSTALL = """```sh
pip install "softkeras[tensorflow,plot]"    # or jax, torch; plot: pictures
```
"""


def readme(text: str, version: str, repository: str = "") -> str:
    """The text for those who install it, with links that lead somewhere."""

    def replaced(match: re.Match[str]) -> str:
        picture, words, target = match.groups()
        if repository:
            kind = "raw" if picture else "blob"
            address = f"{repository}/{kind}/v{version}/{target}"
            return f"{picture}[{words}]({address})"
        return "" if picture else words

    text = CHECKOUT.sub(INSTALL, text)
    # a[i](x) in a block of code is no link.
    parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    parts[::2] = [LOCAL.sub(replaced, part) for part in parts[::2]]
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(readme(README.read_text("utf-8"), *sys.argv[1:]))
