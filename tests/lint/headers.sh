#!/bin/sh
# Fails where a header does not compile alone: as C11, and those that a plug-in reads as C++17 too.
set -eu
cd "$(dirname "$0")/../.."

: "${CPPFLAGS:=-Isrc -D_GNU_SOURCE $(pkg-config --cflags lua5.4 2>/dev/null)}"
flags="$CPPFLAGS -Wall -Wextra -Werror -fsyntax-only"
bad=0

alone() { # HEADER COMPILER LANGUAGE STANDARD
    printf '#include "%s"\n' "${1#src/}" | $2 -x "$3" "-std=$4" $flags - || {
        echo "$1: does not compile alone as $4"
        bad=1
    }
}

for header in $(find src -name '*.h' | LC_ALL=C sort); do
    alone "$header" gcc c c11
done

plugin=$(printf '#include "program/backend.h"\n' | gcc -Isrc -x c -std=c11 -MM - | tr ' ' '\n' | grep '^src/')
for header in $(printf '%s\n' $plugin $(find src/numerics -name '*.h') | LC_ALL=C sort -u); do
    alone "$header" clang c++ c++17
done
exit $bad
