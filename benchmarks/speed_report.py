"""What benchmarks/speed.py found, as docs/speed.md and a picture.

    python benchmarks/speed_report.py

writes both anew from benchmarks/results/speed.json.
"""

from __future__ import annotations

import json
import pathlib

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "speed.json"
PAGE = ROOT / "docs" / "speed.md"
PICTURE = ROOT / "docs" / "images" / "speed.png"
# What a value with its gradient may take, in times of the memory floor.
OF_FLOOR = 2.5
# What fit() may take, in times of the one that it is compared with.
OF_FIT = {"epoch": 1.03, "from_r": 1.02}
IMPORT_MILLISECONDS = 150
FAMILIES = {
    "counts": (
        "Losses of counts",
        (
            "Value and gradient, as in a training step. “Overlap” is Dice and "
            "Tversky of the probabilities themselves, which is the same "
            "formula for all; Keras's do not look whether labels and "
            "probabilities lie in 0 to 1, and take weights into the loss, not "
            "into the counts. “To train on” is what one would take instead: "
            "softkeras's default soft decision beside cross-entropy."
        ),
    ),
    "sizes": ("Cost against size", "The same, of 10³ to 10⁸ elements."),
    "classes": (
        "Cost against the number of classes",
        (
            "Equally many probabilities, in fewer and longer rows; labels are "
            "class ids."
        ),
    ),
    "memory": (
        "Peak memory",
        (
            "Value and gradient once, in a process of its own: the highest "
            "resident memory above that before the call, which has the "
            "inputs. 4 bytes an element are the gradient."
        ),
    ),
    "ranks": (
        "AUC and average precision",
        (
            "One in ten is positive. `PairwiseAUCLoss` compares all pairs, as "
            "`SoftAUC` does; `AUCMLoss` is another objective, without pairs "
            "and with variables of its own, so it is no peer."
        ),
    ),
    "argmax": (
        "Soft arg-max",
        (
            "The expected index among 1,024 columns. The arg-max of softjax "
            "and softtorch gives the shares, of which the index is taken here."
        ),
    ),
    "steps": (
        "Steps, rounding and staircases",
        (
            "softjax and softtorch have no staircase; scaled rounding to as "
            "many levels stands in for one of equal steps."
        ),
    ),
    "exp_ratio": (
        "exp_ratio",
        (
            "1/(1 − e⁻ˣ) − 1/x. The naive formula is NaN at 0, and in its "
            "gradient below −88, so it is no peer."
        ),
    ),
    "epoch": (
        "An epoch of fit()",
        (
            "The same model and data; “again” is cross-entropy a second time, "
            "whose distance from 1 tells what the other ratios are worth."
        ),
    ),
    "from_r": (
        "fit() from R",
        (
            "The same call from R through reticulate and from Python, each in "
            "a process of its own; R's matrix is handed over within the time."
        ),
    ),
    "imports": ("Import", "In new processes."),
}
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "torch"}


def write(result: dict) -> None:
    """Writes the page and the picture."""
    PAGE.write_text(page(result))
    if has_picture(result):
        draw(result, PICTURE)


def has_picture(result: dict) -> bool:
    """Whether what the picture shows was measured."""
    families = {group["family"] for group in result["groups"]}
    return {"sizes", "classes"} <= families


def page(result: dict) -> str:
    """docs/speed.md of a benchmark's JSON."""
    machine = result["machine"]
    versions = ", ".join(
        f"{name} {version}"
        for name, version in machine.items()
        if name not in ("cpu", "cores", "system", "python")
    )
    quick = " This was a quick run: few rounds." if result["quick"] else ""
    again = ""
    if result.get("again"):
        titles = [FAMILIES[family][0] for family in result["again"]]
        again = f" Measured again after the rest: {', '.join(titles)}."
    parts = [
        (
            "# How fast it is\n\n"
            "Written by `make bench-speed` from "
            "[its results](../benchmarks/results/speed.json); the code is "
            "[benchmarks/speed.py](../benchmarks/speed.py). One processor "
            f"({machine['cpu']}, {machine['system']}, Python "
            f"{machine['python']}), float32, value and gradient. Times are "
            "milliseconds of the processor; ratios are taken round by round, "
            "between functions that take turns, and given as median and "
            "quartiles. “Best peer” is the fastest of those that do the same. "
            "The floor is what it takes to read the inputs twice and write the "
            f"gradient once, measured in the same rounds.{quick}{again}\n\n"
            f"The load of the machine was {result['load_average_before'][0]} "
            f"before and {result['load_average_after'][0]} after. Versions: "
            f"{versions}.\n"
        ),
        targets(result),
        absent(result),
    ]
    if has_picture(result):
        parts.insert(1, "![Cost against size, classes](images/speed.png)\n")
    for family, (title, text) in FAMILIES.items():
        groups = [g for g in result["groups"] if g["family"] == family]
        if groups:
            parts.append(
                f"## {title}\n\n{text}{size(groups)}\n\n{table(groups)}"
            )
    return "\n".join(parts)


def targets(result: dict) -> str:
    """The table of targets: how many of softkeras's rows meet each."""
    lines = [
        "## Targets\n",
        "Each row in bold whose time was measured counts once.\n",
        "| target | met | furthest from it |",
        "|---|---|---|",
    ]
    for name, checks in judged(result).items():
        if not checks:
            lines.append(f"| {name} | not measured | – |")
            continue
        met = sum(figure <= limit for figure, limit, _ in checks)
        figure, _, where = max(checks, key=lambda check: check[0] / check[1])
        lines.append(
            f"| {name} | {met} of {len(checks)} | {number(figure)}: {where} |"
        )
    return "\n".join(lines) + "\n"


def judged(result: dict) -> dict[str, list[tuple[float, float, str]]]:
    """For each target the medians, their limit, and what they are of."""
    found = {
        "no slower than the best peer": [],
        f"at most {OF_FLOOR} times the memory floor": [],
        "an epoch at most 3 % slower than cross-entropy's": [],
        "fit() from R at most 2 % slower than from Python": [],
        f"import adds at most {IMPORT_MILLISECONDS} ms": [],
    }
    peer, floor, epoch, from_r, imports = found.values()
    for group in result["groups"]:
        for row in group["rows"]:
            if row["role"] != "softkeras":
                continue
            where = f"{row['name']}, {about(group)}"
            if group["family"] == "imports":
                figure = row["processor_milliseconds"][1]
                imports.append((figure, IMPORT_MILLISECONDS, where))
            elif group["family"] in OF_FIT:
                into = epoch if group["family"] == "epoch" else from_r
                limit = OF_FIT[group["family"]]
                into.append((row["to_best_peer"][1], limit, where))
            else:
                if "to_best_peer" in row:
                    peer.append((row["to_best_peer"][1], 1.0, where))
                if "to_floor" in row:
                    floor.append((row["to_floor"][1], OF_FLOOR, where))
    return found


def absent(result: dict) -> str:
    """What was not measured, and why."""
    if not result["missing"]:
        return ""
    lines = ["## Not there\n", "| what | why |", "|---|---|"]
    lines += [
        f"| {name} | {' '.join(reason.split()).replace('|', '/')} |"
        for name, reason in sorted(result["missing"].items())
    ]
    return "\n".join(lines) + "\n"


def table(groups: list[dict]) -> str:
    """All rows of a family; softkeras's are in bold."""
    columns = {
        "milliseconds": "ms",
        "bytes_an_element": "bytes an element",
        "memory_to_best_peer": "to the best peer",
        "to_best_peer": "to the best peer",
        "to_floor": "to the floor",
        "processor_milliseconds": "ms of the processor",
    }
    rows = [row for group in groups for row in group["rows"]]
    columns = {
        key: title
        for key, title in columns.items()
        if any(key in row for row in rows)
    }
    lines = [
        "| | | " + " | ".join(columns.values()) + " |",
        "|---|---|" + "---|" * len(columns),
    ]
    for group in groups:
        for i, row in enumerate(group["rows"]):
            name = row["name"]
            if row["role"] == "softkeras":
                name = f"**{name}**"
            cells = [
                about(group) if i == 0 else "",
                name,
            ]
            cells += [cell(key, row.get(key)) for key in columns]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def size(groups: list[dict]) -> str:
    """How many elements there are, where all groups have as many."""
    sizes = {group.get("elements") for group in groups}
    if len(sizes) > 1 or None in sizes:
        return ""
    return f" Of {sizes.pop():,} elements."


def about(group: dict) -> str:
    """What tells a group from others: backend, mode, kind and sizes."""
    words = [BACKENDS[group["backend"]], group["mode"]]
    words += [group[key] for key in ("kind",) if key in group]
    if "elements" in group and group["family"] in ("sizes", "ranks"):
        words.append(f"{group['elements']:,} elements")
    if "classes" in group:
        words.append(f"{group['classes']:,} classes")
    return ", ".join(words)


def cell(key: str, value) -> str:
    """A figure; ratios with their quartiles, which times can do without."""
    if value is None:
        return "–"
    if key == "milliseconds":
        return number(value[1])
    if isinstance(value, list):
        low, middle, high = map(number, value)
        return f"{middle} ({low}–{high})"
    return number(value)


def number(value: float) -> str:
    """Three digits, without an exponent; three behind the point next to 1."""
    if value >= 100:
        return f"{value:,.0f}"
    if 1 < value < 1.1:
        return f"{value:.3f}"
    return f"{value:.3g}"


def summary(result: dict) -> str:
    """The targets, and each figure that misses one, for a terminal."""
    lines = []
    for name, checks in judged(result).items():
        met = sum(figure <= limit for figure, limit, _ in checks)
        lines.append(f"{name}: {met} of {len(checks)}")
        lines += [
            f"  {number(figure):>8}  {where}"
            for figure, limit, where in sorted(checks, reverse=True)
            if figure > limit
        ]
    lines += [f"not there: {name}" for name in sorted(result["missing"])]
    return "\n".join(lines)


def draw(result: dict, path: pathlib.Path) -> None:
    """Time against size, and against the number of classes."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, family, key, label in (
        (axes[0], "sizes", "elements", "elements"),
        (axes[1], "classes", "classes", "classes, of equally many elements"),
    ):
        groups = [
            g
            for g in result["groups"]
            if g["family"] == family and g["mode"] == "XLA"
        ]
        names = [row["name"] for row in groups[0]["rows"]] if groups else []
        for i, name in enumerate(names):
            ours = groups[0]["rows"][i]["role"] == "softkeras"
            axis.plot(
                [g[key] for g in groups],
                [g["rows"][i]["milliseconds"][1] for g in groups],
                "o-" if ours else "s--",
                color=f"C{i}" if ours else "0.4",
                label=name,
            )
        if groups:
            axis.plot(
                [g[key] for g in groups],
                [g["floor_milliseconds"][1] for g in groups],
                ":",
                color="0.6",
                label="memory floor",
            )
            axis.set(xscale="log", yscale="log", xlabel=label)
            axis.legend(frameon=False, fontsize=8)
        axis.set_ylabel("milliseconds of one processor")
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        "Value and gradient under XLA, TensorFlow, float32", fontsize=10
    )
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text()))
