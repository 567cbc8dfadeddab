#!/bin/sh
# Makes .venv: the module (editable), tensorflow-cpu and what the tests need.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    echo "softkeras: Python 3.10 or later is needed; set PYTHON to one (PYTHON=$python)." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    tools/apt_install.sh "a virtual environment needs ensurepip" python3-venv
fi

echo "softkeras: making .venv (about a minute)"
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install -qq --disable-pip-version-check \
    -r tools/requirements.txt -e .
touch .venv/.ready
