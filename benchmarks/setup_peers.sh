#!/bin/sh
# Makes .venv-peers: what benchmarks/speed.py compares with, in a Python of its
# own. A peer that can't be installed is left out, and the page says so.
set -eu
cd "$(dirname "$0")/.."

for python in "${PEERS_PYTHON:-}" python3.13 python3.12 python3; do
    if [ -n "$python" ] && "$python" -c \
        'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))' \
        2>/dev/null; then
        break
    fi
    python=
done
if [ -z "$python" ]; then
    python=${PYTHON:-python3}
    echo "softkeras: softjax and softtorch need Python 3.12 or later (PEERS_PYTHON=...)," >&2
    echo "softkeras: and will be missing from the comparison." >&2
fi
echo "softkeras: making .venv-peers (some minutes: TensorFlow, JAX and torch)"
[ -x .venv-peers/bin/python ] || "$python" -m venv .venv-peers
pip=".venv-peers/bin/python -m pip install -qq --disable-pip-version-check"
# All at once where that works; else one by one, so that one does not stop all.
$pip -r benchmarks/requirements.txt || sed '/^#/d' benchmarks/requirements.txt |
    while read -r peer; do
        $pip "$peer" || echo "softkeras: $peer can't be installed" >&2
    done
touch .venv-peers/.ready
