#!/bin/sh
# Sees to it that what is made from other files is what these make:
#
#   tools/check_generated.sh man     NAMESPACE and man/, by roxygen2
#   tools/check_generated.sh golden  tests/testthat/golden: about 3 minutes
#   tools/check_generated.sh golden steps ops    some of these
#   tools/check_generated.sh build   .Rbuildignore: what is no part of the R package
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
what=${1:-}
[ $# = 0 ] || shift

stale() {
    echo "softkeras: $1 is not what its sources make of it; run: $2" >&2
    exit 1
}

case $what in
man)
    # Each roxygen2 writes its own way: only the one that wrote man/ is asked.
    wrote=$(sed -n 's/^RoxygenNote: //p' DESCRIPTION)
    here=$(Rscript -e 'cat(format(packageVersion("roxygen2")))')
    if [ "$wrote" != "$here" ]; then
        echo "softkeras: whether man/ is up to date is not checked: roxygen2 $wrote wrote it, here is $here"
        exit 0
    fi
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    cp -RL DESCRIPTION NAMESPACE R man "$fresh"
    log=$fresh/log
    (cd "$fresh" && Rscript -e 'roxygen2::roxygenise(load_code = "source")') >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
    for made in NAMESPACE man; do
        diff -r "$made" "$fresh/$made" || stale "$made" "make document"
    done
    ;;
golden)
    .venv/bin/python tests/reference/write_golden.py --check "$@" ||
        stale tests/testthat/golden "make golden"
    ;;
build)
    # R's own: what a source package may hold at its top.
    git ls-files | cut -d/ -f1 | sort -u | while read -r name; do
        case $name in
        DESCRIPTION | LICENSE | NAMESPACE | NEWS.md | R | inst | man | tests | vignettes) ;;
        .Rbuildignore) ;;
        *)
            # The patterns are Perl's, of the whole path.
            grep -v '^$' .Rbuildignore | while read -r pattern; do
                printf '%s\n' "$name" | grep -qP -- "$pattern" && echo found && break
            done | grep -q found || {
                echo "softkeras: $name is neither of the R package nor in .Rbuildignore: add ^$(printf '%s' "$name" | sed 's/\./\\./g')\$ there" >&2
                exit 1
            }
            ;;
        esac
    done
    ;;
*)
    sed -n '4,7p' "$0" | sed 's/^# *//' >&2
    exit 2
    ;;
esac
