"""Runs the tests of one file on its mutants: a plugin of pytest.

Importing TensorFlow takes seconds, a test of a score milliseconds. So one
process imports and collects once, and each mutant is put into the functions
that live there already: their code is exchanged, whoever holds them. A mutant
of what runs at import (a decorator, say) needs a process of its own.

The environment says what to do: MUTANTS_FILE is the file, MUTANTS_ONLY some
of its functions, MUTANTS_RESULTS where a line of JSON is added for each
mutant, MUTANTS_THESE the numbers of those to be tested, MUTANTS_SECONDS for how
long each, and MUTANTS_IMPORT the number of one to be imported.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import gc
import importlib.machinery
import json
import os
import pathlib
import signal
import sys
import time
import types

import pytest
from _pytest.runner import runtestprotocol
from mutations import mutants

PACKAGE = pathlib.Path(__file__).parents[2] / "python/softkeras"
FILE = os.environ["MUTANTS_FILE"]
PATH = PACKAGE / FILE
SOURCE = PATH.read_text()
MUTANTS = list(
    mutants(FILE, SOURCE, tuple(os.environ.get("MUTANTS_ONLY", "").split()))
)
IMPORTED = os.environ.get("MUTANTS_IMPORT")
# A test that takes that much longer than before is one that fails. All is time
# of the processor: others may keep it busy.
SLOWER, LEAST_SECONDS = 20, 15


def _import_mutant(mutant):
    """Python's own importer takes the mutant for the file."""
    loader = importlib.machinery.SourceFileLoader
    get_code = loader.get_code

    def code_of(self, name):
        if pathlib.Path(self.path) == PATH:
            return _code(mutant.tree)
        return get_code(self, name)

    loader.get_code = code_of


def _code(tree):
    return compile(tree, str(PATH), "exec", dont_inherit=True)


if IMPORTED is not None:
    _import_mutant(MUTANTS[int(IMPORTED)])


def pytest_collection_modifyitems(items):
    """What a compiler makes of the same tests is no business of a mutant."""
    eagerly = {item.originalname for item in items if _mode(item) == "eager"}
    items[:] = [
        item
        for item in items
        if _mode(item) in (None, "eager") or item.originalname not in eagerly
    ]


def _mode(item):
    callspec = getattr(item, "callspec", None)
    return callspec and callspec.params.get("mode")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    if IMPORTED is not None:
        return None  # as ever
    results = pathlib.Path(os.environ["MUTANTS_RESULTS"])
    tests = Tests(session.items)
    place = Place()
    with results.open("a", buffering=1) as file:
        for i in map(int, os.environ["MUTANTS_THESE"].split()):
            mutant = MUTANTS[i]
            file.write(json.dumps({"begun": i}) + "\n")
            try:
                with place.taken_by(mutant) as codes:
                    found = tests.of(mutant, codes)
            except NotInPlaceError:
                found = {"import": True}
            file.write(json.dumps({"mutant": mutant.key, **found}) + "\n")
        tests.check()
        file.write(json.dumps({"checked": True}) + "\n")
    return True


class Tests:
    """The tests, and which lines and code of the file each of them runs."""

    def __init__(self, items):
        self.items = items
        self.lines, self.seconds, self.killers = {}, {}, {}
        self.codes = set()
        for item in items:
            began = time.process_time()
            with _traced(self.codes) as self.lines[item]:
                failure = _failure(item, None)
            self.seconds[item] = time.process_time() - began
            if failure:
                raise RuntimeError(f"{item.nodeid} fails as it is:\n{failure}")

    def check(self):
        """Raises an error if a mutant has left something behind."""
        for item in self.items:
            if failure := _failure(item, None):
                raise RuntimeError(f"{item.nodeid} fails now:\n{failure}")

    def of(self, mutant, codes):
        """Which test fails with a mutant, if any does."""
        if mutant.kind == "body" and not self.codes & codes:
            raise NotInPlaceError  # Its function ran when it was imported.
        last = self.killers.setdefault(mutant.function, [])
        order = sorted(
            self._that_run(mutant),
            key=lambda item: (
                -last.index(item) if item in last else len(last),
                self.seconds[item],
            ),
        )
        left = float(os.environ["MUTANTS_SECONDS"])
        for i, item in enumerate(order):
            left -= self.seconds[item]
            if left < 0 and i:
                return {"survives": i, "of": len(order)}
            seconds = max(SLOWER * self.seconds[item], LEAST_SECONDS)
            if why := _failure(item, seconds):
                if item in last:
                    last.remove(item)
                last.append(item)
                return {"killer": item.nodeid, "why": why[-80:]}
        return {"survives": len(order)}

    def _that_run(self, mutant):
        first, end = mutant.lines
        if mutant.kind == "body":
            lines = set(range(first, end + 1))
            return [item for item in self.items if self.lines[item] & lines]
        return [item for item in self.items if self.lines[item]]


@contextlib.contextmanager
def _traced(codes):
    """The lines of the file that are run, in this thread; adds the codes."""
    lines = set()

    def of_line(frame, event, argument):
        if event == "line":
            lines.add(frame.f_lineno)
        return of_line

    def of_call(frame, event, argument):
        if frame.f_code.co_filename == str(PATH):
            lines.add(frame.f_lineno)
            codes.add(_key(frame.f_code))
            return of_line
        return None

    previous = sys.gettrace()
    sys.settrace(of_call)
    try:
        yield lines
    finally:
        sys.settrace(previous)


def _failure(item, seconds):
    """What a test says if it fails, "" if it passes."""

    def stop(signum, frame):
        raise TimeoutError(f"more than {seconds} s")

    item._initrequest()  # As plugins that run a test twice do.
    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds or 0)
    try:
        reports = runtestprotocol(item, log=False, nextitem=None)
    except TimeoutError as error:
        return str(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
    return "\n".join(str(r.longrepr) for r in reports if r.failed)


class NotInPlaceError(Exception):
    """A mutant that the functions that are there can't be made into."""


class Place:
    """The functions of the file that live in this process."""

    def __init__(self):
        self.functions = [
            thing
            for thing in gc.get_objects()
            if isinstance(thing, types.FunctionType)
            and thing.__code__.co_filename == str(PATH)
        ]
        self.codes = _codes(_code(ast.parse(SOURCE)))

    @contextlib.contextmanager
    def taken_by(self, mutant):
        """The mutant in force; gives what code of functions it changes."""
        exchange = {
            "body": self._exchange_code,
            "default": self._exchange_defaults,
            "constant": self._exchange_constant,
        }.get(mutant.kind)
        if exchange is None:
            raise NotInPlaceError
        with contextlib.ExitStack() as stack:
            codes = exchange(mutant, stack)
            if codes is None:
                raise NotInPlaceError
            yield codes

    def _exchange_code(self, mutant, stack):
        after, changed = _codes(_code(mutant.tree)), set()
        for function in self.functions:
            code = function.__code__
            old, new = (x.get(_key(code), []) for x in (self.codes, after))
            if code not in old or len(old) != len(new):
                continue
            replacement = new[old.index(code)]
            if replacement == code:
                continue
            try:
                _set(stack, function, "__code__", replacement)
            except ValueError:  # It closes over another number of variables.
                return None
            changed.add(_key(code))
        return changed or None

    def _exchange_defaults(self, mutant, stack):
        changed = set()
        for function in self.functions:
            definition = _definition(mutant.tree, function.__code__)
            if definition is None:
                continue
            if definition.decorator_list:  # Which may have read them.
                return None
            twin = _run(definition, function.__globals__)[definition.name]
            for name in ("__defaults__", "__kwdefaults__"):
                if getattr(twin, name) != getattr(function, name):
                    _set(stack, function, name, getattr(twin, name))
                    changed.add(_key(function.__code__))
        return changed or None

    def _exchange_constant(self, mutant, stack):
        (module,) = [
            module
            for module in list(sys.modules.values())
            if getattr(module, "__file__", None) == str(PATH)
        ]
        found = [
            node for node in mutant.tree.body if node.lineno == mutant.lines[0]
        ]
        if not found:  # It is in a class.
            return None
        (statement,) = found
        try:
            new = _run(statement, vars(module))
        except Exception:  # It can't be imported either.
            return None
        for name in _names(statement):
            old = getattr(module, name)
            if hasattr(old, "__dict__"):  # Others hold it, or its methods.
                _set(stack, old, "__dict__", vars(new[name]))
                continue
            for each in list(sys.modules.values()):
                own = getattr(each, "__name__", "").startswith("softkeras")
                if own and vars(each).get(name) is old:
                    _set(stack, each, name, new[name])
        return set()


def _set(stack, thing, name, value):
    stack.callback(setattr, thing, name, getattr(thing, name))
    setattr(thing, name, value)


def _names(statement):
    return [n.id for n in ast.walk(statement.targets[0]) if hasattr(n, "id")]


def _run(statement, variables):
    code = compile(
        ast.Module([statement], []),
        str(PATH),
        "exec",
        __future__.annotations.compiler_flag,
        dont_inherit=True,
    )
    variables = dict(variables)
    exec(code, variables)
    return variables


def _definition(tree, code):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            lines = [node.lineno, *(d.lineno for d in node.decorator_list)]
            if min(lines) == code.co_firstlineno:
                return node
    return None


def _codes(code):
    """All code objects in one, by name and line."""
    found = {}

    def visit(code):
        for part in code.co_consts:
            if isinstance(part, types.CodeType):
                found.setdefault(_key(part), []).append(part)
                visit(part)

    visit(code)
    return found


def _key(code):
    return code.co_qualname, code.co_firstlineno
