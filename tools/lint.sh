#!/bin/sh
# Style: ruff for Python, lintr for R (pyproject.toml, .lintr).
set -eu
cd "$(dirname "$0")/.."
failed=0
folders="benchmarks examples python tests tools"
# shellcheck disable=SC2086
.venv/bin/ruff check $folders || failed=1
# shellcheck disable=SC2086
.venv/bin/ruff format --check $folders || failed=1
Rscript -e 'quit(status = !nzchar(system.file(package = "lintr")))' ||
    tools/apt_install.sh "lintr reads the style of R" r-cran-lintr
Rscript -e '
    files <- list.files(c("R", "tests", "tools"), "[.]R$", recursive = TRUE, full.names = TRUE)
    found <- lapply(files, lintr::lint)
    for (lints in found) print(lints)
    quit(status = any(lengths(found) > 0))' || failed=1
exit $failed
