"""The mutants of a Python file: the file with one small fault each.

A fault is made in the syntax tree, which keeps the numbers of its lines, so
that a mutant's functions can be told from each other by name and line.
Annotations, documentation, imports and the words of errors are left alone.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
from collections import Counter
from collections.abc import Iterator

SWAPPED = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
# Whose arguments can't be told apart, or only by an error of Python's own.
UNSWAPPED = (
    "getattr hasattr isinstance map max min ops.logical_and ops.logical_or "
    "ops.maximum ops.minimum range"
).split()
# Without which there is nothing but an error of Python's own.
KEPT = (
    "float getattr hasattr isinstance map range reversed super tuple type vars "
    "zip"
).split()
# The counts of decisions, each with one that it could be mistaken for.
COUNTS = {"tp": "tn", "tn": "tp", "fp": "fn", "fn": "fp"}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One fault: where it is, what it is, and the tree of the whole file."""

    file: str
    function: str
    line: int
    change: str
    tree: ast.Module
    # "body" of a function, "default" of an argument, "constant" of the module,
    # or else "import".
    kind: str
    # The first and the last line of the statement, without its block.
    lines: tuple[int, int]

    @property
    def key(self) -> str:
        """What it is called in its file, wherever its lines are."""
        return f"{self.function}: {self.change}"


def mutants(file: str, source: str, only: tuple = ()) -> Iterator[Mutant]:
    """All mutants of a file, or of some of its functions."""
    tree = ast.parse(source)
    seen = Counter()
    for function, kind, lines, path, node in _places(tree):
        outermost = function.split(".")[0]
        if only and outermost not in only:
            continue
        before = ast.unparse(node)
        for after, replacement in _faults(node):
            if after == before:
                continue
            change = f"{_short(before)} -> {_short(after)}"
            seen[function, change] += 1
            if seen[function, change] > 1:
                change += f" (#{seen[function, change]})"
            yield Mutant(
                file,
                function,
                node.lineno,
                change,
                _replaced(tree, path, replacement),
                kind,
                lines,
            )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 96 else f"{text[:60]} … {text[-33:]}"


def _places(tree):
    """(function, kind, lines, path, node) of what can be mutated."""

    def visit(node, path, name, kind, lines):
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns") or _is_float_by_name(node):
                continue
            inner = _kind(node, field, kind)
            children = value if isinstance(value, list) else [value]
            for i, child in enumerate(children):
                if not isinstance(child, ast.AST) or _is_words(child):
                    continue
                where = (*path, (field, i if value is children else None))
                own, span = name, lines
                if isinstance(child, ast.FunctionDef | ast.ClassDef):
                    own = f"{name}.{child.name}" if name else child.name
                if isinstance(child, ast.stmt):
                    span = _lines(child)
                    if isinstance(child, ast.Assign) and not name:
                        own = ast.unparse(child.targets[0])
                if hasattr(child, "lineno"):
                    yield own or "(module)", inner, span, where, child
                yield from visit(child, where, own, inner, span)

    yield from visit(tree, (), "", "import", (0, 0))


def _kind(node, field, kind):
    """The kind of what is in a field of a node of some kind."""
    if kind == "body" or isinstance(node, ast.Lambda):
        return "body"
    if isinstance(node, ast.FunctionDef):
        return {"body": "body", "args": "default"}.get(field, "import")
    return "constant" if isinstance(node, ast.Assign) else kind


def _lines(statement):
    block = getattr(statement, "body", None)
    if not block:
        return statement.lineno, statement.end_lineno
    return statement.lineno, max(statement.lineno, block[0].lineno - 1)


def _is_words(node):
    """Imports, __all__, documentation, and what an error says."""
    return (
        isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr)
        or (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        )
        or (
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "__all__"
        )
        or isinstance(node, ast.Raise)
    )


def _is_float_by_name(node):
    """NaN or an infinity."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "float"


def _faults(node):
    """(its text, the faulty node) of a node's faults."""
    for fault in _faulty(node):
        fault = copy.copy(fault)  # It may be a node of the tree itself.
        ast.copy_location(fault, node)
        ast.fix_missing_locations(fault)
        yield ast.unparse(fault), fault


def _faulty(node):
    match node:
        case ast.BinOp(op=op):
            for other in SWAPPED.get(type(op), ()):
                yield _with(node, op=other())
        case ast.BoolOp(op=op):
            for other in SWAPPED[type(op)]:
                yield _with(node, op=other())
            for i in range(len(node.values)):
                rest = node.values[:i] + node.values[i + 1 :]
                yield rest[0] if len(rest) == 1 else _with(node, values=rest)
        case ast.Compare(ops=[op]):
            for other in SWAPPED[type(op)]:
                yield _with(node, ops=[other()])
        case ast.Compare(ops=[first, *rest]):
            for i, op in enumerate((first, *rest)):
                for other in SWAPPED[type(op)]:
                    changed = [first, *rest]
                    changed[i] = other()
                    yield _with(node, ops=changed)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            yield node.operand
        case ast.Constant(value=value):
            yield from _other_constants(value)
        case ast.Attribute(attr=attr) if attr in COUNTS:
            yield _with(node, attr=COUNTS[attr])
        case ast.Call():
            yield from _faulty_calls(node)
        case ast.If() | ast.IfExp():
            if not isinstance(node.test, ast.Compare | ast.UnaryOp):
                no = ast.UnaryOp(op=ast.Not(), operand=node.test)
                yield _with(node, test=no)
            if isinstance(node, ast.If) and _only_raises(node.body):
                yield ast.Pass()
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.AugAssign(op=op):
            for other in SWAPPED.get(type(op), ()):
                yield _with(node, op=other())
        case ast.Subscript(slice=ast.Slice()):
            yield node.value
        case ast.FunctionDef():
            for i in range(len(node.decorator_list)):
                rest = list(node.decorator_list)
                del rest[i]
                yield _with(node, decorator_list=rest)


def _faulty_calls(node):
    """A call left out, with two arguments swapped, or with a keyword less."""
    args, name = node.args, ast.unparse(node.func)
    if args and name not in KEPT and _is_value(args[0]):
        yield args[0]
    for i in range(len(args) - 1):
        if name not in UNSWAPPED and all(map(_is_value, args[i : i + 2])):
            swapped = list(args)
            swapped[i], swapped[i + 1] = args[i + 1], args[i]
            yield _with(node, args=swapped)
    for i, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            rest = node.keywords[:i] + node.keywords[i + 1 :]
            yield _with(node, keywords=rest)


def _is_value(node):
    """Whether it may be a number, and is no text and no function."""
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, str)
    return not isinstance(node, ast.Starred | ast.Lambda)


def _other_constants(value):
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        if value > 1:
            yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(1.25 * value if value else 1.0)
    elif isinstance(value, str):
        yield ast.Constant(f"{value}_")


def _only_raises(body):
    return len(body) == 1 and isinstance(body[0], ast.Raise)


def _with(node, **fields):
    twin = copy.copy(node)
    for name, value in fields.items():
        setattr(twin, name, value)
    return twin


def _replaced(tree, path, replacement):
    """The tree with another node at the end of a path, and its own spine."""
    root = spine = copy.copy(tree)
    for depth, (field, i) in enumerate(path):
        child = getattr(spine, field) if i is None else getattr(spine, field)[i]
        last = depth == len(path) - 1
        twin = replacement if last else copy.copy(child)
        if i is None:
            setattr(spine, field, twin)
        else:
            children = list(getattr(spine, field))
            children[i] = twin
            setattr(spine, field, children)
        spine = twin
    return root
