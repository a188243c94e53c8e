#!/bin/sh
# Tests the GPU's tests without a GPU: sh tests/gpu/standin.sh BUILD
#
# With the CPU on both sides, its sums ordered otherwise on one, all holds; with each fault that a backend
# might have (wrong.h), something fails.
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${1:?usage: sh tests/gpu/standin.sh BUILD}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HALFSTEP_DATASETS="${HALFSTEP_DATASETS:-$PWD/datasets}"
passed=0
failed=0

verdict() { # STATUS TEXT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $2:"
        tail -n 20 "$folder/log"
    fi
}

holds() { # PROGRAM STEPS
    "$build/tests/gpu/$1" cpu "$2" >"$folder/log" 2>&1
    verdict $? "$1 with the CPU on both sides"
}

notices() { # PROGRAM STEPS FAULT...
    program=$1
    steps=$2
    shift 2
    for fault; do
        "$build/tests/gpu/$program" "wrong:$fault" "$steps" >"$folder/log" 2>&1
        [ $? = 1 ] && grep -q '^failed: ' "$folder/log"
        verdict $? "$program does not notice the fault '$fault'"
    done
}

holds ops 0
holds steps 6
holds same 2000
notices ops 0 bit noise class mass skip scale
notices steps 6 bit noise class mass skip
notices same 2000 skip lost late order unsteady fused probed

# The comparison with PyTorch, without it.
if command -v python3 >/dev/null; then
    python3 tests/gpu/compare_torch_test.py >"$folder/log" 2>&1
    verdict $? "the comparison with PyTorch"
fi

# What runs where there is a GPU must end well where there is none.
HALFSTEP_PLUGINS="$folder" sh tests/gpu/run.sh "$folder" >"$folder/log" 2>&1
[ $? = 0 ] && grep -qx '0 passed, 0 failed' "$folder/log"
verdict $? "make gpu without a GPU"
cp "$build/halfstep" "$folder/" && echo "no library" >"$folder/halfstep-cuda.so"
PATH=/usr/bin:/bin sh tests/gpu/run.sh "$folder" >"$folder/log" 2>&1
[ $? = 0 ] && grep -q '^no GPU is tested: .*halfstep-cuda.so' "$folder/log"
verdict $? "make gpu with a plug-in that cannot be loaded"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
