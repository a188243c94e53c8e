#!/bin/sh
# Whole sessions on the GPU, as somebody types them: sh tests/gpu/sessions.sh BUILD BACKEND
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${1:?usage: sh tests/gpu/sessions.sh BUILD BACKEND}
backend=${2:?usage: sh tests/gpu/sessions.sh BUILD BACKEND}
program=$build/halfstep
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

verdict() { # STATUS TEXT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $2"
    fi
}

run() { # COMMANDS: fills out and err
    "$program" --backend "$backend" -c "$1" >"$folder/out" 2>"$folder/err" </dev/null
}

# The condition is awk's, over the last line that was printed.
claim() { # NAME COMMANDS CONDITION
    run "$2"
    verdict $? "$1: $(cat "$folder/err")"
    tail -n 1 "$folder/out" | awk -F '\t' '{ exit !('"$3"') }'
    verdict $? "$1: $3 is not so of: $(tail -n 1 "$folder/out")"
    echo "# $1: $(tail -n 1 "$folder/out")"
}

# shellcheck disable=SC2016 # the dollars are awk's, here and below
run 'backend'
grep -q "$backend" "$folder/out"
verdict $? "backend: $(cat "$folder/out")"

# The tour of README.md, typed into one session.
awk '$0 == "<!-- end -->" { inside = 0 } inside; $0 == "<!-- tour -->" { inside = 1 }' README.md |
    sed -n 's/^    > //p' >"$folder/tour"
[ -s "$folder/tour" ]
verdict $? "README.md has no tour"
"$program" --backend "$backend" "$folder/tour" >"$folder/out" 2>"$folder/err" </dev/null
verdict $? "the tour: $(cat "$folder/err")"
# loss, accuracy, skipped, scale after an epoch
sed -n 1p "$folder/out" | awk -F '\t' '{ exit !($1 < 1 && $2 > 0.7) }'
verdict $? "the tour: after an epoch: $(sed -n 1p "$folder/out")"

"$program" --backend "$backend" -c 'lesson check --all' >"$folder/out" 2>"$folder/err" </dev/null
verdict $? "lesson check --all: $(cat "$folder/out")"

claim "the main job: accuracy, skipped, steps a second" \
    'data fashion; net 784 256 128 10; autocast fp16; scale dynamic interval=200; train 20 epochs; print accuracy, skipped, steps_per_second' \
    '$1 >= 0.83 && $2 > 0 && $3 > 0'
claim "bf16: accuracy, skipped" 'autocast bf16; scale off; train 10 epochs; print accuracy, skipped' \
    '$1 >= 0.83 && $2 == 0'
claim "fp8: accuracy, skipped" 'autocast fp8; scale off; train 10 epochs; print accuracy, skipped' \
    '$1 >= 0.82 && $2 == 0'
claim "fp32: accuracy, skipped" 'autocast off; scale off; train 10 epochs; print accuracy, skipped' \
    '$1 >= 0.83 && $2 == 0'
claim "a scale far too large: steps, skipped, scale" 'scale static 2^40; train 40; print step, skipped, scale' \
    '$1 == 40 && $2 == 40 && $3 == 2^40'
claim "from there down: skipped, scale" \
    'scale dynamic 2^40; train until growth_tracker > 0; print skipped, scale' '$1 > 5 && $2 < 2^35'
claim "settings that change on the way: steps, loss" \
    'train 50; lr 1e-4; train 50; batch 100; train 50; autocast bf16; train 50; optim sgd lr=0.01; train 50; probe off; train 50; scale off; autocast off; train 50; print step, loss' \
    '$1 == 350 && $2 < 2'
claim "reset and undo: steps" 'train 30; reset; train 10; undo; print step' '$1 == 30'
claim "two networks, one after the other: steps, loss" \
    'data fashion size=14 target=input; loss mse; net 196 32 196 act=tanh; train 200; print step, loss' \
    '$1 == 200 && $2 < 0.2'
claim "lua in a loop: steps" "$(printf 'lua for i = 1, 20 do command("step") end\nprint step')" '$1 == 20'

claim "pictures through convolutions: accuracy, skipped, steps a second" \
    'net lenet; train 3 epochs; print accuracy, skipped, steps_per_second' '$1 >= 0.75 && $2 > 0 && $3 > 0'
claim "the same in bf16 without masters: loss" \
    'net lenet; autocast bf16; scale off; master off; round kahan; train 400; print loss' '$1 < 1'
claim "the same in fp8: loss, scale of a weight" \
    'net lenet; autocast fp8; scale off; train 400; print loss, fp8_scale("conv1.weight")' '$1 < 1 && $2 > 1'
claim "fp8 of e4m3 without a scale, and with one: accuracy of both" \
    'autocast fp8; scale off; optim adam; fp8 scaling none backward=e4m3; train 600; print accuracy; reset; fp8 scaling current; train 600; print accuracy' \
    '$1 > 0.8'
claim "layernorm forced into fp16, of rows beyond its squares: zeros" \
    'seed 3; data moons gain=3000; net "linear 8, layernorm, relu, linear 2"; batch 8; autocast fp16 force=layernorm; scale off; train 2; print zeros("norm1.out"), zeros("fc1.weight.grad")' \
    '$1 > 0.2 && $2 > 0.5'
claim "softmax forced without its largest number taken off: skipped" \
    'data moons gain=3000; net 2 8 2; autocast fp16 force=softmax stable=off; train 20; print skipped' '$1 > 0'
claim "operations that are kept: loss, skipped" \
    'autocast fp16 keep=relu,softmax,linear; train 100; autocast keep=gelu,relu; train 100; print loss, step' \
    '$1 < 1 && $2 == 200'
claim "a text, character by character: loss, accuracy, steps a second" \
    'data text; net "embedding 64, position, linear 128, gelu, linear"; lr 3e-3; train 5 epochs; print loss, accuracy, steps_per_second' \
    '$1 < 2.6 && $2 > 0.24 && $3 > 0'
claim "a transformer: loss, amax of its scores, skipped, steps a second" \
    "data text; net transformer-tiny; batch 32; lr 1e-3; autocast fp16; train 600; print loss, amax('attn1.scores'), skipped, steps_per_second" \
    '$1 < 2.35 && $2 > 1 && $3 < 30 && $4 > 0'
claim "the same in bf16 without masters, there and back: steps, loss" \
    "data text context=32; net transformer-tiny; batch 8; autocast bf16; scale off; master off; round kahan; train 60; backend cpu; train 3; backend $backend; train 60; print step, loss" \
    '$1 == 123 && $2 < 3.2'
writes='data text context=32; net "embedding 32, linear"; train 100; sample 60 seed=5'
run "$writes"
cp "$folder/out" "$folder/before"
run "$writes"
[ "$(wc -m <"$folder/out")" = 61 ] && cmp -s "$folder/out" "$folder/before"
verdict $? "it does not write the same again: $(cat "$folder/out" "$folder/err")"
claim "there and back, layers of every kind: steps, loss" \
    "net \"conv 8 k=3 stride=2, relu, pool 2, conv 16 k=3 pad=1, avgpool 2, flatten, dropout 10%, linear 64, layernorm, gelu, linear 10\"; batch 32; accumulate 2; clip norm 1; train 100; backend cpu; train 20; backend $backend; train 100; print step, loss" \
    '$1 == 220 && $2 < 1.3'

claim "a residual network: accuracy, skipped, steps a second" \
    'net resnet-tiny; train 300; print accuracy, skipped, steps_per_second' '$1 >= 0.75 && $3 > 0'
claim "the same in bf16 without masters: loss" \
    'net resnet-tiny; autocast bf16; scale off; master off; round kahan; train 300; print loss' '$1 < 1'
claim "running statistics that a skipped step spoilt, and before it: accuracy, accuracy" \
    'net resnet-tiny; train 100; print accuracy; mark here; inject inf conv1.out; step; rewind to here; train 100; print accuracy' \
    '$1 > 0.5'

silent='seed 1; data fashion size=14 target=input; net 196 32 196 act=tanh; loss mse weight=1e-4; optim momentum lr=30000; batch 128; autocast fp16'
claim "the silent failure: loss, moved, skipped, underflow" \
    "$silent; scale off; train 400; print loss, moved('fc1.weight'), skipped, underflow('fc2.out.grad')" \
    '$1 > 0.1 && $2 == 0 && $3 == 0 && $4 == 1'
claim "its cure: loss, moved, skipped, underflow" \
    "$silent; scale static 1024; train 400; print loss, moved('fc1.weight'), skipped, underflow('fc2.out.grad')" \
    '$1 < 0.045 && $2 > 0.5 && $3 == 0 && $4 < 0.2'

# Whether updates are counted or not: lessons/no-masters.halfstep tells what they are.
masters='data fashion size=14; net 196 64 10; batch 64; scale off; autocast bf16; master off'
for probes in on updates off; do
    run "$masters; round stochastic; optim momentum states=fp16; probe $probes; train 200; print loss, batch_loss, accuracy"
    tail -n 1 "$folder/out"
done | sort -u >"$folder/lines"
[ "$(wc -l <"$folder/lines")" = 1 ]
verdict $? "counting updates changes digits: $(cat "$folder/lines")"

order='seed 1; data fashion size=14; net 196 64 10; batch 64; autocast fp16; optim sgd lr=0.1'
claim "clipped behind unscale: accuracy, norm" \
    "$order; scale static 2^14; clip norm 1; train 300; print accuracy, grad_norm" '$1 > 0.6 && $2 < 10'
claim "clipped before unscale: accuracy, norm" \
    "$order; scale static 2^14; clip norm 1 when=before-unscale; train 300; print accuracy, grad_norm" \
    '$1 < 0.25 && $2 < 10'
claim "sgd that reads scaled gradients: accuracy" \
    "$order; scale static 2^10 unscale=off; train 200; print accuracy" '$1 < 0.2'
claim "adam that does: accuracy" \
    "$order; optim adam; scale static 2^10 unscale=off; train 200; print accuracy" '$1 > 0.68'
claim "a step with inf, taken: steps, skipped, scale" \
    "$order; scale dynamic 2^24 skip=off; train 5; print step, skipped, scale" '$1 == 5 && $2 == 0 && $3 < 2^24'
claim "floor and hysteresis: skipped, scale" \
    "$order; scale dynamic 2^40 floor=2^38 hysteresis=3; train 20; print skipped, scale" '$1 == 20 && $2 == 2^38'
claim "four micro-batches a step: accuracy, epoch, skipped" \
    "$order; scale static 2^14; batch 16; accumulate 4; train 300; print accuracy, epoch, skipped" \
    '$1 > 0.6 && $2 == 2.4 && $3 == 0'

# The same seed, twice, with and without counting: the same digits.
same='seed 7; train 300; print loss, batch_loss, grad_norm, scale, skipped, accuracy'
for probes in on on updates off; do
    run "probe $probes; $same"
    cat "$folder/out"
done | sort -u >"$folder/lines"
[ "$(wc -l <"$folder/lines")" = 1 ]
verdict $? "the same seed gives other digits: $(cat "$folder/lines")"

# Steps taken phase by phase, and sweeps between them, change no digit of it.
printf '%s\n' 'seed 7' 'lua for i = 1, 100 do command("step --phases"); command("phase end") end' \
    'sweep scale 0..40 --csv' 'sweep autocast' 'step --phases; phase; phase; phase; phase drop' 'train 200' \
    'print loss, batch_loss, grad_norm, scale, skipped, accuracy' >"$folder/phases"
"$program" --backend "$backend" "$folder/phases" >"$folder/out" 2>"$folder/err" </dev/null
verdict $? "phase by phase: $(cat "$folder/err")"
tail -n 1 "$folder/out" >>"$folder/lines"
[ "$(sort -u "$folder/lines" | wc -l)" = 1 ]
verdict $? "phase by phase there are other digits: $(cat "$folder/lines")"

# 500 steps back and the same again, through skips, other settings and what is injected: every row of the
# trace, all that was counted, and at the end all weights and optimizer state; and forward again.
changes='train 90; lr 1e-2; train 90; autocast bf16; train 40; master off; round stochastic; train 40; inject inf fc1.out 3; train 20; master on; round nearest; autocast fp16; scale 2^36; train 70; inject nan fc2.weight.grad; train 50; scale growth=3 interval=7; probe weight-grads; train 100'
for net in '784 256 128 10' '784 1024 512 10'; do
    run "net $net; scale dynamic 2^30 interval=20; train 300; export trace $folder/then.csv; $changes; export trace off; save $folder/then.safetensors; rewind 500; export trace $folder/again.csv; $changes; export trace off; save $folder/again.safetensors; rewind to 33; rewind forward; save $folder/forward.safetensors; print step, skipped"
    verdict $? "rewind, net $net: $(cat "$folder/err")"
    tail -n 1 "$folder/out" | awk -F '\t' '{ exit !($1 == 800 && $2 > 5) }'
    verdict $? "rewind, net $net: $(tail -n 1 "$folder/out")"
    for pair in then.csv:again.csv then.tensors.csv:again.tensors.csv \
        then.safetensors:again.safetensors then.safetensors:forward.safetensors; do
        cmp "$folder/${pair%:*}" "$folder/${pair#*:}" >"$folder/diff" 2>&1
        verdict $? "rewind, net $net: $(cat "$folder/diff")"
    done
done
claim "a break: step" 'scale 2^40; break when skipped > 3; train 100; print step' '$1 == 4'
claim "an inf in a weight stays, one in a product is gone with its step: skipped, skipped" \
    'scale 1024; train 20; mark here; inject inf fc2.weight; train 3; lua a = skipped; print(a)
rewind to here; inject inf fc2.out 1; train 3; lua print(a, skipped)' '$1 == 3 && $2 == 1'

# Every command of the transcripts works, or fails, on both backends alike.
for transcript in tests/transcripts/*.txt; do
    sed -n 's/^> //p' "$transcript" >"$folder/typed"
    for side in cpu "$backend"; do
        rm -rf "$folder/files" # a session may leave files, which the other would find
        cp -r tests/transcripts/files "$folder/files"
        (cd "$folder/files" &&
            XDG_STATE_HOME="$folder/of-$side" COLUMNS=80 timeout 120 "$program" --transcript --backend "$side" <"$folder/typed") 2>&1 |
            grep -vE '^#' | awk '/^> / { print; next } /\^/ && !/[0-9]/ { print "a mistake" }' >"$folder/$side.said"
    done
    diff "$folder/cpu.said" "$folder/$backend.said" >"$folder/diff"
    verdict $? "$transcript: < on the CPU, > on $backend: $(head -n 20 "$folder/diff")"
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
