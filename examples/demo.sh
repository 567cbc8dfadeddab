#!/bin/sh
# The demo: examples/demo.sh both, or examples/demo.sh python without R.
set -eu
cd "$(dirname "$0")/.."
demo=".venv/bin/python examples/demo.py"
$demo train
if [ "$1" = both ]; then
    Rscript examples/demo.R
    $demo check
fi
$demo picture
