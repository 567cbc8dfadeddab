"""Mutation testing: is there a test that fails for each small fault?

    tools/mutants/run.py                    all files below
    tools/mutants/run.py steps.py           one of them
    tools/mutants/run.py --again            those that survived, after a change
    tools/mutants/run.py --again --tests slope   by tests of such a name alone
    tools/mutants/run.py --report           what the last runs found

A mutant is the file with one fault: another operator, number, argument, count,
a call or a check left out. It is killed if one of the file's tests fails, run
eagerly, on TensorFlow or, if none does there, on JAX (on KERAS_BACKEND alone if
that is set). Those that no test can kill are in accepted.json, each with its
reason. It fails if another survives, and if one of these no longer does or is
no more.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from mutations import Mutant, mutants  # noqa: E402

RESULTS = ROOT / "build/mutants"
# The numbers of each file, for docs/quality.md.
KEPT = ROOT / "benchmarks/results/mutants.json"
NO_TESTS = 5  # What pytest ends with if it ran none.
# What survives on the first is tried on the second: one may take what is a
# fault on the other, a list for a tensor, say.
BACKENDS = ("tensorflow", "jax")
ACCEPTED = HERE / "accepted.json"
# Each file and the tests that are to find its faults.
TESTS = {
    "scores/_size.py": ["test_scores.py"],
    "scores/agreement.py": ["test_scores.py"],
    "scores/averaging.py": ["test_scores.py"],
    "scores/categorical.py": ["test_scores_categorical.py"],
    "scores/names.py": ["test_scores_names.py"],
    "scores/rates.py": ["test_scores.py"],
    "steps.py": ["test_steps.py"],
    "_shapes.py": ["test_shapes.py", "test_steps.py"],
    "_curves.py": ["test_curves.py"],
    "losses/continuous_bernoulli.py": ["test_continuous_bernoulli.py"],
    "ops/exp_ratio.py": [
        "test_ops_exp_ratio.py",
        "test_continuous_bernoulli.py",
    ],
    "_backend.py": ["test_shapes.py", "test_steps.py"],
}
# Of these files only the special functions.
ONLY = {"_backend.py": ("sigmoid_gradient", "erfc")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", choices=[*TESTS, []])
    parser.add_argument(
        "--again",
        action="store_true",
        help="only those that survived or were not run",
    )
    parser.add_argument(
        "--quick",
        metavar="SECONDS",
        default="inf",
        help="the quickest tests only, of as many seconds a mutant",
    )
    parser.add_argument(
        "--tests", metavar="WORDS", default="", help="as pytest's -k"
    )
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    files = options.files or list(TESTS)
    own = os.environ.get("KERAS_BACKEND")
    for file in () if options.report else files:
        if not options.again:
            _path(file).unlink(missing_ok=True)
        for backend in (own,) if own else BACKENDS:
            _test(file, backend, options.quick, options.tests)
    return _report(files)


def _all(file: str) -> list[Mutant]:
    source = (ROOT / "python/softkeras" / file).read_text()
    return list(mutants(file, source, ONLY.get(file, ())))


def _path(file):
    return RESULTS / f"{file.replace('/', '-')}.jsonl"


def _test(file, backend, seconds, words):
    """Finds out about each mutant not killed yet; keeps that in RESULTS."""
    every, before = _all(file), _results(file)
    left = [
        i
        for i, mutant in enumerate(every)
        if "killer" not in before.get(mutant.key, {})
    ]
    while left:
        seen = len(_lines(file))
        done = _pytest(file, backend, words, left, seconds=seconds)
        last = {}
        for line in _lines(file)[seen:]:
            last = json.loads(line)
        if "checked" in last:
            break
        if "begun" not in last:
            raise SystemExit(done.stdout + done.stderr)
        _add(file, every[last["begun"]], {"killer": "Python ends"})
        left = left[left.index(last["begun"]) + 1 :]
    found = _results(file)
    for i, mutant in enumerate(every):
        if "import" in found.get(mutant.key, {}):
            _add(file, mutant, _imported(file, backend, words, i))


def _lines(file):
    return _path(file).read_text().splitlines() if _path(file).exists() else []


def _add(file, mutant, result):
    with _path(file).open("a") as results:
        results.write(json.dumps({"mutant": mutant.key, **result}) + "\n")


def _results(file):
    """What was found of each mutant, by its key."""
    found = {}
    for line in _lines(file):
        result = json.loads(line)
        if "mutant" in result:
            found[result.pop("mutant")] = result
    return found


def _pytest(file, backend, words, these=(), seconds="inf", imported=None):
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": f"{ROOT / 'python'}{os.pathsep}{HERE}",
        "MUTANTS_FILE": file,
        "MUTANTS_ONLY": " ".join(ONLY.get(file, ())),
        "MUTANTS_RESULTS": str(_path(file)),
        "MUTANTS_THESE": " ".join(map(str, these)),
        "MUTANTS_SECONDS": seconds,
    }
    if imported is not None:
        environment["MUTANTS_IMPORT"] = str(imported)
    tests = [str(ROOT / "tests/python" / name) for name in TESTS[file]]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "--tb=native",
            "-p",
            "plugin",
            "-k",
            words,
            *tests,
        ],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def _imported(file, backend, words, i):
    done = _pytest(file, backend, words, imported=i)
    if done.returncode in (0, NO_TESTS):
        return {"survives": "all"}
    words = [w for w in done.stdout.splitlines() if w.startswith("FAILED")]
    return {"killer": words[0] if words else "it can't be imported"}


def _report(files) -> int:
    """Says what survives without a reason, and which reasons are idle.

    The numbers of files that have been run go into KEPT.
    """
    accepted = {
        (entry["file"], f"{entry['function']}: {change}")
        for entry in json.loads(ACCEPTED.read_text())
        for change in entry["mutants"]
    }
    print("| file | mutants | killed | accepted | survivors |")
    print("|---|---|---|---|---|")
    lines, kept = [], json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for file in files:
        found, keys = _results(file), [mutant.key for mutant in _all(file)]
        killed = {key for key in keys if "killer" in found.get(key, {})}
        known = {key for each, key in accepted if each == file}
        survivors = [key for key in keys if key not in killed | known]
        numbers = {
            "mutants": len(keys),
            "killed": len(killed),
            "accepted": len(known & set(keys) - killed),
            "survivors": len(survivors),
        }
        print(f"| `{file}` | {' | '.join(map(str, numbers.values()))} |")
        if found:
            kept[file] = numbers
        lines += [
            f"survives: {file} {key} {found.get(key)}" for key in survivors
        ]
        lines += [
            f"accepted, and is killed or no more: {file} {key}"
            for key in sorted(known & killed | known - set(keys))
        ]
    print("\n".join(lines))
    kept = {file: kept[file] for file in TESTS if file in kept}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
