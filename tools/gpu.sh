#!/bin/sh
# Runs the tests and the benchmark of GPUs on a machine that has one, also
# without a network: with the Python there and its backends.
#
#   tools/gpu.sh [WHEELS]     a folder of wheels that this Python lacks: keras
#                             and of what it needs namex and optree, as
#                             pip download --no-deps --only-binary=:all: \
#                                 --python-version 3.12 -d WHEELS keras==3.15.1 ...
#                             fetches them; they go to build/gpu, nowhere else
#
#   PYTHON=python3            which Python; it needs pytest and numpy
#   BACKENDS="jax torch"      those of tensorflow, jax and torch to run with;
#                             default: all that are there
#   PARTS="tests bench"       which parts
#   OUT=build/gpu             where BACKEND.log, junit_BACKEND.xml and
#                             gpu_BACKEND.json (for benchmarks/results) go
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
out=${OUT:-build/gpu}
parts=${PARTS:-tests bench}
mkdir -p "$out" build/gpu
out=$(cd "$out" && pwd)

export PYTHONPATH="$PWD/python"
if [ -n "${1:-}" ]; then
    "$python" -m pip install -q --no-index --no-deps --no-compile --upgrade \
        --target build/gpu/site "$1"/*.whl
    PYTHONPATH="$PYTHONPATH:$PWD/build/gpu/site"
fi
export PYTHONUNBUFFERED=1 TF_CPP_MIN_LOG_LEVEL=3
# Several processes share the GPU: none takes its memory before it needs it.
export XLA_PYTHON_CLIENT_PREALLOCATE=false TF_FORCE_GPU_ALLOW_GROWTH=true

has() {
    "$python" -c "import importlib.util as u, sys; sys.exit(u.find_spec('$1') is None)"
}
for module in keras numpy pytest; do
    has $module || {
        echo "softkeras: $python has no $module; put its wheel into a folder: tools/gpu.sh FOLDER" >&2
        exit 1
    }
done
workers=
if has xdist; then workers="-n ${WORKERS:-8}"; fi

backends=${BACKENDS:-}
if [ -z "$backends" ]; then
    for each in tensorflow jax torch; do
        ! has $each || backends="$backends $each"
    done
fi
failed=
for backend in $backends; do
    export KERAS_BACKEND="$backend"
    log="$out/$backend.log"
    : >"$log"
    echo "softkeras: $backend, into $log"
    for part in $parts; do
        # Warnings of the versions there are no failures.
        # shellcheck disable=SC2086
        case $part in
        tests) set -- -m pytest $workers -q -W default -o addopts=-ra \
            -p no:cacheprovider --junitxml "$out/junit_$backend.xml" \
            tests/python/gpu ;;
        bench) set -- benchmarks/gpu.py --out "$out/gpu_$backend.json" \
            --elements "${ELEMENTS:-268435456}" --device "${DEVICE:-gpu}" ;;
        *)
            echo "softkeras: PARTS are tests and bench, not $part" >&2
            exit 2
            ;;
        esac
        "$python" "$@" >>"$log" 2>&1 || failed="$failed $backend:$part"
        tail -n 12 "$log"
    done
done
[ -z "$failed" ] || {
    echo "softkeras: failed:$failed" >&2
    exit 1
}
