"""Writes docs/differentiable.md: `softkeras.differentiable()` on each backend.

    python tools/write_differentiable.py

Each backend that is installed runs in a process of its own, as it trains and
compiled. Those that are not keep no column.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
PAGE = ROOT / "docs/differentiable.md"
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "torch"}
INTRODUCTION = """\
# Which ops of Keras are differentiable?

All of `keras.ops`, each run and looked at: the value, the gradient, and where
one of them is NaN or infinite. This page is what `softkeras.differentiable()`
found with Keras {keras} on {versions};
`softkeras.differentiable("round")` runs one op on the backend in use, and in R
`differentiable("round")` gives a data frame. `make differentiable` writes this
page, and a test compares it with a new run.

| gradient | meaning |
|---|---|
| yes | there is one for every float input, equal to finite differences |
| zero | there is one, and it is always 0 |
| none | the backend has none: `None`, or an error that says so |
| part | inputs, results or options differ; the note says in what |
| no floats | the op takes integers, makes a constant, or asks for a shape |
| fails | the op, or its gradient, raises an error |
| wrong | it differs from finite differences |

Behind an op with "zero" or "none" nothing trains. The two differ by backend:
JAX gives zeros where others give none. "yes" is said of ordinary points, with
finite differences in float64 where the op computes in it: a ReLU has a
gradient, which is 0 on one side.

*Not finite* says where the value is NaN or infinite, or the gradient although
the value is finite. It is looked for in float32: for functions of one number at
0, -0, ±1e-30, ±0.5, ±1 and its neighbours, ±2, ±100 and ±1e30; for those of two
at pairs of 0, -0, ±1, ±1.5 and ±20; for others at zeros, equal entries, entries
of 1e20, one entry, no entries or a singular matrix, as the op takes them. Other
points are not looked at. "raises" is an error in place of a value. TensorFlow
and torch run eagerly, JAX compiled.

*In its place* names an op of `softkeras.ops`. `keras.ops.nn`, `.numpy` and
`.linalg` hold the same functions as `keras.ops`, which are listed once.
"""


def collect(backend: str, mode: str | None) -> dict:
    """The rows of one backend, from a process of its own."""
    run = subprocess.run(
        [sys.executable, __file__, "--rows", mode or ""],
        env={**os.environ, "KERAS_BACKEND": backend},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(run.stdout.splitlines()[-1])


def print_rows(mode: str) -> None:
    import importlib.metadata

    import keras

    import softkeras

    table = softkeras.doctor.differentiable(mode=mode or None)
    backend = keras.backend.backend()
    try:
        version = importlib.import_module(backend).__version__
    except AttributeError:
        version = importlib.metadata.version(backend)
    columns = table.to_dict()
    print(
        json.dumps(
            {
                "keras": keras.__version__,
                "version": version.split("+")[0],
                "mode": table.mode,
                "rows": [
                    dict(zip(columns, row)) for row in zip(*columns.values())
                ],
            }
        )
    )


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def together(texts: dict[str, str]) -> str:
    """What all backends say, or what each of them says."""
    if len(set(texts.values())) == 1:
        return cell(next(iter(texts.values())))
    return "<br>".join(
        f"*{BACKENDS[backend]}*: {cell(text)}"
        for backend, text in texts.items()
        if text
    )


def group_of(name: str, rows: dict[str, list[dict]]) -> list[str]:
    """The lines of one heading."""
    heads = [BACKENDS[backend] for backend in rows]
    lines = [
        f"\n## {name}\n",
        f"| op | {' | '.join(heads)} | not finite | in its place | note |",
        "|---" * (len(heads) + 4) + "|",
    ]
    for at in zip(*rows.values()):
        by = dict(zip(rows, at))
        first = at[0]
        place = first["replacement"].removeprefix("softkeras.ops.")
        cells = [
            f"`{first['op']}`",
            *(row["gradient"] for row in at),
            together({b: row["not_finite_at"] for b, row in by.items()}),
            f"`{place}`" if place else "",
            together({b: row["note"] for b, row in by.items()}),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def without_floats(rows: list[dict]) -> list[str]:
    notes: dict[str, list[str]] = {}
    for row in rows:
        notes.setdefault(row["note"], []).append(f"`{row['op']}`")
    items = [f"- {note}: {', '.join(ops)}" for note, ops in notes.items()]
    return ["\n## Without floats\n", *items]


def compiled(found: dict, others: dict[str, dict]) -> list[str]:
    """Where TensorFlow compiled differs from TensorFlow eager."""
    lines = [
        "\n## TensorFlow compiled\n",
        "What `tf.function` and XLA change, in the same notation.\n",
        "| op | column | eager | graph | XLA |",
        "|---|---|---|---|---|",
    ]
    names = {"gradient": "gradient", "not_finite_at": "not finite"}
    for at in zip(found["rows"], *(other["rows"] for other in others.values())):
        for key, head in names.items():
            texts = [cell(row[key]) or "–" for row in at]
            if len(set(texts)) > 1:
                op = at[0]["op"]
                lines.append(f"| `{op}` | {head} | {' | '.join(texts)} |")
    return lines


def page(found: dict[str, dict], others: dict[str, dict]) -> str:
    versions = ", ".join(
        f"{BACKENDS[b]} {each['version']}" for b, each in found.items()
    )
    first = next(iter(found.values()))
    lines = [INTRODUCTION.format(keras=first["keras"], versions=versions)]
    groups = dict.fromkeys(row["group"] for row in first["rows"])
    for group in groups:
        rows = {
            backend: [row for row in each["rows"] if row["group"] == group]
            for backend, each in found.items()
        }
        if group == "Without floats":
            lines += without_floats(rows[next(iter(rows))])
        else:
            lines += group_of(group, rows)
    if others:
        lines += compiled(found["tensorflow"], others)
    return "\n".join(lines) + "\n"


def main() -> None:
    if sys.argv[1:2] == ["--rows"]:
        print_rows(sys.argv[2])
        return
    there = [b for b in BACKENDS if importlib.util.find_spec(b)]
    found = {backend: collect(backend, None) for backend in there}
    others = {}
    if "tensorflow" in found:
        others = {
            mode: collect("tensorflow", mode) for mode in ("graph", "xla")
        }
    PAGE.write_text(page(found, others))
    print(f"Wrote {PAGE.relative_to(ROOT)}: {', '.join(found)}")


if __name__ == "__main__":
    main()
