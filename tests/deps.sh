#!/bin/sh
# Installs what is missing with apt, and says so first: deps.sh [build] [test] [peer].
# Only missing packages are installed; asks nothing; uses sudo when not root.
set -u
build="gcc libc6-dev make pkg-config libncurses-dev libopenblas-dev libcjson-dev zlib1g-dev"
test="libcmocka-dev libvterm-dev python3-optuna tmux locales"
peer="python3-torch python3-sklearn libfann-dev"
wanted=""
for group in "$@"; do
    case $group in
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $test" ;;
    peer) wanted="$wanted $peer" ;;
    *) echo "deps.sh: unknown group '$group'; choose build, test or peer" >&2; exit 2 ;;
    esac
done
missing=""
for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "deps.sh: no apt-get here; please install by hand:$missing" >&2
    exit 2
fi
as=""
[ "$(id -u)" -eq 0 ] || as="sudo"
command="$as env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends$missing"
echo "$as apt-get update && $command"
# shellcheck disable=SC2086
$as apt-get update -qq && $command || {
    echo "deps.sh: apt-get failed; look at its message above" >&2
    exit 2
}
