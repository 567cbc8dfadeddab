"""Runs the code blocks of a page and writes what they printed below them.

Every block of Python is run, in the order of the page and in one namespace a
page; every block of R too, in one R a page, where R with softkeras is there. A
block that fails stops the build. Words after the language say what is shown:

    python             the code, and what it printed below
    python hidden      neither; for what the page needs and the reader does not
    python markdown    what it printed, as part of the page
    python figure      the code, and the figure of matplotlib that the last
                       line gives, as a drawing that takes the page's colours
    python error       the code and its error, without which the build stops
    python title="x"   the code under that name, which errors will know it by
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import io
import linecache
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import warnings

ROOT = pathlib.Path(__file__).parents[2]
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>python|r)\b(?P<words>[^\n`]*)\n"
    r"(?P<code>.*?)^(?P=indent)```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
TITLE = re.compile(r'title="([^"]+)"')
WORDS = {"hidden", "markdown", "figure", "error"}
NO_R = (
    "*R with softkeras was not there when this page was built, so the output "
    "is missing.*"
)
# Between the outputs of the blocks of one R.
MARK = "--- softkeras block {} ---"


class BlockError(Exception):
    """A block of a page failed, or did not fail where it should."""


def run_blocks(markdown: str, page: str) -> str:
    """The page with the output of its blocks.

    Args:
        markdown: The page as it is written.
        page: Its path in docs/, for messages and for names of files.

    Returns:
        The page as it is to be rendered.

    Raises:
        BlockError: where a block fails that should not, or the reverse.
    """
    blocks = list(BLOCK.finditer(markdown))
    of_r = [textwrap.dedent(b["code"]) for b in blocks if b["language"] == "r"]
    outputs_of_r = iter(run_r(of_r, page)) if of_r else iter(())
    names = {"__name__": "__main__"}
    parts, end = [], 0
    for number, block in enumerate(blocks, 1):
        if block["language"] == "r":
            new = _shown(block, "r") + next(outputs_of_r)
        else:
            new = _run_python(block, names, page, number)
        parts += [
            markdown[end : block.start()],
            textwrap.indent(new, block["indent"]),
        ]
        end = block.end()
    return "".join([*parts, markdown[end:]])


def _run_python(block, names, page, number) -> str:
    words = set(TITLE.sub("", block["words"]).split())
    if words - WORDS:
        raise BlockError(
            f"docs/{page}: a block says {' '.join(sorted(words - WORDS))!r}; "
            f"known are {', '.join(sorted(WORDS))} and title"
        )
    title = TITLE.search(block["words"])
    stem = pathlib.PurePath(page).stem
    name = title[1] if title else f"{stem}_{number}.py"
    code = textwrap.dedent(block["code"])
    printed = io.StringIO()
    value = error = None
    with _quiet(printed) as folder:
        try:
            value = _evaluate(code, name, names)
        except Exception as raised:
            error = raised
    # What is written is gone, and its place is another at the next build.
    text = printed.getvalue().replace(f"{folder}/", "")
    if error is not None:
        if "error" not in words:
            raise BlockError(
                f"docs/{page}, block {number}:\n{code}\n{text}"
                f"{type(error).__name__}: {error}"
            ) from error
        text += f"{type(error).__name__}: {str(error).strip()}\n"
    elif "error" in words:
        raise BlockError(f"docs/{page}, block {number}: no error:\n{code}")
    if "hidden" in words:
        return ""
    if "markdown" in words:
        return text
    shown = _shown(block, "python") + _output(text)
    return (
        shown + svg(value, f"{page} {number}") if "figure" in words else shown
    )


def _evaluate(code, name, names):
    """Runs code as of a file `name`; the value of the last line."""
    # The doctor, tracebacks and TensorFlow read the lines from here.
    linecache.cache[name] = len(code), None, code.splitlines(True), name
    tree = ast.parse(code, name)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        exec(compile(tree, name, "exec"), names)
        return None
    tree.body.pop()
    exec(compile(tree, name, "exec"), names)
    return eval(compile(ast.Expression(last.value), name, "eval"), names)


@contextlib.contextmanager
def _quiet(printed):
    """Takes what is printed, and warnings by their words alone."""

    def say(message, category, *place):
        print(f"{category.__name__}: {message}", file=printed)

    old_hook, old_folder = warnings.showwarning, os.getcwd()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.showwarning = say
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.redirect_stdout(printed),
        ):
            os.chdir(folder)
            try:
                yield folder
            finally:
                os.chdir(old_folder)
                warnings.showwarning = old_hook


def _shown(block, language) -> str:
    title = TITLE.search(block["words"])
    title = f' title="{title[1]}"' if title else ""
    code = textwrap.dedent(block["code"])
    return f"```{language}{title}\n{code}```\n"


def _output(text) -> str:
    text = text.rstrip()
    return f"\n```{{ .text .output .no-copy }}\n{text}\n```\n" if text else ""


def svg(figure, name: str) -> str:
    """A figure as HTML that is black on a light page and white on a dark.

    Args:
        figure: Of matplotlib.
        name: What its marks are called by; no two of a page alike.

    Returns:
        One line of HTML.
    """
    import matplotlib

    options = {
        "svg.fonttype": "none",
        "svg.hashsalt": hashlib.sha256(name.encode()).hexdigest()[:8],
        "font.family": "sans-serif",
    }
    file = io.StringIO()
    with matplotlib.rc_context(options):
        figure.savefig(
            file, format="svg", transparent=True, metadata={"Date": None}
        )
    drawing = file.getvalue()
    drawing = drawing[drawing.index("<svg") :].replace(
        "#000000", "currentColor"
    )
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r"\s*\n\s*", " ", drawing)
    return f'\n<div class="figure">{drawing}</div>\n'


def run_r(blocks: list[str], page: str) -> list[str]:
    """What each block of R printed, as Markdown."""
    if not has_r():
        return [f"\n{NO_R}\n"] * len(blocks)
    with tempfile.TemporaryDirectory() as folder:
        lines = ["sink(stdout(), type = 'message')"]
        for number, code in enumerate(blocks):
            file = pathlib.Path(folder, f"{number}.R")
            file.write_text(code)
            lines += [
                f"cat('{MARK.format(number)}\\n')",
                f"source('{file}', print.eval = TRUE, keep.source = TRUE)",
            ]
        script = pathlib.Path(folder, "page.R")
        script.write_text("\n".join(lines))
        run = subprocess.run(
            ["Rscript", script],
            cwd=folder,
            env=environment_of_r(),
            capture_output=True,
            text=True,
        )
    if run.returncode:
        raise BlockError(f"docs/{page}, R:\n{run.stdout}\n{run.stderr}")
    outputs = re.split(MARK.format(r"\d+") + "\n", run.stdout)[1:]
    return [_output(text) for text in outputs]


def environment_of_r() -> dict[str, str]:
    """That of make: this checkout's R library, and this Python."""
    return {
        "R_LIBS_USER": str(ROOT / ".Rlib"),
        "RETICULATE_PYTHON": sys.executable,
        **os.environ,
    }


@functools.cache
def has_r() -> bool:
    """Whether there is an R with softkeras installed."""
    if not shutil.which("Rscript"):
        return False
    code = 'quit(status = !requireNamespace("softkeras", quietly = TRUE))'
    run = subprocess.run(
        ["Rscript", "-e", code], env=environment_of_r(), capture_output=True
    )
    return run.returncode == 0
