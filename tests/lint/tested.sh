#!/bin/sh
# Fails where something that stands in a list of the source (commands, panels, ops, layers, losses,
# optimizers, data sets: each an X-macro `#define LIST(X)`) is named by no test.
set -eu
cd "$(dirname "$0")/../.."

# LIST WORD of every row: X(adam), or the last word of X(ADAM, adam).
rows() {
    grep -rlE '^#define [A-Z_]+\(X\)' --include='*.h' src |
        xargs awk '/^#define [A-Z_]+\(X\)/ { list = $2; sub(/\(.*/, "", list); inside = 1; sub(/\(X\)/, "") }
         inside {
             more = /\\$/
             while (match($0, /X\([A-Za-z0-9_, ]+\)/)) {
                 word = substr($0, RSTART + 2, RLENGTH - 3)
                 sub(/.*, */, "", word)
                 print list, word
                 $0 = substr($0, RSTART + RLENGTH)
             }
             inside = more
         }'
}

# The name that the entry gives itself, "spirals 3" of spirals_three_kind; else the word.
typed() { # WORD
    name=$(grep -rhA3 --include='*.c' -E "^const [A-Za-z]+ $1_[a-z]+ = \{" src |
        sed -n 's/.*\.name = "\([^"]*\)".*/\1/p' | head -n 1)
    printf '%s' "${name:-$1}"
}

rows | {
    bad=0
    while read -r list word; do
        before='(^|[^a-zA-Z0-9_])'
        case $list in
        # The name of a command is a word like any other, unless somebody types it.
        COMMANDS) before='(^> *|["'\''`]|; *)' name=$word ;;
        OPS) name="(OP_)?($word|$(printf %s "$word" | tr a-z A-Z))" ;;
        *) name=$(typed "$word") ;;
        esac
        grep -rqE "$before$name([^a-zA-Z0-9_]|\$)" tests --exclude-dir=lint --exclude='*.md' || {
            echo "$list: no test names $word"
            bad=1
        }
    done
    exit $bad
}
