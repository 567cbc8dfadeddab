#!/bin/sh
# Builds what is released into dist/: sdist, wheel and the R package's tarball, of
# one version, from the tracked files as they are here now; looks into each.
#
#   tools/dist.sh
#
# REPOSITORY=https://github.com/OWNER/NAME makes the README's links absolute for
# the package index; without it they are taken out there.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
python=$root/.venv/bin/python
version=$("$python" tools/version.py)
commit=$(git rev-parse --short HEAD)
git diff --quiet HEAD || commit="$commit with changes"
echo "softkeras: building $version from $commit"

folder=$root/build/dist
stage=$folder/stage
rm -rf "$stage" dist
mkdir -p "$stage" dist
git ls-files -z | tar --null -T - -cf - | tar -C "$stage" -xf - --no-same-owner

# R's first: the other two leave folders of their own in the stage.
"$stage/tools/build_r_package.sh" "$root/dist" >"$folder/r.log" 2>&1 || {
    cat "$folder/r.log" >&2
    exit 1
}

[ -x "$folder/tools/bin/python" ] || "$python" -m venv "$folder/tools"
"$folder/tools/bin/pip" install -qq --disable-pip-version-check build twine
"$python" tools/pypi_readme.py "$version" ${REPOSITORY:+"$REPOSITORY"} \
    >"$stage/README.md"
# The same bytes from the same commit.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
"$folder/tools/bin/python" -m build --outdir dist "$stage" >"$folder/python.log" 2>&1 || {
    cat "$folder/python.log" >&2
    exit 1
}

for file in "softkeras-$version.tar.gz" "softkeras-$version-py3-none-any.whl" \
    "softkeras_$version.tar.gz"; do
    [ -f "dist/$file" ] || {
        echo "softkeras: dist/$file was not built; there is: $(ls dist)" >&2
        exit 1
    }
done
"$folder/tools/bin/twine" check --strict "dist/softkeras-$version"*
"$python" tools/dist_contents.py "$stage" dist/*
