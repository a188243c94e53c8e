#!/bin/sh
# Types each transcript's commands and compares all that is answered, to the character.
#
#   sh tests/transcripts/run.sh BUILD             compares
#   TRANSCRIPTS_WRITE=1 sh tests/transcripts/run.sh BUILD   writes what is answered now
#
# A transcript is what somebody at the prompt sees: `> command`, then the answer, mistakes and
# carets too. Each is typed into a session of its own.
set -u
cd "$(dirname "$0")/../.." || exit 1

program=${1:-build}/halfstep
case $program in /*) ;; *) program=$PWD/$program ;; esac
folder=$PWD/tests/transcripts
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT

# One thread and plain loops: bits, and so digits, are the same on every machine.
export HALFSTEP_THREADS=1 HALFSTEP_MATMUL=reference LC_ALL=C.UTF-8 COLUMNS=80
export HALFSTEP_DATASETS="${HALFSTEP_DATASETS:-$PWD/datasets}" HALFSTEP_LESSONS="${HALFSTEP_LESSONS:-$PWD/lessons}"
export HOME="$home"
unset XDG_DATA_HOME

passed=0
failed=0
# What a transcript writes goes with the rest.
cp -R "$folder/files" "$home/files" && cd "$home/files" || exit 1
for wanted in "$folder"/*.txt; do
    name=$(basename "$wanted" .txt)
    sed -n 's/^> //p' "$wanted" |
        XDG_STATE_HOME="$home/state/$name" timeout 300 "$program" --transcript --backend cpu >"$home/answer" 2>&1
    status=$?
    if [ -n "${TRANSCRIPTS_WRITE-}" ]; then
        cp "$home/answer" "$wanted"
    fi
    if [ "$status" = 0 ] && diff "$wanted" "$home/answer" >"$home/difference"; then
        passed=$((passed + 1))
    else
        echo "failed: $name (exit status $status); < is wanted, > is answered:"
        sed 's/^/    /' "$home/difference"
        failed=$((failed + 1))
    fi
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
