#!/bin/sh
# Builds the R site with pkgdown into build/site-r, where pkgdown is installed.
set -eu
cd "$(dirname "$0")/.."
if ! Rscript -e 'quit(status = !nzchar(system.file(package = "pkgdown")))'; then
    echo "softkeras: pkgdown is not installed, so there is no R site; on Debian and Ubuntu: apt install r-cran-pkgdown"
    exit 0
fi
log=build/docs_r.log
mkdir -p build
if ! Rscript tools/docs_r.R >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
grep '^softkeras:' "$log" || true
