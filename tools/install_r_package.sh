#!/bin/sh
# Installs the R package, built, into .Rlib, the project's own library; without its
# vignettes, because it is done again with each change.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
log=build/install_r_package.log
mkdir -p build .Rlib
if ! { tools/build_r_package.sh build/r --no-build-vignettes && R CMD INSTALL --no-test-load --library=.Rlib build/r/softkeras_*.tar.gz; } >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
touch .Rlib/.ready
