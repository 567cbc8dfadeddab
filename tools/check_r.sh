#!/bin/sh
# R CMD check --as-cran of the built package; fails on an error, a warning or a
# note of ours, if it is 5 MB or more installed, and if NAMESPACE and man/ are not
# what roxygen2 makes of the comments in R/.
#
#   tools/check_r.sh             builds the package from the checkout
#   tools/check_r.sh TARBALL     checks this one, as it is
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

"$root/tools/check_generated.sh" man

if [ $# = 0 ]; then
    "$root/tools/build_r_package.sh" "$root/build/check"
else
    mkdir -p "$root/build/check"
    rm -f "$root"/build/check/softkeras_*.tar.gz
    cp "$1" "$root/build/check"
fi
cd "$root/build/check"

manual=
command -v pdflatex >/dev/null 2>&1 || {
    manual=--no-manual
    echo "softkeras: the PDF manual is not checked: LaTeX is not there"
}
# keras3 is suggested, and only CRAN has it.
export _R_CHECK_FORCE_SUGGESTS_=false
# The first example waits for TensorFlow to load; CRAN has no keras and runs none.
export _R_CHECK_EXAMPLE_TIMING_THRESHOLD_=60
if ! Rscript -e 'tools::CRAN_package_db()' >/dev/null 2>&1; then
    # Without CRAN the check of what is suggested would stop with an error.
    echo "softkeras: CRAN can't be reached: links, and whether the name is free, are not checked"
    mkdir -p cran/web/packages
    Rscript -e 'saveRDS(data.frame(Package = character(), Maintainer = character()), "cran/web/packages/packages.rds")'
    export R_CRAN_WEB="file://$PWD/cran" _R_CHECK_CRAN_INCOMING_REMOTE_=false
fi
# shellcheck disable=SC2086
R CMD check --as-cran $manual softkeras_*.tar.gz || true
Rscript "$root/tools/check_log.R" softkeras.Rcheck
