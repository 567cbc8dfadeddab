"""The command line: python -m softkeras diagnose package.module:loss."""

from __future__ import annotations

import argparse
import difflib
import importlib
import importlib.util
import inspect
import json
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

import keras

from softkeras.doctor import _html, diagnose
from softkeras.doctor._probes import DOMAINS

# What a message lists at most of what there is.
LISTED = 12


class WrongNameError(ValueError):
    """A target that is not there; says what is."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: Of the command line. Default: those of this process.

    Returns:
        The exit status.
    """
    options = _parser().parse_args(arguments)
    # A command that is installed does not look where it is called.
    here = str(pathlib.Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        target = find(options.target)
        report = diagnose(target, domain=options.domain, seed=options.seed)
        if options.html:
            page = _html.page(report)
            pathlib.Path(options.html).write_text(page, encoding="utf-8")
        if options.json:
            text = json.dumps(report.to_dict(), allow_nan=False, indent=1)
            pathlib.Path(options.json).write_text(text, encoding="utf-8")
    except (ValueError, OSError) as error:
        print(f"softkeras: {error}", file=sys.stderr)
        return 2
    report.print()
    return 1 if report.errors or report.warnings else 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="softkeras", description="Train on the metric you are judged by."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "diagnose",
        help="say why a loss, an activation or a metric does not train",
        description=(
            "Says why a loss, an activation, a metric or a layer does not "
            "train, and what to do about it."
        ),
        epilog=(
            "Exit status: 0 if nothing was found but infos, 1 if there are "
            "errors or warnings, 2 if the target is not there, can't be "
            "diagnosed, or a file can't be written. Modules are looked for in "
            "the current directory too."
        ),
    )
    command.add_argument(
        "target",
        metavar="MODULE:NAME",
        help="such as package.module:loss; or a name that Keras knows, such "
        "as mse or relu",
    )
    command.add_argument(
        "--domain",
        choices=DOMAINS,
        help="of the inputs; by default it is found by trying",
    )
    command.add_argument(
        "--seed", type=int, default=0, help="of random inputs (default: 0)"
    )
    command.add_argument(
        "--html", metavar="FILE", help="write the report as a page, too"
    )
    command.add_argument(
        "--json", metavar="FILE", help="write the report as JSON, too"
    )
    return parser


def find(name: str) -> Any:
    """What `module:name` is, or what Keras knows by a name.

    A class of Keras's, such as a loss, is made without arguments.

    Raises:
        WrongNameError: if it is not there.
    """
    module_name, colon, path = name.partition(":")
    if not colon:
        return _of_keras(name)
    module = _module(module_name)
    thing: Any = module
    for part in path.split("."):
        if not hasattr(thing, part):
            raise WrongNameError(_nothing_like(part, thing, module_name))
        thing = getattr(thing, part)
    if inspect.isclass(thing):
        try:
            thing = thing()
        except TypeError as error:
            raise WrongNameError(
                f"{name} is a class, and needs arguments: {error}. Write "
                f"`made = {path}(…)` in a module and name {module_name}:made."
            ) from error
    if not callable(thing) and not isinstance(thing, keras.metrics.Metric):
        raise WrongNameError(
            f"{name} is a {type(thing).__name__}; it must be a function, a "
            f"loss, a metric or a layer. {_there(module, module_name)}"
        )
    return thing


def _of_keras(name):
    for module in (keras.losses, keras.activations):
        try:
            module.get(name)
            return name
        except ValueError:
            pass
    raise WrongNameError(
        f"Keras has no loss or activation {name!r}. One of your own is named "
        "by its module too: package.module:name."
    )


def _module(name):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise WrongNameError(
                f"{name} can't be imported: {error}"
            ) from error
        raise WrongNameError(
            f"There is no module {error.name!r}. {_modules_here()}"
        ) from error
    except Exception as error:
        raise WrongNameError(
            f"{name} can't be imported: {type(error).__name__}: {error}"
        ) from error


def _modules_here():
    here = pathlib.Path.cwd()
    names = sorted(
        {path.stem for path in here.glob("*.py")}
        | {path.parent.name for path in here.glob("*/__init__.py")}
    )
    names = [name for name in names if name.isidentifier()]
    if not names:
        return f"There are none in {here}."
    return f"In {here} there are: {_list(names)}."


def _nothing_like(part, thing, module_name):
    there = [name for name in vars(thing) if not name.startswith("_")]
    close = difflib.get_close_matches(part, there, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"{module_name} has no {part!r}.{hint} {_there(thing, module_name)}"


def _there(module, module_name):
    """What a module defines that can be diagnosed.

    Functions and classes that it imported are another's; an object has the
    module of its class.
    """
    own = [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and callable(thing)
        and getattr(thing, "__module__", "")
        in (module_name, type(thing).__module__)
    ]
    if not own:
        return "It defines nothing that can be called."
    return f"In {module_name} there are: {_list(own)}."


def _list(names):
    text = ", ".join(names[:LISTED])
    more = len(names) - LISTED
    return text + (f" and {more} more" if more > 0 else "")


if __name__ == "__main__":
    sys.exit(main())
