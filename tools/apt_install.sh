#!/bin/sh
# Installs Debian packages; where that can't be, says in one line what to do.
#
#   tools/apt_install.sh PURPOSE PACKAGE...
set -eu
purpose=$1
shift

if ! command -v apt-get >/dev/null 2>&1; then
    why="there is no apt here"
elif [ "$(id -u)" = 0 ]; then
    why=
    as_root=
elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    why=
    as_root=sudo
else
    why="apt needs root or sudo"
fi

if [ -n "$why" ]; then
    echo "softkeras: $purpose ($why): install $* (Debian's names) and run the same command again; 'make test-python' and 'make demo-python' need no R." >&2
    exit 1
fi

echo "softkeras: installing $* with apt"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
}
quietly update
quietly install -y --no-install-recommends "$@"
