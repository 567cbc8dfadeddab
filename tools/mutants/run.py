"""Mutation testing: is there a test that fails for each small fault?

    tools/mutants/run.py                    all files below
    tools/mutants/run.py steps.py           one of them
    tools/mutants/run.py --report           what the last runs found

A mutant is the file with one fault: another operator, number, argument, count,
a call or a check left out. It is killed if one of the file's tests fails, run
eagerly, on TensorFlow unless KERAS_BACKEND says otherwise. Those that no test
can kill are in accepted.json, each with its reason. It fails if another
survives, and if one of these no longer does or is no more.
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
ACCEPTED = HERE / "accepted.json"
# Each file and the tests that are to find its faults.
TESTS = {
    "scores/agreement.py": ["test_scores.py"],
    "scores/averaging.py": ["test_scores.py"],
    "scores/categorical.py": ["test_scores_categorical.py"],
    "scores/names.py": ["test_scores_names.py"],
    "scores/rates.py": ["test_scores.py"],
    "steps.py": ["test_steps.py"],
    "_shapes.py": ["test_steps.py"],
    "_curves.py": ["test_curves.py"],
    "losses/continuous_bernoulli.py": ["test_continuous_bernoulli.py"],
    "ops/exp_ratio.py": ["test_ops_exp_ratio.py"],
    "_backend.py": ["test_backend.py"],
    "_gradients.py": ["test_gradients.py"],
}
# Of these files only the special functions.
ONLY = {"_backend.py": ("sigmoid_gradient", "erfc")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", choices=[*TESTS, []])
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    files = options.files or list(TESTS)
    if not options.report:
        for file in files:
            _test(file)
    return _report(files)


def _all(file: str) -> list[Mutant]:
    source = (ROOT / "python/softkeras" / file).read_text()
    return list(mutants(file, source, ONLY.get(file, ())))


def _path(file):
    return RESULTS / f"{file.replace('/', '-')}.json"


def _test(file):
    """Finds out about each mutant of a file; keeps that in RESULTS."""
    every = _all(file)
    lines = _path(file).with_suffix(".jsonl")
    lines.unlink(missing_ok=True)
    found = {}
    while len(found) < len(every):
        done = _pytest(file, len(found), lines)
        found, begun = _read(lines)
        if len(found) < len(every):
            if begun is None or begun < len(found):
                raise SystemExit(done.stdout + done.stderr)
            # It took Python down.
            found[begun] = {"killer": "the process ends"}
            with lines.open("a") as results:
                results.write(
                    json.dumps({"done": begun, **found[begun]}) + "\n"
                )
        elif done.returncode not in (0, 5):
            raise SystemExit(done.stdout + done.stderr)
    for i, result in found.items():
        if result.get("import"):
            found[i] = _imported(file, i)
    _path(file).write_text(
        json.dumps(
            [
                {"function": m.function, "change": m.change, **found[i]}
                for i, m in enumerate(every)
            ],
            indent=1,
            ensure_ascii=False,
        )
    )


def _read(lines):
    found, begun = {}, None
    for line in lines.read_text().splitlines() if lines.exists() else ():
        result = json.loads(line)
        if "begun" in result:
            begun = result["begun"]
        else:
            found[result.pop("done")] = result
    return found, begun


def _pytest(file, skip=0, results=None, imported=None):
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'python'}{os.pathsep}{HERE}",
        "MUTANTS_FILE": file,
        "MUTANTS_ONLY": " ".join(ONLY.get(file, ())),
        "MUTANTS_RESULTS": str(results),
        "MUTANTS_SKIP": str(skip),
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
            *tests,
        ],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def _imported(file, i):
    done = _pytest(file, imported=i)
    if done.returncode == 0:
        return {"survives": "all"}
    words = [w for w in done.stdout.splitlines() if w.startswith("FAILED")]
    return {"killer": words[0] if words else "it can't be imported"}


def _report(files) -> int:
    """Says what survives without a reason, and which reasons are idle."""
    accepted = {
        (entry["file"], entry["function"], change)
        for entry in json.loads(ACCEPTED.read_text())
        for change in entry["mutants"]
    }
    print("| file | mutants | killed | accepted | survivors |")
    print("|---|---|---|---|---|")
    lists = []
    for file in files:
        survivors = {
            (file, r["function"], r["change"]): r["survives"]
            for r in json.loads(_path(file).read_text())
            if "survives" in r
        }
        number = len(_all(file))
        known = accepted & set(survivors)
        print(
            f"| `{file}` | {number} | {number - len(survivors)} "
            f"| {len(known)} | {len(survivors) - len(known)} |"
        )
        lists += [
            f"survives {count} tests: {' '.join(key[:2])}: {key[2]}"
            for key, count in survivors.items()
            if key not in accepted
        ]
        lists += [
            f"accepted, and does not survive: {' '.join(key[:2])}: {key[2]}"
            for key in sorted(accepted - known)
            if key[0] == file
        ]
    for line in lists:
        print(line)
    return bool(lists)


if __name__ == "__main__":
    sys.exit(main())
