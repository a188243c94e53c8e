#!/bin/sh
# Fails where a library is included anywhere but at its single door. Tests are free.
set -eu
cd "$(dirname "$0")/../.."

includes=$(grep -rHnE '^ *# *include *<' --include='*.[ch]' --include='*.cu' --include='*.cuh' src cuda || true)
bad=0

door() { # LIBRARY HEADERS DOORS: extended regular expressions for header names and files
    inside=$(printf '%s\n' "$includes" | grep -E "<($2)>" | grep -vE "^($3):" || true)
    [ -z "$inside" ] && return
    printf '%s\n' "$inside" | sed "s|\$|: $1 has one door|"
    bad=1
}

door ncurses '(ncursesw?/)?(n?curses|term|panel|form|menu)\.h' 'src/view/(screen|terminfo)\.c'
door readline 'readline/.*' 'src/repl/line(_inside)?\.c'
door CUDA '(cuda|cublas|nv|curand|cooperative_groups|driver_types).*' 'cuda/[^:]*'
door dlfcn 'dlfcn\.h' 'src/program/registry\.c'
door Lua '(lua5\.4/)?(lua|lauxlib|lualib|luaconf)\.h' 'src/telemetry/(expr|sandbox[a-z_]*)\.[ch]'
door CBLAS '(openblas/)?(cblas|f77blas|lapacke?|openblas_config)\.h' 'src/cpu/matmul\.c'
exit $bad
