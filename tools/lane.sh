#!/bin/sh
# Tests the R package on another Debian, in a folder that debootstrap makes:
#
#   tools/lane.sh 13      Debian 13
#   tools/lane.sh sid     the newest R and reticulate that Debian has
#
# The tracked files, as they are here now, are copied there and tested by the
# same make targets as everywhere; what came of it is written to docs/lanes/.
# A second run goes on with what is set up; `rm -rf build/lanes` starts anew.
set -eu
cd "$(dirname "$0")/.."
lane=${1:-}
case $lane in
13) suite=trixie python=python3 ;;
# TensorFlow 2.21 has no wheel for Python 3.14, which is sid's python3.
sid) suite=sid python=python3.13 ;;
*)
    echo "softkeras: which lane? tools/lane.sh 13 or tools/lane.sh sid" >&2
    exit 2
    ;;
esac
system=$PWD/build/lanes/$lane
checkout=$system/srv/softkeras

if [ "$(id -u)" != 0 ]; then
    echo "softkeras: a lane is a Debian of its own in build/lanes, which only root can make: sudo make test-r-$lane" >&2
    exit 1
fi
command -v debootstrap >/dev/null 2>&1 ||
    tools/apt_install.sh "a lane is made by debootstrap" debootstrap

# What a network needs, by whatever name: proxies, certificates, pip's index.
settings=$(env | grep -iE '^(pip_|ssl_cert_|requests_ca_bundle=|curl_ca_bundle=|[a-z]+_proxy=)' || true)

# Runs a command in the lane's checkout, with a /proc and processes that end with
# it. Nothing of the environment goes along but the settings of the network.
inside() (
    set -f
    IFS='
'
    # shellcheck disable=SC2086
    exec unshare --fork --pid --kill-child --mount-proc \
        --root="$system" --wd=/srv/softkeras \
        env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin PYTHON="$python" $settings "$@"
)

if [ ! -e "$system/srv/.made" ]; then
    echo "softkeras: making a Debian ($suite) in build/lanes/$lane"
    rm -rf --one-file-system "$system"
    mkdir -p "$system"
    # The mirror is debootstrap's own unless one is given.
    # shellcheck disable=SC2086
    unshare --mount debootstrap --variant=minbase --include=ca-certificates \
        "$suite" "$system" ${DEBIAN_MIRROR:-} >"$system.log" 2>&1 || {
        tail -n 5 "$system.log" >&2
        echo "softkeras: debootstrap failed; its log is $system.log" >&2
        exit 1
    }
    mkdir -p "$checkout"
    touch "$system/srv/.made"
fi

# How the host reaches the network is how the lane does.
cp -L /etc/resolv.conf /etc/hosts "$system/etc"
{
    echo 'Dpkg::Use-Pty "false";' # there is no /dev/pts in it
    apt-config dump Acquire | grep -v IndexTargets || true
} >"$system/etc/apt/apt.conf.d/00host"
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$system/etc"
for file in /usr/local/share/ca-certificates/*.crt; do
    [ ! -e "$file" ] || cp -L "$file" "$system/usr/local/share/ca-certificates"
done
inside update-ca-certificates >/dev/null 2>&1 || {
    echo "softkeras: the host's certificates could not be added to lane $lane" >&2
    exit 1
}
for file in "${PIP_CERT:-}" "${SSL_CERT_FILE:-}" "${REQUESTS_CA_BUNDLE:-}" "${CURL_CA_BUNDLE:-}"; do
    [ ! -f "$file" ] || install -D -m 644 "$file" "$system$file"
done

commit=$(git rev-parse --short HEAD)
git diff --quiet HEAD -- . ':!docs/lanes' || commit="$commit with changes"
# All but what the targets make there, so that a file that is gone here is gone.
find "$checkout" -mindepth 1 -maxdepth 1 ! -name .venv ! -name .Rlib -exec rm -rf {} +
git ls-files -z | tar --null -T - -cf - | tar -C "$checkout" -xf - --no-same-owner
rm -f "$checkout/.Rlib/.ready"
mkdir -p "$checkout/build/lane"

# step NAME COMMAND...: shows and keeps what it prints, its exit status and time.
failed=
step() {
    name=$1
    log=$checkout/build/lane/$name
    shift
    echo "softkeras: lane $lane: $*"
    start=$(date +%s)
    { inside "$@" && echo 0 >"$log.status" || echo $? >"$log.status"; } 2>&1 | tee "$log.log"
    echo $(($(date +%s) - start)) >"$log.seconds"
    [ "$(cat "$log.status")" = 0 ] || failed="$failed $name"
}

step system sh -euc "apt-get -qq update
    apt-get -qq install -y --no-install-recommends make $python-dev $python-venv >/dev/null"
[ -n "$failed" ] || step set-up make .venv/.ready .Rlib/.ready
[ -z "$failed" ] || {
    echo "softkeras: lane $lane could not be set up" >&2
    exit 1
}
step testthat make test-r
step parity make test-parity
step python .venv/bin/python -m pytest tests/python/test_package.py
step check make check-r

mkdir -p docs/lanes
inside .venv/bin/python tools/lane_report.py "$lane" "$commit" >"docs/lanes/$lane.md"
chown --reference=Makefile docs/lanes "docs/lanes/$lane.md"
sed -n '3,$p' "docs/lanes/$lane.md"
[ -z "$failed" ] || {
    echo "softkeras: lane $lane failed in:$failed" >&2
    exit 1
}
