/* Unicode characters and the bytes that UTF-8 makes of them. Independent of the locale. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdint.h>

enum { RUNE_BYTES = 5, RUNE_BROKEN = 0xFFFD };

/* The next character of UTF-8 text, which moves behind it; RUNE_BROKEN for a byte that starts
 * none. 0 at the end, where `*text` stays. */
uint32_t rune_next(const char **text);

/* Writes it as UTF-8 with a NUL. Returns `bytes`. */
const char *rune_bytes(uint32_t rune, char bytes[RUNE_BYTES]);

#endif
