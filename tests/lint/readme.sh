#!/bin/sh
# Fails where README.md does not tell the truth: a table that differs from the program's own, an
# example that does not print what stands there, a goal of make or a file that does not exist.
#
#   sh tests/lint/readme.sh BUILD           compares
#   sh tests/lint/readme.sh BUILD --write   puts the program's tables into README.md
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${1:-build}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_STATE_HOME="$folder/state"
case $build in /*) export HALFSTEP_DATASETS="$PWD/datasets" HALFSTEP_LESSONS="$PWD/lessons" ;; esac
bad=0

complain() {
    echo "README.md: $1"
    bad=1
}

# What stands between <!-- NAME --> and <!-- end -->.
block() { # NAME
    awk -v name="<!-- $1 -->" '$0 == "<!-- end -->" { inside = 0 } inside; $0 == name { inside = 1 }' README.md
}

for table in commands metrics layers; do
    "$build/tests/lint/tables" "$table" >"$folder/$table"
    if [ "${2-}" = --write ]; then
        awk -v name="<!-- $table -->" -v file="$folder/$table" '
            $0 == "<!-- end -->" { inside = 0 }
            !inside { print }
            $0 == name { inside = 1; while ((getline line < file) > 0) print line }' README.md >"$folder/new"
        cp "$folder/new" README.md
    fi
    block "$table" >"$folder/shown"
    cmp -s "$folder/$table" "$folder/shown" ||
        complain "the table of $table is not the program's; \`sh tests/lint/readme.sh BUILD --write\` mends it:
$(diff "$folder/shown" "$folder/$table")"
done

# The tour is typed into one session; every command of it must work.
block tour | sed -n 's/^    > //p' >"$folder/tour"
[ -s "$folder/tour" ] || complain "it has no tour"
"$build/halfstep" "$folder/tour" >"$folder/out" 2>"$folder/err" </dev/null ||
    complain "the tour fails: $(cat "$folder/err")"

block aside | sed -n 's/^    > //p' >"$folder/aside"
[ -s "$folder/aside" ] || complain "it shows no runs side by side"
"$build/halfstep" "$folder/aside" >"$folder/out" 2>"$folder/err" </dev/null ||
    complain "what it types for runs side by side fails: $(cat "$folder/err")"

# Each command line that is shown with what it prints.
block batch | sed -n 's/^    \$ halfstep //p' >"$folder/lines"
block batch | sed -n '/^    \$/!s/^    //p' >"$folder/wanted"
while read -r line; do
    eval "\"$build/halfstep\" $line" </dev/null 2>"$folder/err" || complain "\`$line\` fails: $(cat "$folder/err")"
done <"$folder/lines" >"$folder/got"
diff "$folder/wanted" "$folder/got" >"$folder/diff" || complain "the batch examples print something else:
$(cat "$folder/diff")"

for goal in $(grep -oE '`make [a-z]+' README.md CONTRIBUTING.md | sed 's/.*make //' | sort -u); do
    grep -qE "^([a-z -]+ )?$goal( [a-z -]+)?:" Makefile || complain "there is no \`make $goal\`"
done
for path in $(grep -ohE '(src|tests|cuda|lessons|datasets)/[A-Za-z0-9_./-]*[A-Za-z0-9_/]' README.md | sort -u); do
    [ -e "$path" ] || complain "there is no $path"
done
exit $bad
