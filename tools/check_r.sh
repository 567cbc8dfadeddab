#!/bin/sh
# R CMD check of the built package; fails on an error, a warning or a note, and
# if NAMESPACE and man/ are not what roxygen2 makes of the comments in R/.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

fresh=$root/build/documented
rm -rf "$fresh"
mkdir -p "$fresh"
cp -RL "$root/DESCRIPTION" "$root/NAMESPACE" "$root/R" "$root/man" "$fresh"
(cd "$fresh" && Rscript -e 'roxygen2::roxygenise(load_code = "source")' >/dev/null 2>&1)
for made in NAMESPACE man; do
    diff -r "$fresh/$made" "$root/$made" || {
        echo "softkeras: $made is out of date; run: make document" >&2
        exit 1
    }
done

"$root/tools/build_r_package.sh" "$root/build/check"
cd "$root/build/check"
# keras3 is suggested, and only CRAN has it; that note is not ours.
export _R_CHECK_FORCE_SUGGESTS_=false
R CMD check --no-manual softkeras_*.tar.gz || true
ours=$(grep -E '\.\.\. *(ERROR|WARNING|NOTE)$' softkeras.Rcheck/00check.log |
    grep -v '^\* checking package dependencies' || true)
if [ -n "$ours" ] || ! grep -q '^Status:' softkeras.Rcheck/00check.log; then
    echo "softkeras: R CMD check is not clean: $ours" >&2
    exit 1
fi
echo "softkeras: R CMD check has no error, warning or note of ours"
