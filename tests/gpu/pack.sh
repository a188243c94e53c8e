#!/bin/sh
# Gathers into BUILD/lib the shared libraries that halfstep and the GPU's tests need, so that BUILD can
# be carried to a machine that lacks them: sh tests/gpu/pack.sh BUILD [WITHOUT]
#
# Not the C library, nor CUDA's. WITHOUT: a regular expression of names that the other machine has.
# There, LD_LIBRARY_PATH=BUILD/lib finds them; tests/gpu/run.sh sets it.
set -eu
cd "$(dirname "$0")/../.."

build=${1:?usage: sh tests/gpu/pack.sh BUILD [WITHOUT]}
basics='linux-vdso|ld-linux|libc\.so|libm\.so|libdl\.so|libpthread\.so|librt\.so|libgcc_s|libstdc\+\+|libcuda|libcublas|libnv'
most=40960 # KiB

rm -rf "$build/lib"
mkdir -p "$build/lib"
for program in "$build/halfstep" "$build/halfstep-cuda.so" "$build"/tests/gpu/*; do
    case $program in *.o | *.d) continue ;; esac
    [ ! -f "$program" ] || ldd "$program"
done | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
    grep -vE "/($basics)" | grep -vE "${2:-^\$}" | while read -r library; do
    cp -L "$library" "$build/lib/"
done || true

missing=$(for program in "$build/halfstep" "$build"/tests/gpu/*; do
    case $program in *.o | *.d) continue ;; esac
    ldd "$program"
done | grep 'not found' | sort -u || true)
[ -z "$missing" ] || {
    echo "not to be found here:"
    echo "$missing"
    exit 1
}
size=$(du -sk "$build/lib" | cut -f1)
echo "$build/lib: $(find "$build/lib" -type f | wc -l) libraries, $size KiB"
[ "$size" -le "$most" ] || {
    echo "more than $most KiB; leave out what the other machine has: sh tests/gpu/pack.sh $build 'openblas|gfortran|quadmath'"
    exit 1
}
