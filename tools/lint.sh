#!/bin/sh
# All that is checked without running the package; make lint. Each check says in
# one line that it is fine, or what it found and what to do. LINT="types words"
# runs only those.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin
folders="benchmarks examples python tests tools"
failed=
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# check NAME ADVICE COMMAND...: its output is shown only if it fails.
check() {
    name=$1
    advice=$2
    shift 2
    case " ${LINT:-$name} " in *" $name "*) ;; *) return 0 ;; esac
    start=$(date +%s)
    if "$@" >"$log" 2>&1; then
        echo "lint: $name: fine ($(($(date +%s) - start)) s)$(sed -n 's/^softkeras: /; /p' "$log")"
    else
        cat "$log"
        echo "lint: $name: FAILED; $advice"
        failed="$failed $name"
    fi
}

of_r() {
    Rscript -e '
        files <- list.files(c("R", "tests", "tools"), "[.]R$", recursive = TRUE, full.names = TRUE)
        found <- lapply(files, lintr::lint)
        for (lints in found) print(lints)
        quit(status = any(lengths(found) > 0))'
}

# What setup_python.sh and setup_r.sh do not need for the rest.
Rscript -e 'quit(status = !nzchar(system.file(package = "lintr")))' ||
    tools/apt_install.sh "lintr reads the style of R" r-cran-lintr
{ command -v hunspell && hunspell -d en_GB -l; } </dev/null >/dev/null 2>&1 ||
    tools/apt_install.sh "hunspell checks the spelling" hunspell hunspell-en-gb

# shellcheck disable=SC2086
check python "mend it; ruff check --fix does some" \
    $python/ruff check --quiet $folders
# shellcheck disable=SC2086
check format "run: $python/ruff format $folders" \
    $python/ruff format --quiet --diff $folders
check types "mend the types; pyproject.toml says how strict they are" \
    $python/mypy
check imports "import from below only: [tool.importlinter] in pyproject.toml has the layers" \
    env PYTHONPATH=python $python/lint-imports --no-cache
check shell "mend it, or say in the script why it is meant" \
    $python/shellcheck tools/*.sh examples/*.sh .ci/run
check words "see above" \
    $python/python tools/check_spelling.py
check build "see above" \
    tools/check_generated.sh build
check golden "the losses and ranks take longer: make check-golden" \
    tools/check_generated.sh golden steps confusion ops
check man "see above" \
    tools/check_generated.sh man
check r "mend it; .lintr says what is asked" of_r

[ -z "$failed" ] || {
    echo "lint: FAILED:$failed"
    exit 1
}
echo "lint: all is fine"
