"""Shows the version, or sets it, in every file that has it.

    python tools/version.py               the version; fails if files disagree
    python tools/version.py 0.2.0         sets it everywhere, dated today
    python tools/version.py --tag v0.2.0  is it this tag's, and dated?

The source is `__version__` in python/softkeras/__init__.py. R and Python must
have the same: the R package refuses a module of another version.
"""

from __future__ import annotations

import argparse
import datetime
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[1]
SOURCE = "python/softkeras/__init__.py"
# Where the version stands in each file: the first match of the group.
PLACES = {
    SOURCE: r'^__version__ = "(.+)"$',
    "DESCRIPTION": r"^Version: (.+)$",
    "CITATION.cff": r"^version: (.+)$",
    "CHANGELOG.md": r"^## \[(\d.*?)\]",
    "NEWS.md": r"^# softkeras (\d.*)$",
}
CHANGES = "CHANGELOG.md"
DATED = r"^## \[{version}\] - (\d{{4}}-\d\d-\d\d)$"


def versions(root: pathlib.Path = ROOT) -> dict[str, str | None]:
    """What each file says; None where it names no version."""
    found = {}
    for name, pattern in PLACES.items():
        text = (root / name).read_text(encoding="utf-8")
        match = re.search(pattern, text, re.MULTILINE)
        found[name] = match and match[1]
    return found


def disagreements(root: pathlib.Path = ROOT) -> list[str]:
    """A line for each file that does not say what the source does."""
    found = versions(root)
    wanted = found[SOURCE]
    return [
        f"{name} says {version}, {SOURCE} {wanted}"
        for name, version in found.items()
        if version != wanted
    ]


def not_released_as(tag: str, root: pathlib.Path = ROOT) -> list[str]:
    """What keeps the files from being released under this tag."""
    version = versions(root)[SOURCE] or ""
    problems = []
    if tag != f"v{version}":
        problems.append(f"the tag is {tag}, the version {version}: v{version}")
    dated = DATED.format(version=re.escape(version))
    text = (root / CHANGES).read_text(encoding="utf-8")
    if not re.search(dated, text, re.MULTILINE):
        problems.append(
            f"{CHANGES} has no date for {version}; run: "
            f"python tools/version.py {version}"
        )
    return problems


def set_version(
    version: str, date: datetime.date, root: pathlib.Path = ROOT
) -> None:
    """Writes the version into every file, and the date of its release.

    Args:
        version: Three numbers with points, as R and Python both take them.
        date: Of the release.
        root: Of the checkout.

    Raises:
        ValueError: for a version of another form, and if a file has no place
            for it; then no file is changed.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ValueError(
            "A version is three numbers with points between them, which R and "
            f"Python both take. Received: {version}"
        )
    escaped = re.escape(version)
    rules = {
        SOURCE: (PLACES[SOURCE], f'__version__ = "{version}"'),
        "DESCRIPTION": (PLACES["DESCRIPTION"], f"Version: {version}"),
        "CITATION.cff": (
            r"^version: .+\n(date-released: .+\n)?",
            f"version: {version}\ndate-released: {date}\n",
        ),
        CHANGES: (
            rf"^## \[(Unreleased|{escaped})\].*$",
            f"## [{version}] - {date}",
        ),
        "NEWS.md": (
            rf"^# softkeras (\(development version\)|{escaped})$",
            f"# softkeras {version}",
        ),
    }
    texts = {}
    for name, (pattern, new) in rules.items():
        text = (root / name).read_text(encoding="utf-8")
        texts[name], times = re.subn(
            pattern, new, text, count=1, flags=re.MULTILINE
        )
        if times == 0:
            raise ValueError(
                f"{name} has nothing to be released as {version}: a heading "
                "'## [Unreleased]' in CHANGELOG.md, '# softkeras (development "
                "version)' in NEWS.md"
            )
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version", nargs="?", help="to be set: 0.2.0")
    parser.add_argument("--tag", help="that the files must be ready for")
    options = parser.parse_args(arguments)
    if options.version:
        try:
            today = datetime.datetime.now(datetime.timezone.utc).date()
            set_version(options.version, today)
        except ValueError as error:
            print(f"softkeras: {error}", file=sys.stderr)
            return 2
    problems = disagreements()
    if options.tag:
        problems += not_released_as(options.tag)
    for problem in problems:
        print(f"softkeras: {problem}", file=sys.stderr)
    if problems:
        return 1
    print(versions()[SOURCE])
    return 0


if __name__ == "__main__":
    sys.exit(main())
