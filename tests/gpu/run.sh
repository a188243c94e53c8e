#!/bin/sh
# Everything that needs a GPU: sh tests/gpu/run.sh BUILD [PART...]
#
# What it runs may have been built on another machine (tests/gpu/pack.sh). Parts: ops, steps, same,
# sessions, lessons, sanitizer, torch. Without a GPU or without the plug-in it says so and ends well.
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${1:?usage: sh tests/gpu/run.sh BUILD [PART...]}
case $build in /*) ;; *) build=$PWD/$build ;; esac
shift
[ $# -gt 0 ] || set -- ops steps same sessions lessons sanitizer torch

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0
unset HALFSTEP_FUSE HALFSTEP_MATMUL
export HALFSTEP_PLUGINS="$build" HALFSTEP_DATASETS="$PWD/datasets" LC_ALL=C.UTF-8
export HOME="$folder" XDG_STATE_HOME="$folder/state"
[ ! -d "$build/lib" ] || export LD_LIBRARY_PATH="$build/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

nothing() { # WHY
    echo "no GPU is tested: $1"
    finish
}

[ -x "$build/halfstep" ] || nothing "there is no $build/halfstep; \`make\` builds it"
[ -e "$build/halfstep-cuda.so" ] || nothing "there is no $build/halfstep-cuda.so; \`make\` builds it where nvcc is"
why=$("$build/halfstep" --backend cuda -c 'print step' 2>&1 >/dev/null </dev/null) || {
    # Where a GPU is, a backend that does not open is no reason to be content.
    nvidia-smi -L >"$folder/gpus" 2>/dev/null && [ -s "$folder/gpus" ] || nothing "$why"
    cat "$folder/gpus"
    echo "FAILED open: $why"
    failed=1
    finish
}
nvidia-smi -L 2>/dev/null

# Sums a line "N passed, N failed"; what printed none, or tested nothing, has failed.
group() { # NAME SECONDS COMMAND...
    name=$1
    limit=$2
    begun=$(date +%s)
    shift 2
    timeout "$limit" "$@" >"$folder/log" 2>&1 </dev/null
    status=$?
    numbers=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$folder/log" | tail -n 1)
    good=${numbers% *}
    bad=${numbers#* }
    if [ "${good:-0}" = 0 ] || { [ "$status" != 0 ] && [ "$bad" = 0 ]; }; then
        bad=$((${bad:-0} + 1))
    fi
    passed=$((passed + ${good:-0}))
    failed=$((failed + bad))
    word=ok
    [ "$bad" = 0 ] || word=FAILED
    echo "  $word $name (${good:-0} passed, $bad failed, exit status $status, $(($(date +%s) - begun)) s)"
    grep -E '^# ' "$folder/log" | sed 's/^/    /'
    [ "$bad" = 0 ] || grep -vE '^# ' "$folder/log" | tail -n 70 | sed 's/^/    /'
}

for part; do
    case $part in
    ops | steps | same) group "$part" 500 "$build/tests/gpu/$part" ;;
    sessions) group sessions 400 sh tests/gpu/sessions.sh "$build" cuda ;;
    lessons) group lessons 300 sh tests/lessons/run.sh "$build" ;;
    sanitizer)
        if command -v compute-sanitizer >/dev/null; then
            group sanitizer 500 sh tests/gpu/sanitizer.sh "$build"
        else
            echo "  there is no compute-sanitizer here"
        fi
        ;;
    torch)
        if python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
            group torch 500 python3 tests/gpu/compare_torch.py "$build" --check
            group presets 500 python3 tests/gpu/compare_torch.py "$build" --presets
        else
            echo "  there is no PyTorch with CUDA here"
        fi
        ;;
    *)
        echo "there is no part '$part'"
        failed=$((failed + 1))
        ;;
    esac
done
finish
