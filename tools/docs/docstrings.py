"""The docstrings of softkeras, as mkdocstrings is to read them.

"Formula", "Gradient" and "Reference" stand before their text on one line, and
"Example" before doctests that are not indented. The parser knows neither: a
doctest would come out as quotations, and an indented second line as a box. The
losses fill in their docstrings and signatures when they are imported, so both
are taken from there.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap

import griffe

# Annotations that say nothing.
BARE = inspect.Parameter.empty, "Any"
# Up to an empty line.
PARAGRAPH = re.compile(
    r"^(Formula|Gradient|Reference):\s*(.*?)(?=\n\s*\n|\Z)", re.M | re.S
)
# Up to a line that is not indented. The parser takes what is before a colon in
# it for a type.
RETURNS = re.compile(r"^(Returns):\s*\n((?:[ ]+.*\n|\s*\n)*(?:[ ]+.*)?)", re.M)
EXAMPLE = re.compile(r"^Example:\s*\n(.*)\Z", re.M | re.S)


def sections(text: str) -> str:
    """The docstring with these sections in a form that the parser knows."""
    text = EXAMPLE.sub(
        lambda found: (
            "Examples:\n"
            + textwrap.indent(textwrap.dedent(found[1]).strip("\n"), "    ")
        ),
        text,
    )
    text = RETURNS.sub(
        lambda found: _titled(found[1], textwrap.dedent(found[2])) + "\n\n",
        text,
    )
    return PARAGRAPH.sub(
        lambda found: _titled(
            found[1], "\n".join(line.strip() for line in found[2].split("\n"))
        ),
        text,
    )


def _titled(title, text):
    title = f'<span class="doc-section-title">{title}:</span>'
    return f"{title} {text.strip()}"


class HouseSections(griffe.Extension):
    """Rewrites each docstring once it is collected."""

    def on_object(self, *, obj: griffe.Object, **options: object) -> None:
        """Called by griffe for each module, class, function and attribute."""
        thing = _imported(obj)
        if thing is None:
            return
        if obj.docstring is not None:
            # Those of losses are filled in when they are imported.
            text = inspect.getdoc(thing) or obj.docstring.value
            obj.docstring.value = sections(text)
        if obj.is_function:
            obj.parameters = _parameters(thing)
        elif obj.is_class and "__init__" in obj.members:
            obj.members["__init__"].parameters = _parameters(thing)


def _imported(obj):
    """What griffe has read, as Python has it; None where it has not."""
    thing = sys.modules.get(obj.module.path)
    names = obj.path.removeprefix(obj.module.path).strip(".").split(".")
    for name in filter(None, names):
        thing = inspect.getattr_static(thing, name, None)
    if isinstance(thing, property):
        return thing.fget
    return getattr(thing, "__func__", thing)


def _parameters(thing):
    """Those that can be given, also where the code says **options."""
    return griffe.Parameters(
        *(
            griffe.Parameter(
                each.name,
                kind=griffe.ParameterKind[each.kind.name.lower()],
                annotation=None if each.annotation in BARE else each.annotation,
                default=None
                if each.default is each.empty
                else repr(each.default),
            )
            for each in inspect.signature(thing).parameters.values()
        )
    )
