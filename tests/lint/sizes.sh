#!/bin/sh
# Fails where a source file is longer than 400 lines. (Functions are clang-tidy's to measure.)
set -eu
cd "$(dirname "$0")/../.."

find src cuda tests -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh' -o -name '*.sh' |
    xargs wc -l | awk '$2 != "total" && $1 > 400 { print $2 ": " $1 " lines, 400 at most"; bad++ }
                       END { exit bad > 0 }'
