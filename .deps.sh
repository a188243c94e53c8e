#!/bin/sh
# What halfstep needs to be built, tested and checked. Says what is missing and installs it.
#
#   sh .deps.sh build|test|check    installs with apt, after saying so
#   sh .deps.sh look build          only says what is missing; fails where anything is
set -eu

only_look=
if [ "${1-}" = look ]; then
    only_look=yes
    shift
fi
goal=${1:?usage: sh .deps.sh [look] build|test|check}
cc=${CC:-cc}

has() {
    command -v "$1" >/dev/null 2>&1
}

# The compiler alone is not enough: it comes without the C library's headers on some machines.
compiles() {
    # shellcheck disable=SC2086 # "ccache gcc" is two words
    has "${1%% *}" && printf '#include <stdio.h>\n' | $1 -x c -fsyntax-only - 2>/dev/null
}

library() {
    has pkg-config && pkg-config --exists "$@" 2>/dev/null
}

lua() {
    for name in lua5.4 lua-5.4 lua54 lua; do
        library "$name >= 5.4 $name < 5.5" && return
    done
    return 1
}

missing=
want() { # PACKAGES that bring it, then the probe
    packages=$1
    shift
    "$@" && return
    for package in $packages; do
        case " $missing " in
        *" $package "*) ;;
        *) missing="$missing $package" ;;
        esac
    done
}

look() {
    missing=
    case $cc in
    clang* | gcc-*) want "$cc libc6-dev" compiles "$cc" ;;
    *) want "gcc libc6-dev" compiles "$cc" ;;
    esac
    want make has make
    want pkg-config has pkg-config
    want libncurses-dev library ncursesw
    want libreadline-dev library readline
    want libopenblas-dev library openblas
    want zlib1g-dev library zlib
    want liblua5.4-dev lua
    [ "$goal" = build ] && return
    want libcriterion-dev library criterion
    want libvterm-dev library vterm
    want tmux has tmux
    [ "$goal" = test ] && return
    want gcc compiles gcc
    want clang compiles clang
    want clang-format-14 has clang-format-14
    want clang-tidy-14 has clang-tidy-14
    want cppcheck has cppcheck
}

give_up() {
    echo "halfstep: $1" >&2
    exit 1
}

look
[ -n "$missing" ] || exit 0
[ -z "$only_look" ] ||
    give_up "missing packages:$missing (\`make run\` installs them on Debian and Ubuntu)"
has apt-get ||
    give_up "missing packages, by their names in Debian:$missing; install them with this system's package manager, since it has no apt-get"

sudo=
if [ "$(id -u)" != 0 ]; then
    has sudo || give_up "missing packages:$missing; ask someone who is root to run \`apt-get install$missing\`, since there is no sudo here"
    sudo=sudo
    [ "${CI:-}" != true ] || sudo="sudo -n"
fi

echo "halfstep: missing packages:$missing"
echo "halfstep: installing them with: ${sudo:+$sudo }apt-get install$missing"
apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q"
# shellcheck disable=SC2086 # the words are meant to be split, here and below
$apt update || echo "halfstep: the lists of packages could not be refreshed; trying with the old ones"
# shellcheck disable=SC2086
$apt install -y --no-install-recommends $missing ||
    give_up "apt-get could not install$missing (its reason is above)"
look
[ -z "$missing" ] || give_up "installed, but still not found:$missing"
