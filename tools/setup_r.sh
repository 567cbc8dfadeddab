#!/bin/sh
# Sees to it that there is an R with the packages that are needed, and that
# Python can host it: rpy2 in .venv. Nothing goes into the user's own library.
set -eu
cd "$(dirname "$0")/.."
packages="generics ggplot2 jsonlite knitr reticulate rmarkdown roxygen2 testthat"

missing_packages() {
    # shellcheck disable=SC2086
    Rscript -e '
        wanted <- commandArgs(TRUE)
        cat(setdiff(wanted, rownames(installed.packages())))' $packages
}

header=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
wanted=
[ -e "$header" ] || wanted="python3-dev"
# pandoc builds vignettes, R CMD check looks at them with qpdf.
for program in pandoc qpdf; do
    command -v $program >/dev/null 2>&1 || wanted="$wanted $program"
done
if ! command -v Rscript >/dev/null 2>&1; then
    wanted="$wanted r-base-core r-base-dev"
    for package in $packages; do wanted="$wanted r-cran-$package"; done
else
    for package in $(missing_packages); do wanted="$wanted r-cran-$package"; done
fi
# shellcheck disable=SC2086
[ -z "$wanted" ] || tools/apt_install.sh "R and these packages are needed" $wanted

# rpy2 from 3.6.6 on needs R 4.5.
if Rscript -e 'quit(status = getRversion() < "4.5")' >/dev/null; then
    rpy2="rpy2>=3.6.9"
else
    rpy2="rpy2-rinterface==3.6.5"
fi
# shellcheck disable=SC2086
.venv/bin/python -m pip install -qq --disable-pip-version-check $rpy2
mkdir -p .Rlib
touch .Rlib/.system
