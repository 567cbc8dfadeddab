"""Looks into what is to be released: what must be there, and what must not.

    python tools/dist_contents.py STAGE FILE...

STAGE is the folder of tracked files that the wheel, the sdist and R's tarball
were built from. Fails with a line for each thing that is wrong.
"""

from __future__ import annotations

import fnmatch
import pathlib
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping

MODULE = "python/softkeras/"
# Nothing of these is ever released, whatever the archive.
NEVER = (
    "*__pycache__*",
    "*.py[cod]",
    "*.so",
    "*/.*cache/*",
    "*/.hypothesis/*",
    "*/.venv/*",
    "*/.Rlib/*",
    "*/.git/*",
    "*/.DS_Store",
    "*/.RData",
    "*/.Rhistory",
    "*/testthat-problems.rds",
    "*/benchmarks/results/*",
)
# What a builder adds to the files of the stage.
ADDED = {
    "wheel": (
        "softkeras-*.dist-info/METADATA",
        "softkeras-*.dist-info/RECORD",
        "softkeras-*.dist-info/WHEEL",
        "softkeras-*.dist-info/entry_points.txt",
        "softkeras-*.dist-info/licenses/LICENSE.md",
        "softkeras-*.dist-info/top_level.txt",
    ),
    "sdist": ("PKG-INFO", "setup.cfg", "python/softkeras.egg-info/*"),
    "R": ("build/partial.rdb", "build/vignette.rds", "inst/doc/*"),
}
# What must be in, beside the whole module: of the archive's own paths.
MUST = {
    "wheel": ("softkeras/py.typed", "softkeras/r/*.R", *ADDED["wheel"]),
    "sdist": (
        "CHANGELOG.md",
        "CITATION.cff",
        "LICENSE.md",
        "MANIFEST.in",
        "PKG-INFO",
        "README.md",
        "conftest.py",
        "inst/COPYRIGHTS",
        "inst/extdata/breast_cancer.csv",
        "pyproject.toml",
        "tests/python/test_*.py",
        "tests/testthat/golden/*.json",
    ),
    "R": (
        "DESCRIPTION",
        "LICENSE",
        "NAMESPACE",
        "NEWS.md",
        "R/*.R",
        "inst/CITATION",
        "inst/COPYRIGHTS",
        "inst/doc/*.html",
        "inst/extdata/breast_cancer.csv",
        "man/*.Rd",
        "tests/testthat.R",
        "tests/testthat/test-*.R",
        "vignettes/*.Rmd",
    ),
}
# Where the module lies in each, and how large each may be, in MB; CRAN's limit
# of a tarball is 5.
MODULE_AT = {
    "wheel": "softkeras/",
    "sdist": MODULE,
    "R": "inst/python/softkeras/",
}
LARGEST = {"wheel": 1.0, "sdist": 2.0, "R": 5.0}
# A home or a temporary folder of somebody; STAGE's own path is looked for too.
# This file is released: the brackets keep it from finding itself.
OF_A_MACHINE = re.compile(
    rb"/[h]ome/\w|/[r]oot/|/[U]sers/\w|/[t]mp/\w|/[v]ar/folders/"
    rb"|[A-Z]:\\+[U]sers\\+\w"
)


def kind_of(name: str) -> str:
    if name.endswith(".whl"):
        return "wheel"
    # R writes softkeras_0.1.0.tar.gz, Python softkeras-0.1.0.tar.gz.
    return "R" if "_" in name else "sdist"


def files_of(archive: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    """Names, without the one folder that holds all of a tarball, and bytes."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, wheel.read(name)
        return
    with tarfile.open(archive) as tarball:
        for member in tarball:
            if not member.isdir():
                _, _, name = member.name.partition("/")
                file = tarball.extractfile(member)
                yield name, file.read() if file else b""


def module_of(stage: pathlib.Path) -> set[str]:
    """The module's files, relative to its folder."""
    folder = stage / MODULE
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    }


def problems(
    kind: str,
    files: Mapping[str, bytes],
    stage: pathlib.Path,
    size: float,
) -> Iterator[str]:
    """What is wrong with an archive.

    Args:
        kind: "wheel", "sdist" or "R".
        files: Of the archive, by name.
        stage: That it was built from.
        size: Of the archive, in MB.
    """
    if size > LARGEST[kind]:
        yield f"it has {size:.1f} MB; at most {LARGEST[kind]} are expected"
    for pattern in MUST[kind]:
        if not fnmatch.filter(files, pattern):
            yield f"{pattern} is missing"
    at = MODULE_AT[kind]
    for name in sorted(module_of(stage)):
        if at + name not in files:
            yield f"{at}{name} is missing"
    for name in sorted(files):
        if any(fnmatch.fnmatch(f"/{name}", pattern) for pattern in NEVER):
            yield f"{name} is not to be released"
        elif not _is_of(stage, kind, name):
            yield f"{name} is in no tracked file"
        for found in _machines(files[name], stage):
            yield f"{name} has a path of a machine: {found}"


def _is_of(stage: pathlib.Path, kind: str, name: str) -> bool:
    if any(fnmatch.fnmatch(name, pattern) for pattern in ADDED[kind]):
        return True
    folder = stage / "python" if kind == "wheel" else stage
    return (folder / name).is_file()


def _machines(content: bytes, stage: pathlib.Path) -> set[str]:
    found = set(OF_A_MACHINE.findall(content))
    if str(stage).encode() in content:
        found.add(str(stage).encode())
    return {path.decode() for path in found}


def main(arguments: list[str]) -> int:
    stage = pathlib.Path(arguments[0])
    failed = False
    for path in map(pathlib.Path, arguments[1:]):
        kind = kind_of(path.name)
        files = dict(files_of(path))
        size = path.stat().st_size / 1e6
        found = list(problems(kind, files, stage, size))
        failed = failed or bool(found)
        for problem in found:
            print(f"softkeras: {path.name}: {problem}", file=sys.stderr)
        print(f"{path.name}: {len(files)} files, {size:.2f} MB")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
