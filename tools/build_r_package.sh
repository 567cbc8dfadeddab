#!/bin/sh
# Builds the R package's tarball into the folder given, from only what belongs to
# it: R CMD build would first copy all that lies in the checkout, .venv as well.
#
#   tools/build_r_package.sh FOLDER [--no-build-vignettes]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$1
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/softkeras/tests" "$folder"
cd "$root"
cp -RL .Rbuildignore DESCRIPTION LICENSE NAMESPACE NEWS.md R inst "$stage/softkeras"
[ ! -d man ] || cp -RL man "$stage/softkeras"
cp -RL vignettes "$stage/softkeras"
cp -RL tests/testthat tests/testthat.R "$stage/softkeras/tests"
cd "$folder"
rm -f softkeras_*.tar.gz
R CMD build ${2:-} "$stage/softkeras"
