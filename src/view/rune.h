/* Unicode characters as a grid of cells sees them. Independent of the locale, so that what a panel
 * draws is the same everywhere.
 */
#ifndef VIEW_RUNE_H
#define VIEW_RUNE_H

#include <stdint.h>

enum { RUNE_BYTES = 5, RUNE_BROKEN = 0xFFFD };

/* The next character of UTF-8 text, which moves behind it; RUNE_BROKEN for a byte that starts
 * none. 0 at the end, where `*text` stays. */
uint32_t rune_next(const char **text);

/* Columns it takes: 2 for East Asian wide ones and emoji, 0 for marks that combine, else 1. */
int rune_width(uint32_t rune);

/* Writes it as UTF-8 with a NUL. Returns `bytes`. */
const char *rune_bytes(uint32_t rune, char bytes[RUNE_BYTES]);

#endif
