#!/bin/sh
# Short runs under NVIDIA's compute-sanitizer: sh tests/gpu/sanitizer.sh BUILD
#
# memcheck sees accesses outside of what was allocated, and leaks; racecheck sees hazards in shared
# memory, of our kernels alone: a library's kernels order theirs in ways that it does not know.
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${1:?usage: sh tests/gpu/sanitizer.sh BUILD}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

under() { # NAME OPTIONS COMMANDS
    # shellcheck disable=SC2086 # the options are several words
    timeout 240 compute-sanitizer --error-exitcode 99 $2 "$build/halfstep" --backend cuda -c "$3" \
        >"$folder/log" 2>&1 </dev/null
    status=$?
    if [ "$status" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $1, exit status $status:"
        tail -n 30 "$folder/log"
    fi
}

all='data fashion limit=300'
for format in 'fp16; scale dynamic 2^24' 'bf16; scale off' 'tf32; scale off' 'off; scale off'; do
    all="$all; autocast $format; probe on; step 2; probe off; step 2"
done
small="net 784 40 24 10; batch 13; $all"
gelu="data fashion limit=300 size=7 target=input; loss mse; net 49 37 7 49 act=gelu; batch 33; optim momentum; autocast fp16; step 3"
large="data fashion limit=300; net 784 512 10; batch 256; autocast fp16; probe on; step 2; print accuracy"

places="data fashion limit=300 size=14; net \"conv 40 pad=1, batchnorm, relu, pool 2, residual (conv 40 pad=1), flatten, linear 20, layernorm, linear\"; batch 24; autocast fp16; probe on; step 2; print accuracy"
words="data text; net \"embedding 24, position, residual (layernorm, attention 3), layernorm, linear\"; batch 4; autocast fp16; probe on; step 2; sample 5"

wide() { # COMMANDS: the same in fp32
    echo "$1" | sed 's/autocast fp16/autocast off/'
}

memcheck='--tool memcheck --leak-check full'
ours='--kernel-name kns=map_kernel,kns=strip_kernel,kns=begin_kernel,kns=loss_kernel,kns=softmax_kernel,kns=grads_kernel,kns=step_kernel,kns=walk_kernel,kns=tail_kernel,kns=squares_kernel,kns=conv_kernel,kns=dw_kernel,kns=places_kernel,kns=norm_kernel,kns=sums_kernel'
racecheck="--tool racecheck $ours"

under "memcheck, small" "$memcheck" "$small"
under "memcheck, gelu and mse" "$memcheck" "$gelu"
under "memcheck, larger" "$memcheck" "$large"
under "memcheck, convolutions" "$memcheck" "$places"
under "memcheck, text" "$memcheck" "$words"
HALFSTEP_FUSE=0
export HALFSTEP_FUSE
under "memcheck, plain steps" "$memcheck" "$small"
unset HALFSTEP_FUSE
under "racecheck, small" "$racecheck" "$small"
# racecheck ends in an error of its own where cuBLAS runs its kernels for tensor cores of a Hopper GPU.
under "racecheck, gelu and mse" "$racecheck" "$(wide "$gelu")"
under "racecheck, larger" "$racecheck" "$(wide "$large")"
under "racecheck, convolutions" "$racecheck" "$(wide "$places")"
under "synccheck, small" '--tool synccheck' "$small"
under "initcheck, larger" "--tool initcheck $ours" "$large"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
