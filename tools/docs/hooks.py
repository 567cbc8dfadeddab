"""What `make docs` adds to MkDocs: blocks that run, links, and checks."""

from __future__ import annotations

import importlib
import logging
import os
import pathlib
import pkgutil
import re

# Before TensorFlow is imported: lines about oneDNN and CPU features.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import blocks
import tables  # noqa: F401  (blocks import it)
from mkdocs.exceptions import PluginError

ROOT = pathlib.Path(__file__).parents[2]
# A link, outside of `code`.
LINK = re.compile(r"(?<!!)\[(?P<words>[^\]\n]+)\]\((?P<target>\.\./[^)\s]+)\)")
PUBLIC = re.compile(
    r"^<!-- public: (?P<module>[\w.]+)(?: of (?P<part>[\w.]+))? -->$", re.M
)
# What a page would fetch when it is looked at.
REMOTE = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(?:https?:)?//[^\s>]+"
    r"|<link\b[^>]*\brel=[\"']?(?:stylesheet|preconnect|icon)[^>]*"
    r"href=[\"']?(?:https?:)?//[^\s>]+"
    r"|@import\s+url\((?:https?:)?//[^)]+",
)


def on_startup(command, dirty) -> None:
    """Quietens TensorFlow, which warns that the pages trace many models."""
    logging.getLogger("tensorflow").setLevel("ERROR")


def on_page_markdown(markdown, page, config, files) -> str:
    """Runs the blocks, and fills in names and links."""
    path = page.file.src_uri
    try:
        markdown = blocks.run_blocks(markdown, path)
    except blocks.BlockError as error:
        raise PluginError(str(error)) from error
    markdown = PUBLIC.sub(public_names, markdown)
    folder = pathlib.Path(page.file.abs_src_path).parent
    docs = pathlib.Path(config.docs_dir)
    return LINK.sub(lambda found: linked(found, folder, docs), markdown)


def public_names(found) -> str:
    """A line for mkdocstrings for each public name of a module.

    `<!-- public: softkeras.losses of softkeras.losses.rates -->` is for those
    of a part, by the names under which users import them.
    """
    module = importlib.import_module(found["module"])
    part = importlib.import_module(found["part"] or found["module"])
    names = [each for each in part.__all__ if each in module.__all__]
    return "\n\n".join(f"::: {module.__name__}.{name}" for name in names)


def linked(found, folder, docs) -> str:
    """The path where a link leads to a file outside of docs/.

    There is no address of these files yet, so a page can only name them.
    """
    target = (folder / found["target"].split("#")[0]).resolve()
    if target.is_relative_to(docs):
        return found[0]
    if not target.exists():
        raise PluginError(f"{found[0]} leads to nothing: {target}")
    path = target.relative_to(ROOT)
    words = found["words"]
    if words.strip("`") in (str(path), path.name):
        return f"`{path}`"
    return f"{words} (`{path}`)"


def on_post_build(config) -> None:
    """Checks that each public name has its place, and nothing is fetched."""
    site = pathlib.Path(config.site_dir)
    pages = {path: path.read_text() for path in site.rglob("*.html")}
    reference = "\n".join(
        text for path, text in pages.items() if "reference" in path.parts
    )
    missing = [
        name
        for name in all_public_names()
        if f'id="{name}"' not in reference and f"id={name}" not in reference
    ]
    if missing:
        raise PluginError(f"Not in the reference: {', '.join(missing)}")
    for path, text in pages.items():
        if found := REMOTE.search(text):
            raise PluginError(f"{path} needs a network: {found[0]}")


def all_public_names() -> list[str]:
    """Of all public modules, with the module before them."""
    import softkeras

    modules = [
        importlib.import_module(f"softkeras.{each.name}")
        for each in pkgutil.iter_modules(softkeras.__path__)
        if not each.name.startswith("_")
    ]
    return [
        f"{module.__name__}.{name}"
        for module in modules
        for name in module.__all__
    ]
