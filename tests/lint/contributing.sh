#!/bin/sh
# Follows CONTRIBUTING.md to the letter in a copy of the tree: writes its files and lines, builds, and
# runs the new command, the new panel and their tests: sh tests/lint/contributing.sh BUILD
#
# A block's first line says what it is: "new FILE", "FILE after TEXT" (lines that go behind the first
# line with TEXT), "run" (a step to take), or "shows FILE" (what the file must hold in the end).
set -u
cd "$(dirname "$0")/../.." || exit 1

from=$PWD
build=${1:-build}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
passed=0
failed=0

fine() { # NAME COMMAND...
    name=$1
    shift
    if "$@" >"$copy/log" 2>&1 </dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "CONTRIBUTING.md: $name:"
        tail -n 40 "$copy/log"
    fi
}

# Makes the files BLOCKS/1.head, BLOCKS/1.body, and so on.
blocks() { # FOLDER
    mkdir -p "$1"
    awk -v folder="$1" '
        /^```/ && !inside { inside = 1; n++; sub(/^```[a-z]* */, ""); print > (folder "/" n ".head")
                            printf "" > (folder "/" n ".body"); next }
        /^```$/ { inside = 0; close(folder "/" n ".body"); next }
        inside { print > (folder "/" n ".body") }' CONTRIBUTING.md
}

insert() { # FILE TEXT BODY
    awk -v text="$2" -v body="$3" '
        { print }
        !found && index($0, text) { found = 1; while ((getline line < body) > 0) print line }
        END { exit !found }' "$1" >"$copy/new" && cp "$copy/new" "$1"
}

follow() { # HEAD BODY
    read -r first second third <"$1"
    case $first in
    new) cp "$2" "$second" ;;
    run) sh -eu "$2" ;;
    shows) diff "$2" "$second" ;;
    *) [ "$second" = after ] && insert "$first" "$third" "$2" ;;
    esac
}

mkdir "$copy/tree"
cp -Rp Makefile .deps.sh .clang-format .clang-tidy README.md CONTRIBUTING.md LICENSE src cuda lessons \
    datasets tests "$copy/tree/"
# Objects that are there already need not be made again.
case $build in
/*) build=build ;;
*) [ ! -d "$build" ] || cp -Rp "$build" "$copy/tree/$build" ;;
esac
cd "$copy/tree" || exit 1
export BUILD="$build" XDG_STATE_HOME="$copy/state"
unset HALFSTEP_DATASETS MAKEFLAGS MFLAGS
blocks "$copy/blocks"

program=$build/halfstep
for head in $(find "$copy/blocks" -name '*.head' | sort -V); do
    read -r first second third <"$head"
    # What is written so far must build before it is used.
    case $first in run | shows) fine "it builds" make -j2 all ;; esac
    fine "$(cat "$head")" follow "$head" "${head%.head}.body"
done

fine "the command works" sh -c "$program -c 'lr 0.5; decay 0.5; print lr' | grep -qx 0.25"
fine "help knows the command" sh -c "$program -c 'help decay' | grep -q FACTOR"
fine "the panel works" sh -c "$program -c 'scale static 2^40; step 3; show skips' | grep -q 'the last: step 3, by '"
sh tests/transcripts/run.sh "$build" >"$copy/transcripts" 2>&1
fine "its transcript" sh -c "! grep -A5 '^failed: decay' '$copy/transcripts'"
fine "the tests of repl" make -j2 unit-repl
fine "the pictures" make -j2 unit-view
fine "README.md takes the new row" sh -c "make -j2 $build/tests/lint/tables &&
    sh tests/lint/readme.sh $build --write && grep -q '\`decay FACTOR\`' README.md"
fine "layers" sh tests/lint/layers.sh
fine "doors" sh tests/lint/doors.sh
fine "tests name both" sh -c "! sh tests/lint/tested.sh | grep -E ' (decay|skips)\$'"
if command -v clang-format-14 >/dev/null; then
    fine "format" clang-format-14 --dry-run -Werror src/repl/commands/decay.c src/view/panels/skips.c
fi

cd "$from" || exit 1
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
