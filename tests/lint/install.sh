#!/bin/sh
# Fails where what `make install` puts down does not run from there: sh tests/lint/install.sh BUILD
set -eu
cd "$(dirname "$0")/../.."

build=${1:-build}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
prefix=$(cat "$build/prefix")
make -s install BUILD="$build" PREFIX="$prefix" DESTDIR="$root"

unset HALFSTEP_DATASETS
cd "$root$prefix"
export XDG_STATE_HOME="$root/state"
[ "$(bin/halfstep -c 'data fashion limit=100; step 2; print step')" = 2 ]
bin/halfstep share/halfstep/lessons/how-much-scale.halfstep >/dev/null
