#!/bin/sh
# Runs tests and sums them up: sh tests/run.sh BUILD [GROUP...]
#
# A program says how it went in a line "N passed, N failed", Criterion in its line "Synthesis"; one
# that says neither counts as one test, by its exit status. What a failing one printed is shown.
# The last line is the sum of all.
set -u
cd "$(dirname "$0")/.." || exit 1

build=${1:?usage: sh tests/run.sh BUILD [GROUP...]}
shift
[ $# -gt 0 ] || set -- unit sampled fuzz transcripts lessons plugin gpu terminal lint

logs=$build/tests/logs
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir -p "$logs"

# Nothing of the person who runs the tests may come in, and nothing may come out.
unset HALFSTEP_PLUGINS HALFSTEP_DATASETS HALFSTEP_LESSONS XDG_DATA_HOME HALFSTEP_MATMUL NO_COLOR INPUTRC
export HOME="$home" XDG_STATE_HOME="$home/state" LC_ALL=C.UTF-8 HALFSTEP="$build/halfstep"
# A build elsewhere has no data sets beside it.
case $build in /*) export HALFSTEP_DATASETS="$PWD/datasets" HALFSTEP_LESSONS="$PWD/lessons" ;; esac
export UBSAN_OPTIONS=print_stacktrace=1 LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
export TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/tests/tsan.supp"

passed=0
failed=0
tests=0

# Sums what a log says; fails where it says nothing.
counted() { # LOG
    awk '
        /^[0-9]+ passed, [0-9]+ failed$/ { p += $1; f += $3; said = 1 }
        /Synthesis: Tested:/ {
            gsub(/\033\[[0-9;]*m/, "")
            p += number("Passing:"); f += number("Failing:"); c += number("Crashing:"); said = 1
        }
        # Criterion counts a crash among the failures in some versions, and not in others.
        function number(word) { return match($0, word " *[0-9]+") ? substr($0, RSTART + length(word), RLENGTH - length(word)) + 0 : 0 }
        END { if (!said) exit 1; print p + 0, (f > c ? f : c) + 0 }' "$1"
}

run() { # NAME COMMAND...
    name=$1
    log=$logs/$(printf %s "$name" | tr / -).log
    shift
    timeout "${TEST_SECONDS:-600}" "$@" >"$log" 2>&1 </dev/null
    status=$?
    numbers=$(counted "$log") || numbers="$((status == 0)) $((status != 0))"
    good=${numbers% *}
    bad=${numbers#* }
    [ "$status" = 0 ] || [ "$bad" -gt 0 ] || bad=1
    passed=$((passed + good))
    failed=$((failed + bad))
    tests=$((tests + 1))
    [ "$bad" -gt 0 ] || {
        echo "  ok $name ($good)"
        return
    }
    echo "  FAILED $name ($good passed, $bad failed, exit status $status):"
    grep -vE '^\[(RUN|PASS)|^$' "$log" | tail -n 60 | sed 's/^/    /'
}

for group; do
    case $group in
    unit)
        for program in "$build"/tests/unit/*/run; do
            folder=${program%/run}
            run "unit/${folder##*/}" "$program" --jobs 2
        done
        ;;
    sampled) run sampled "$build/tests/exhaustive/exhaustive" --sampled ;;
    fuzz)
        for source in tests/fuzz/*.c; do
            name=$(basename "$source" .c)
            [ ! -x "$build/tests/fuzz/$name" ] || run "fuzz/$name" "$build/tests/fuzz/$name" 2000 1
        done
        ;;
    terminal)
        for source in tests/terminal/*.c; do
            name=$(basename "$source" .c)
            [ ! -x "$build/tests/terminal/$name" ] || run "terminal/$name" "$build/tests/terminal/$name"
        done
        run terminal/tmux sh tests/terminal/tmux.sh "$build"
        ;;
    lint)
        for script in tests/lint/*.sh; do
            case ${script##*/} in check.sh | headers.sh) continue ;; esac
            run "lint/$(basename "$script" .sh)" sh "$script" "$build"
        done
        ;;
    gpu) run gpu sh tests/gpu/standin.sh "$build" ;;
    *) # a folder with a runner of its own
        run "$group" sh "tests/$group/run.sh" "$build"
        ;;
    esac
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$tests" -gt 0 ]
