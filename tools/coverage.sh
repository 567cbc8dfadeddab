#!/bin/sh
# Which lines the tests run: of Python on every backend that is there, with R in
# the process and as processes of their own; of R by testthat. Writes
# benchmarks/results/coverage.json.
#
#   tools/coverage.sh [python] [r]
set -eu
cd "$(dirname "$0")/.."
python=$PWD/.venv/bin/python
folder=build/coverage
mkdir -p $folder

of_python() {
    rm -f $folder/data*
    omit=
    for backend in tensorflow jax torch; do
        if ! "$python" -c "import $backend" 2>/dev/null; then
            echo "softkeras: $backend is not installed; what is for it alone is not counted"
            omit="$omit,*/_recording/*$backend*"
            continue
        fi
        KERAS_BACKEND=$backend "$python" -m coverage run -m pytest -q -n auto
    done
    # What R calls, and the session of R in Python.
    KERAS_BACKEND=tensorflow "$python" -m coverage run -m pytest -q tests/parity
    "$python" -m coverage combine -q
    "$python" -m coverage json -q --omit="${omit#,}" -o $folder/python.json --fail-under=0
}

of_r() {
    Rscript -e 'quit(status = !nzchar(system.file(package = "covr")))' ||
        tools/apt_install.sh "covr counts the lines of R" r-cran-covr
    tools/build_r_package.sh build/r --no-build-vignettes >/dev/null
    rm -rf $folder/r
    mkdir -p $folder/r
    tar -xzf build/r/softkeras_*.tar.gz -C $folder/r
    Rscript tools/coverage_r.R $folder/r/softkeras $folder/r.json
}

[ $# -gt 0 ] || set -- python r
for language in "$@"; do
    "of_$language"
done
"$python" tools/coverage_report.py "$@"
