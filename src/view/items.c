#include "view/items.h"

#include "view/rune.h"

#include <stdarg.h>
#include <stdio.h>

enum { ROW_GAP = 2, FLOW_GAP = 3, CUT = 0x2026 };

void items_add(Items *items, int rank, Style style, const char *fmt, ...)
{
    Item *item = &items->items[items->count];
    va_list args;

    if (items->count >= ITEM_COUNT)
        return;
    items->count++;
    item->rank = rank;
    item->style = style;
    va_start(args, fmt);
    vsnprintf(item->text, sizeof item->text, fmt, args);
    va_end(args);
}

/* In the order of rank, whatever still fits; the very first in any case. */
static void choose(const Items *items, int cols, bool chosen[ITEM_COUNT])
{
    bool any = false;

    for (int rank = 0; rank < ITEM_COUNT; rank++) {
        for (int i = 0; i < items->count; i++) {
            int width = rune_columns(items->items[i].text) + (any ? ROW_GAP : 0);

            if (items->items[i].rank != rank || (any && width > cols))
                continue;
            chosen[i] = any = true;
            cols -= width;
        }
    }
}

void items_row(const Items *items, Canvas *canvas, int row)
{
    bool chosen[ITEM_COUNT] = {false};
    int col = 0;

    choose(items, canvas_cols(canvas), chosen);
    for (int i = 0; i < items->count; i++) {
        const Item *item = &items->items[i];

        if (chosen[i])
            col = canvas_print(canvas, row, col, item->style, "%s", item->text) + ROW_GAP;
    }
}

/* What has no row is missed behind the last one that has. */
static void draw_cut(int col, Canvas *canvas)
{
    int last = canvas_cols(canvas) - 1;

    canvas_put(canvas, canvas_rows(canvas) - 1, col < last ? col : last, STYLE_DIM,
               canvas_glyphs(canvas) == GLYPHS_ASCII ? '~' : CUT);
}

/* Draws on `canvas` unless it is NULL; returns the rows taken. */
static int flow(const Items *items, int cols, Canvas *canvas)
{
    int row = 0, col = 0;

    for (int i = 0; i < items->count; i++) {
        const Item *item = &items->items[i];
        int width = rune_columns(item->text);

        if (col > 0 && col + width > cols) {
            if (canvas != NULL && row == canvas_rows(canvas) - 1)
                draw_cut(col, canvas);
            row++;
            col = 0;
        }
        if (canvas != NULL)
            canvas_print(canvas, row, col, item->style, "%s", item->text);
        col += width + FLOW_GAP;
    }
    return items->count > 0 ? row + 1 : 0;
}

int items_lines(const Items *items, int cols)
{
    return flow(items, cols, NULL);
}

void items_flow(const Items *items, Canvas *canvas)
{
    (void)flow(items, canvas_cols(canvas), canvas);
}
