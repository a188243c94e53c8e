#!/bin/sh
# The verifier is tested itself: each broken lesson must be rejected for its reason, and the right one not.
#   sh tests/lessons/broken/run.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
program=${1:?usage: run.sh BUILD}/halfstep
case $program in /*) ;; *) program=$PWD/$program ;; esac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_STATE_HOME="$folder/state" HALFSTEP_DATASETS=/nowhere HALFSTEP_THREADS=1
passed=0
failed=0

sh "$here/make.sh" "$folder" || exit 1
cd "$folder" || exit 1
for file in "$folder"/*.lesson; do
    name=$(basename "$file" .lesson)
    wanted=${name##*.}
    "$program" lesson check "$file" >"$folder/said" 2>&1 </dev/null
    status=$?
    if [ "$wanted" = ok ]; then
        [ "$status" = 0 ]
    else
        [ "$status" = 1 ] && grep -E ": $wanted: |\($wanted\)" "$folder/said" |
            grep -qF "$(cat "$folder/$name.words")"
    fi && passed=$((passed + 1)) || {
        failed=$((failed + 1))
        echo "$name: exit status $status, and it said:"
        sed 's/^/    /' "$folder/said"
    }
done
# Sources that were read elsewhere are listed, and are no faults.
sed 's/^@source  own  made up/@source  own  at second hand: A paper,\n  section 3/' "$here/base.txt" \
    >"$folder/told.lesson"
if "$program" lesson check "$folder/told.lesson" 2>/dev/null </dev/null |
    grep -qF "$folder/told.lesson:8: at second hand: [own] A paper, section 3"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "a source at second hand is not listed"
fi

# A course that lists a lesson twice, not at all, or before what it needs.
course() { # NAME INDEX
    printf '%b' "$2" >"$folder/course/course.idx"
    HALFSTEP_LESSONS="$folder/course" "$program" lesson check --all >"$folder/said" 2>&1 </dev/null
    if grep -q V16 "$folder/said"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "a course with $1 is taken: $(cat "$folder/said")"
    fi
}

mkdir "$folder/course"
sed 's/^@lesson  broken/@lesson  first/' "$here/base.txt" >"$folder/course/first.lesson"
sed 's/^@lesson  broken/@lesson  second\n@needs first/' "$here/base.txt" >"$folder/course/second.lesson"
course "a lesson twice" 'A first\nB second\nC first\n'
course "a lesson left out" 'A first\n'
course "a lesson before what it needs" 'A second\nB first\n'
printf 'A first\nB second\n' >"$folder/course/course.idx"
if HALFSTEP_LESSONS="$folder/course" "$program" lesson check --all >"$folder/said" 2>&1 </dev/null; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "a right course is refused: $(cat "$folder/said")"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
