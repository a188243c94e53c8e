#!/bin/sh
# `make check`: everything a machine can say about the text: sh tests/lint/check.sh BUILD MAKE
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${1:?usage: sh tests/lint/check.sh BUILD MAKE}
make=${2:-make}
passed=0
failed=0
logs=$build/check
mkdir -p "$logs"

check() { # NAME COMMAND...
    name=$1
    shift
    if "$@" >"$logs/$name.log" 2>&1; then
        echo "  ok $name"
        passed=$((passed + 1))
    else
        echo "  FAILED $name:"
        grep -v '^  cc ' "$logs/$name.log" | tail -n 80 | sed 's/^/    /'
        failed=$((failed + 1))
    fi
}

ours() {
    find src cuda tests -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh'
}

format() {
    ours | xargs clang-format-14 --dry-run -Werror
}

# A Status returned by value does not keep the pointers of the call that made it, as cppcheck thinks.
flaws() {
    cppcheck --quiet --std=c11 --language=c -j2 --enable=warning,performance,portability \
        --inline-suppr --suppress=missingIncludeSystem --suppress=returnDanglingLifetime --error-exitcode=1 \
        -D_GNU_SOURCE -D__x86_64__ -DHALFSTEP_PREFIX="\"/usr/local\"" -Isrc src
}

# The same objects as a build makes, with every warning an error, by both compilers.
warnings() { # COMPILER
    $make -k BUILD="$build-$1" CC="$1" EXTRA=-Werror check-objects
}

check format format
for script in tests/lint/*.sh; do
    case ${script##*/} in check.sh | readme.sh | contributing.sh | install.sh) continue ;; esac
    check "$(basename "$script" .sh)" sh "$script" "$build"
done
check cppcheck flaws
check gcc warnings gcc
check clang warnings clang
check tidy $make -k check-tidy

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
