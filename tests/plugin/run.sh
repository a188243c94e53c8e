#!/bin/sh
# The door for plug-ins: what `--backend cuda` says to each that cannot compute, and that `auto`
# goes on without it: sh tests/plugin/run.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${1:?usage: sh tests/plugin/run.sh BUILD}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HALFSTEP_PLUGINS="$folder"
passed=0
failed=0

verdict() { # NAME; by the status of the command before
    if [ $? = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s: it said\n%s\n' "$1" "$said"
    fi
}

says() { # BACKEND STATUS SENTENCE
    said=$("$build/halfstep" --backend "$1" -c 'print step' 2>&1 >"$folder/out")
    [ $? = "$2" ] && printf '%s\n' "$said" | grep -qFe "$3"
}

refused() { # NAME SENTENCE
    says cuda 1 "$2"
    verdict "$1 with --backend cuda"
    says auto 0 "" && [ "$(cat "$folder/out")" = 0 ]
    verdict "$1 with --backend auto"
}

plugin() { # NAME
    rm -f "$folder/halfstep-cuda.so"
    cp "$build/tests/plugin/$1.so" "$folder/halfstep-cuda.so"
}

refused "no plug-in" "cuda: not built"

echo "not a library" >"$folder/halfstep-cuda.so"
refused "a text file" "halfstep-cuda.so"

plugin no_library
refused "a missing library" "undefined symbol: from_a_library_that_is_not_here"

plugin no_symbol
refused "a library that is no plug-in" "is no plug-in of halfstep"

plugin other_abi
refused "another ABI" "was built for another halfstep"

plugin careless_abi
refused "another ABI, not declared" "was built for another halfstep"

plugin no_device
refused "no device" "cuda: no device"

says opencl 2 "--backend takes auto, cpu or cuda, not 'opencl'"
verdict "an unknown backend"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
