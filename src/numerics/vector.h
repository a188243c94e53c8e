/* How a loop becomes vectors, at the width that the processor at hand has. Private to numerics and cpu.
 *
 * VECTOR_CLONES before a function: built twice, for AVX2 and for any processor, chosen when the
 * program starts. Sanitizers cannot run the chooser, which comes before their own start.
 * INDEPENDENT before a loop: no turn reads what another wrote, also where in and out are one array.
 */
#ifndef NUMERICS_VECTOR_H
#define NUMERICS_VECTOR_H

#include <stdint.h> /* makes glibc name itself */

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#    define VECTOR_SANITIZED 1
#elif defined __has_feature
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
        __has_feature(memory_sanitizer)
#        define VECTOR_SANITIZED 1
#    endif
#endif

#if defined __x86_64__ && defined __GLIBC__ && !defined VECTOR_SANITIZED && defined __has_attribute
#    if __has_attribute(target_clones)
#        define VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#    endif
#endif
#ifndef VECTOR_CLONES
#    define VECTOR_CLONES
#endif

#ifdef __clang__
#    define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#    define INDEPENDENT _Pragma("GCC ivdep")
#endif

#endif
