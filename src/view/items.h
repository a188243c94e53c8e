/* Short texts in a row, of which the less important give way where there is no room. */
#ifndef VIEW_ITEMS_H
#define VIEW_ITEMS_H

#include "view/canvas.h"

enum { ITEM_TEXT = 96, ITEM_COUNT = 12 };

typedef struct Item {
    char text[ITEM_TEXT];
    Style style;
    int rank; /* 0 stays longest */
} Item;

typedef struct Items {
    int count;
    Item items[ITEM_COUNT];
} Items;

/* Beyond ITEM_COUNT they are dropped. */
void items_add(Items *items, int rank, Style style, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* On one row, two spaces apart, in the order added: those of them that fit when the lowest ranks
 * choose first. One is there in any case, cut if need be. Ranks are below ITEM_COUNT. */
void items_row(const Items *items, Canvas *canvas, int row);

/* On as many rows as it takes, three spaces apart, broken between items. */
int items_lines(const Items *items, int cols);
void items_flow(const Items *items, Canvas *canvas);

#endif
