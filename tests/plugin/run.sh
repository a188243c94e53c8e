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

# The real one, where it was built, on a machine without a driver.
if [ -e "$build/halfstep-cuda.so" ] && ! [ -e /dev/nvidiactl ]; then
    cp "$build/halfstep-cuda.so" "$folder/halfstep-cuda.so"
    refused "our own plug-in, without a GPU" "cuda: no NVIDIA driver"
fi

# A plug-in that opens, or fails as GPUs do.
plugin pretend
export HALFSTEP_DATASETS=/nowhere HALFSTEP_THREADS=1 HALFSTEP_MATMUL=reference # the small set at once

pretend() { # MANNER
    HALFSTEP_PRETEND=$1
    export HALFSTEP_PRETEND
}

pretend driver
refused "an old driver" "cuda: the driver is too old"
pretend busy
refused "a busy device" "cuda: device 0 is busy"
pretend number
says cuda:7 1 "cuda: there is no device 7"
verdict "no such device number"
says cuda:0 0 ""
verdict "a device number that there is"
pretend works
says auto 0 "computing on cuda, a pretence"
verdict "auto says that it took the GPU"
pretend driver
says auto 0 "computing on cpu"
verdict "auto says that it took the cpu"

wrong() { # NAME; exit status 2, and the list
    says "$1" 2 "$2"
    verdict "--backend $1"
}

wrong opencl "there is no backend 'opencl'; take auto, cpu, cuda or cuda:1"
wrong cuda:x "GPUs are numbered from 0"
wrong cuda:-1 "GPUs are numbered from 0"
wrong cuda: "GPUs are numbered from 0"
wrong cpu:0 "there is no backend"
wrong cudax "there is no backend"

# Types commands and keeps what is answered. Mistakes end nothing.
typed() { # BACKEND COMMANDS
    printf '%b' "$2" | (cd "$folder" && timeout 60 "$program" --transcript --backend "$1") \
        >"$folder/out" 2>&1
    code=$?
    said=$(cat "$folder/out")
}

answered() { # SENTENCE...; each stands in the answer
    [ "$code" = 0 ] || return 1
    for sentence; do
        printf '%s\n' "$said" | grep -qFe "$sentence" || return 1
    done
}

program=$build/halfstep
case $program in /*) ;; *) program=$PWD/$program ;; esac

# The run goes on with the same bits, whatever it is taken to and from.
typed cpu 'train 12\nsave plain\n'
pretend works
typed cpu 'train 4\nbackend cuda\nbackend cuda\ntrain 5\nbackend cpu\ntrain 3\nsave switched\n'
answered "cuda, a pretence, from step 5" "cpu, 1 thread, reference loops, from step 10" &&
    cmp -s "$folder/plain" "$folder/switched"
verdict "a run that changes backends"
typed cpu 'train 4\nnet 2 9 2\ntrain 1\nbackend auto\nundo\nbackend cpu\ntrain 8\nsave undone\n'
answered "back: step 4" && cmp -s "$folder/plain" "$folder/undone"
verdict "undo after a change of backend"

# Steps that are in flight when a journey begins, a step with something in it, a stop; and that there is no
# way back to another backend, whose bits are others.
journey='scale dynamic 2^30\ntrain 40\nlr 0.01\ninject nan fc1.out\ntrain 13\n'
typed cpu "${journey}save there\n"
typed cuda "${journey}save here\nrewind to 21\nrewind forward\nsave forward\nrewind to 3\ntrain 37\n\
lr 0.01\ninject nan fc1.out\ntrain 13\nsave again\n"
answered "step 21; rewind forward goes to step 53" && cmp -s "$folder/there" "$folder/here" &&
    cmp -s "$folder/there" "$folder/forward" && cmp -s "$folder/there" "$folder/again"
verdict "back, forward, and back and the same again"
typed cuda 'train 5\nbackend cpu\nrewind 1\ntrain 4\nbackend cuda\ntrain 3\nrewind 3\nrewind 1\n'
answered "no way back before step 5, where it came to this backend" "step 9; rewind forward" \
    "no way back before step 9, where it came to this backend"
verdict "no way back to another backend"
typed cuda 'break when step >= 21\ntrain 60\nprint step + 1000\n'
answered "stopped after step 21 by break 1" "1021"
verdict "a stop where steps are in flight"

# What holds the bytes is the backend of the moment.
typed cpu 'train 1\nshow memory\n'
answered "this backend emulates"
verdict "memory on the cpu"
typed cpu 'train 1\nbackend cuda\nshow memory\n'
! answered "this backend emulates"
verdict "memory after a change of backend"

# While it trains: a step's state depends on its number alone.
typed cpu 'run\nbackend cuda\nbackend cpu\nbackend cuda\npause\nsave live\n'
steps=$(printf '%s\n' "$said" | sed -n 's/^saved step \([0-9,]*\) .*/\1/p' | tr -d ,)
answered "cuda, a pretence, from step" && [ -n "$steps" ]
verdict "a change of backend while it trains"
typed cpu "train $steps\nsave same\n"
[ "$steps" = 0 ] || cmp -s "$folder/same" "$folder/live"
verdict "the same bits after $steps steps with changes meanwhile"

# As a script, too.
typed cpu 'train 4\nbackend cuda\ntrain 5\nbackend cpu\ntrain 3\nexport script s\nsave one\n'
answered "s has the session as commands" && grep -q "^backend cuda # after step 4" "$folder/s"
verdict "a script of changes of the backend"
typed cpu 'source s\nsave other\n'
answered "from step 10" && cmp -s "$folder/one" "$folder/other"
verdict "a script that changes the backend, sourced"

# A backend that cannot take the run leaves it where it is.
stays() { # NAME MANNER COMMANDS SENTENCE
    pretend "$2"
    typed cpu "train 4\n$3\ntrain 8\nautocast fp16\nsave stayed\nbackend\n"
    answered "$4" "cpu, 1 thread" && cmp -s "$folder/plain" "$folder/stayed"
    verdict "$1 leaves the run on the cpu"
}

stays "an old driver" driver 'backend cuda' "the driver is too old"
stays "a wrong number" number 'backend cuda:3' "there is no device 3"
for call in 1 2 3 4 10 40; do
    stays "a device lost at call $call of a change" "lost $call" 'backend cuda' "cuda: the pretend was lost"
done

pretend old
typed cuda 'train 2\nautocast bf16\ntrain 2\nprint step\nautocast fp16\nbackend\n'
answered "cuda: this GPU (sm_70) cannot compute in bf16" "cuda, a pretence"
verdict "a GPU too old for a format"
typed cpu 'train 2\nautocast bf16\nbackend cuda\ntrain 2\nprint step\nbackend\n'
answered "cuda: this GPU (sm_70) cannot compute in bf16" "cpu, 1 thread"
verdict "a GPU too old for the run's format"

pretend small
typed cuda 'train 2\nnet 2 512 512 2\ndata moons limit=50\nundo\ntrain 2\nprint step\nbackend\n'
answered "cuda: the device has no room for" "cuda, a pretence"
verdict "a GPU without room for a network"
typed cpu 'net 2 512 512 2\ntrain 2\nbackend cuda\ntrain 2\nprint step\nbackend\n'
answered "cuda: the device has no room for" "cpu, 1 thread"
verdict "a GPU without room for the run"
typed cuda 'batch 8\nfork b net="2 256 2"\nbatch 64\ntrain 3\nall: print epoch\n'
answered "cuda: the device has no room for" &&
    [ "$(printf '%s\n' "$said" | sed -n 's/^[ab]\t//p' | sort -u | wc -l)" = 1 ] &&
    [ "$(printf '%s\n' "$said" | grep -c '^[ab]	0')" = 2 ]
verdict "a GPU without room for another batch in one of two runs leaves it in both"
HALFSTEP_DATASETS=$PWD/datasets says cuda 1 "cuda: the device has no room for 8000 examples"
verdict "a GPU without room for the first data, with --backend cuda"
HALFSTEP_DATASETS=$PWD/datasets says auto 0 "cuda: the device has no room for 8000 examples"
verdict "a GPU without room for the first data, with --backend auto"

# Lost while a format is timed: what was measured elsewhere stands in no table, and the run goes on.
typed cpu 'autocast fp32\nscale off\ntrain 12\nsave plain32\n'
call=100
said=lost
while printf '%s' "$said" | grep -q lost; do
    pretend "lost $call"
    typed cuda 'autocast fp32\nscale off\ntrain 4\nbench fp32 steps=3\ntrain 8\nsave benched\nbackend\n'
    answered "saved step 12" && cmp -s "$folder/plain32" "$folder/benched"
    verdict "a device lost at call $call, with a bench"
    printf '%s\n' "$said" | grep -q "bench again times the cpu" && timed=$call
    call=$((call + 13))
done
[ -n "${timed:-}" ]
verdict "a device lost within a bench"

# Lost on a journey: it is refused, as the run is another then; or it has come to its end, to the bit.
pretend works
typed cuda 'train 8\nsave eight\n'
call=60
said=lost
while printf '%s' "$said" | grep -q lost; do
    pretend "lost $call"
    typed cuda 'train 8\nrewind 3\ntrain until step >= 8\nsave back\nbackend\n'
    answered "saved step" && { ! answered "saved step 8 " || cmp -s "$folder/eight" "$folder/back"; }
    verdict "a device lost at call $call, with a journey"
    printf '%s\n' "$said" | grep -q "where it came to this backend" && refused_at=$call
    call=$((call + 17))
done
[ -n "${refused_at:-}" ]
verdict "a device lost on a journey"

# A trace goes on too, from the step that the run goes on from; a script would not do that again.
pretend works
typed cuda 'export trace whole.csv\ntrain 12\nexport trace off\n'
pretend "lost 120"
typed cuda 'export trace lost.csv\ntrain 12\nexport trace off\nexport script lost\n'
answered "the run goes on from step" "a device was lost" &&
    [ "$(tail -n 1 "$folder/lost.csv" | cut -d, -f2-)" = "$(tail -n 1 "$folder/whole.csv" | cut -d, -f2-)" ]
verdict "a trace over a lost device"

# Lost at any call: nothing that a session answers changes, and no bit of the run. A stride, since
# most calls are alike; the first ones, which start the session, are all tried.
session='train 6; print batch_loss, underflow("fc2.weight.grad"), moved("fc1.weight"), accuracy;
lr 0.01; scale 1024; train until step >= 10; batch 30; autocast bf16; train 3; net 2 8 2 act=tanh;
train 3; undo; step 2; reset; undo; save run; load run; seed 3; train 2; backend cpu; train 2;
print step, loss; undo; save run'

loses() { # CALL
    pretend "lost $1"
    (cd "$folder" && timeout 60 "$program" --backend auto -c "$session") \
        >"$folder/out" 2>"$folder/said" && cmp -s "$folder/run" "$folder/wanted-run" &&
        cmp -s "$folder/out" "$folder/wanted-out"
    verdict_lost=$?
    said=$(cat "$folder/said")
    [ "$verdict_lost" = 0 ]
    verdict "a device lost at call $1"
}

program_plain() {
    (cd "$folder" && "$program" --backend cpu -c "$session") >"$folder/wanted-out" 2>"$folder/said" &&
        mv "$folder/run" "$folder/wanted-run"
}

program_plain
call=1
said=lost
while printf '%s' "$said" | grep -q lost; do
    loses "$call"
    [ "$call" -lt 40 ] && call=$((call + 1)) || call=$((call + ${STRIDE:-23}))
done
[ "$call" -gt 500 ]
verdict "a session of $call calls"

# So with several runs, which are all lost at once and all go on.
session='train 4; fork b autocast=bf16 scale=off; train 3; all: print batch_loss, scale, accuracy;
b: lr 0.01; fork c scale=2^120; train 4; all: print step, batch_loss, skipped, scale; batch 30;
train 3; c: net 2 8 2 act=tanh; train 2; undo; drop a; train 3; use c; backend cpu; train 2; undo;
all: print step, loss; runs; b: save run'
program_plain
call=1
said=lost
while printf '%s' "$said" | grep -q lost; do
    loses "$call"
    call=$((call + ${STRIDE:-29}))
done
[ "$call" -gt 500 ]
verdict "a session of $call calls with several runs"

# In a long training the state is copied meanwhile: at least 5 s apart.
pretend "late 5.5"
printf 'pace 40\nrun\nSLEEP\npause\nsave late\n' | while read -r line; do
    [ "$line" = SLEEP ] && sleep 6.5 || printf '%s\n' "$line"
done | (cd "$folder" && timeout 60 "$program" --transcript --backend cuda) >"$folder/out" 2>&1
said=$(cat "$folder/out")
from=$(printf '%s\n' "$said" | sed -n 's/.*the run goes on from step \([0-9]*\) on the cpu.*/\1/p')
steps=$(printf '%s\n' "$said" | sed -n 's/^saved step \([0-9,]*\) .*/\1/p' | tr -d ,)
[ "${from:-0}" -gt 100 ] && [ "${steps:-0}" -gt "$from" ]
verdict "a device lost late in a training goes back to the newest copy"
typed cpu "train ${steps:-1}\nsave same\n"
cmp -s "$folder/same" "$folder/late"
verdict "and goes on with the same bits"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
