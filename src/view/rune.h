/* Unicode characters as a grid of cells sees them. Independent of the locale, so that what a panel
 * draws is the same everywhere.
 */
#ifndef VIEW_RUNE_H
#define VIEW_RUNE_H

#include "base/utf8.h"

/* Columns it takes: 2 for East Asian wide ones and emoji, 0 for marks that combine, else 1. */
int rune_width(uint32_t rune);

/* Columns that a text takes. */
int rune_columns(const char *text);

#endif
