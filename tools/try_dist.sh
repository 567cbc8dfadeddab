#!/bin/sh
# Installs what is in dist/ in clean environments outside the checkout, as a user
# would, and trains, saves, loads and diagnoses with each: tools/smoke.py, smoke.R.
#
#   tools/try_dist.sh
#
# The backend is JAX, the smallest to download; BACKEND=tensorflow or torch takes
# another. Python is that of .venv.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
backend=${BACKEND:-jax}
version=$(.venv/bin/python tools/version.py)
python=$(.venv/bin/python -c 'import os, sys; print(os.path.realpath(sys.executable))')
outside=$(mktemp -d)
trap 'rm -rf "$outside"' EXIT
cp tools/smoke.py tools/smoke.R "$outside"
cd "$outside"

# Nothing of the checkout or of the user's own libraries is seen from there.
unset PYTHONPATH PYTHONHOME RETICULATE_PYTHON R_LIBS R_LIBS_SITE VIRTUAL_ENV
export R_LIBS_USER="$outside/R" KERAS_BACKEND="$backend" TF_CPP_MIN_LOG_LEVEL=3
mkdir R models

# try_python NAME FILE: an environment of its own, with the backend as an extra.
try_python() {
    echo "softkeras: installing $2 with $backend"
    "$python" -m venv "$1"
    "$1/bin/pip" install -qq --disable-pip-version-check "$root/dist/$2[$3]"
    "$1/bin/pip" check -q
    "$1/bin/python" smoke.py "$version" "models/$1.keras"
}
try_python wheel "softkeras-$version-py3-none-any.whl" "$backend"
try_python sdist "softkeras-$version.tar.gz" "$backend,test"

# The sdist's own tests run where it is unpacked, on what was installed from it.
tar -xzf "$root/dist/softkeras-$version.tar.gz"
(cd "softkeras-$version" && ../sdist/bin/python -m pytest -q -p no:cacheprovider \
    tests/python/test_bad_input.py tests/python/test_release.py)

echo "softkeras: installing softkeras_$version.tar.gz in R, and its Python with $backend"
R CMD INSTALL --library="$R_LIBS_USER" "$root/dist/softkeras_$version.tar.gz" >R.log 2>&1 || {
    cat R.log >&2
    exit 1
}
# R starts Python with its own libraries first; where they hold another build of
# the same Python, modules such as ssl do not load, and pip reaches nothing.
of_r=
for each in "$python" python3 /usr/bin/python3; do
    Rscript -e 'quit(status = system2(commandArgs(TRUE), c("-c", shQuote("import ensurepip, ssl"))))' \
        "$each" >/dev/null 2>&1 && of_r=$each && break
done
[ -n "$of_r" ] || {
    echo "softkeras: no Python here has ssl and ensurepip when R starts it: install python3-venv" >&2
    exit 1
}
"$of_r" -m venv r-keras
# The packages are those that install_softkeras() takes for a user; softkeras is not
# among them, because R brings its own.
Rscript -e 'args <- commandArgs(TRUE)
    softkeras::install_softkeras(args[1], backend = args[2], gpu = FALSE)' \
    "$outside/r-keras" "$backend" >python.log 2>&1 || {
    cat python.log >&2
    exit 1
}
Rscript smoke.R "$outside/r-keras" "$version" models/wheel.keras
echo "softkeras: the wheel, the sdist and the R package of $version work, each by itself"
