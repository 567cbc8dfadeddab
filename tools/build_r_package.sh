#!/bin/sh
# Builds the R package's tarball into the folder given, from only what belongs to
# it: R CMD build would first copy all that lies in the checkout, .venv as well.
#
#   tools/build_r_package.sh FOLDER [OPTION OF R CMD build]...
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$1
shift
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/softkeras/tests" "$folder"
cd "$root"
cp -RL DESCRIPTION LICENSE NAMESPACE NEWS.md R inst "$stage/softkeras"
# Where git makes no symbolic links, inst/python is not one.
rm -rf "$stage/softkeras/inst/python"
cp -RL python "$stage/softkeras/inst/python"
# The checkout's build/ is not R's, but R CMD build keeps its index of vignettes in
# a folder of that name.
grep -vxF '^build$' .Rbuildignore >"$stage/softkeras/.Rbuildignore"
for folder_of_r in man vignettes; do
    [ ! -d $folder_of_r ] || cp -RL $folder_of_r "$stage/softkeras"
done
cp -RL tests/testthat tests/testthat.R "$stage/softkeras/tests"
cd "$folder"
rm -f softkeras_*.tar.gz
R CMD build "$@" "$stage/softkeras"
