#!/bin/sh
# Runs every script in lessons/ and holds it to its claims: sh tests/lessons/run.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${1:?usage: sh tests/lessons/run.sh BUILD}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

verdict() { # STATUS TEXT
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$2"
    fi
}

# The condition is awk's, over the first line that begins with LABEL: $2 is what stands behind it.
claim() { # LESSON LABEL CONDITION
    awk -F '\t' -v label="$2" '$1 == label { found = 1; if (!('"$3"')) exit 1; exit 0 }
                                END { if (!found) exit 1 }' "$folder/$1.out"
    verdict $? "$1: '$2' is not so: $3; it printed
$(cat "$folder/$1.out")"
}

# The course: every attempt that a lesson writes down, judged as a learner's.
export XDG_STATE_HOME="$folder/state"
unset XDG_DATA_HOME
# Under sanitizers some of them, named in LESSONS: there the program is on trial, and seconds say nothing.
# shellcheck disable=SC2086 # they are several words
"$build/halfstep" lesson check ${LESSONS:---all} --lang zh >"$folder/course" 2>&1 </dev/null
verdict $? "lesson check: $(cat "$folder/course")"
sh tests/lessons/broken/run.sh "$build" >"$folder/broken" 2>&1
verdict $? "$(cat "$folder/broken")"

for script in lessons/*.halfstep; do
    name=$(basename "$script" .halfstep)
    "$build/halfstep" "$script" >"$folder/$name.out" 2>"$folder/$name.err" </dev/null
    verdict $? "$name: failed: $(cat "$folder/$name.err")"
    grep -q "^claim $name " "$0"
    verdict $? "$name: tests/lessons/run.sh holds it to no claim"
done

# shellcheck disable=SC2016 # the dollars are awk's, here and below
# name, loss, moved, skipped, underflow. A none compares as text, so it is asked for by name.
claim silent-failure "no scale" '$2 > 0.1 && $3 == 0 && $4 == 0 && $5 == 1'
claim silent-failure "behind it" '$2 == "none"'
claim silent-failure "scale 1024" '$2 < 0.045 && $3 > 0.5 && $4 == 0 && $5 < 0.2'
claim silent-failure "dynamic" '$2 < 0.045 && $3 > 0.5 && $5 < 0.2'
claim silent-failure "bf16" '$2 < 0.045 && $3 > 0.5 && $4 == 0 && $5 == 0'

# name, step, skipped, scale
claim overflow "static 2^40" '$2 == 40 && $3 == 40 && $4 == 2^40'
claim overflow "dynamic from 2^40" '$2 == 120 && $3 > 10 && $3 < 60 && $4 < 2^30'

# exponent, underflow, lost_mass, overflow upstream
claim how-much-scale 0 '$2 > 0.4 && $3 < 0.01 && $4 == 0'
claim how-much-scale 16 '$2 < 0.1 && $3 < 1e-6 && $4 == 0'
claim how-much-scale 40 '$2 == "none" && $4 > 0.05'

# name, accuracy, what is missing to the first, lost updates
claim no-masters "bf16, masters" '$2 > 0.65'
claim no-masters "bf16, no masters" '$3 >= 0.03 && $4 > 0.7'
claim no-masters "stochastic" '$3 < 0.015 && $4 > 0.5'
claim no-masters "kahan" '$3 < 0.015 && $4 < 0.2'
claim no-masters "fp16, no masters" '$3 < 0.015 && $4 < 0.7'
claim no-masters "adam in fp16" '$2 == "nan"'

# The lines of the n-th sweep of a lesson, as `exponent lost_mass overflow grade`: of fc2.out.grad what it
# loses, and of all gradients together how many values overflowed or were not finite.
sweep() { # LESSON NUMBER
    awk -F , -v wanted="$2" '
        $1 == "scale" { number++; next }
        number != wanted || NF < 13 { next }
        $1 != scale && scale != "" { print exponent, lost, over, grade }
        $1 != scale { scale = $1; over = 0; exponent = int(log($1) / log(2) + 0.5) }
        $2 == "fc2.out.grad" { lost = $6 }
        { over += $8 + $9; grade = $13 }
        END { print exponent, lost, over, grade }' "$folder/$1.out"
}

# The condition is awk's, over what a sweep shows: `falls`, `rises` (the curves never go the other way),
# first and last good exponent, `lost` and `over` at the ends, and the scale of the line with that label.
claim_sweep() { # LESSON NUMBER LABEL CONDITION
    scale=$(awk -F '\t' -v label="$3" '$1 == label { print $2; exit }' "$folder/$1.out")
    sweep "$1" "$2" | awk -v scale="$scale" '
        BEGIN { falls = rises = 1; first = -1 }
        NR == 1 { low_lost = $2 }
        NR > 1 && $2 != "none" && $2 > before { falls = 0 }
        NR > 1 && $3 < over { rises = 0 }
        { over = $3; before = $2 }
        $4 == "good" { last = $1; if (first < 0) first = $1 }
        END { if (NR != 41 || !('"$4"')) exit 1 }'
    verdict $? "$1: sweep $2 with '$3' is not so: $4; it was
$(sweep "$1" "$2")"
}

claim window "within" '$2 < 0.045 && $3 == 0'
claim window "below" '$2 > 0.2 && $3 == 0'
claim window "above" '$2 > 0.2 && $3 == 400'
claim window "saw" '$3 > 8 && $4 < 0.045'
claim_sweep window 1 within 'falls && rises && low_lost > 0.99 && over > 0 && first > 3 && last < 38'
claim_sweep window 1 within 'first <= 20 && 20 <= last'
claim_sweep window 1 down '2 ^ (last - 2) <= scale && scale <= 2 ^ (last + 1)'
claim_sweep window 2 saw 'falls && rises && 2 ^ (last - 3) <= scale && scale <= 2 ^ (last + 1)'
# name, accuracy, norm of the gradients: over 5 seeds the order of clip and unscale cost 0.58 to 0.68.
claim order-of-calls "clipped behind unscale" '$2 > 0.6 && $3 > 0.1 && $3 < 10'
claim order-of-calls "clipped before unscale" '$2 < 0.25 && $3 > 0.1 && $3 < 10'
claim order-of-calls "sgd, unscaled" '$2 > 0.6'
claim order-of-calls "sgd, not unscaled" '$2 < 0.2'
claim order-of-calls "adam, not unscaled" '$2 > 0.68'
claim order-of-calls "adam, unscaled" '$2 > 0.68'
claim order-of-calls "not skipped" '$2 < 0.2 && $3 == "nan"'
claim order-of-calls "skipped" '$2 > 0.35 && $3 != "nan"'

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
