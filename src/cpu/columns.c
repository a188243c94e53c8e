#include "cpu/columns.h"

#include <string.h>

/* One tap of the kernel: its channel, and where it lies from a place's corner. */
typedef struct Tap {
    int64_t channel, down, right;
} Tap;

static Tap tap_of(const Sliding *s, int64_t i)
{
    int64_t square = s->kernel * s->kernel;

    return (Tap){i / square, i % square / s->kernel - s->pad, i % s->kernel - s->pad};
}

/* The row of the picture that this tap touches from row `y` of places; NULL: none. */
static const float *row_of(const Sliding *s, Tap tap, const float *picture, int64_t y)
{
    int64_t row = y * s->stride + tap.down;

    if (row < 0 || row >= s->height)
        return NULL;
    return picture + (tap.channel * s->height + row) * s->width;
}

static void take_row(const Sliding *s, Tap tap, const float *row, float *columns)
{
    for (int64_t x = 0; x < s->out_width; x++) {
        int64_t at = x * s->stride + tap.right;

        columns[x] = row == NULL || at < 0 || at >= s->width ? 0.0f : row[at];
    }
}

static void give_row(const Sliding *s, Tap tap, const float *columns, float *row)
{
    for (int64_t x = 0; x < s->out_width && row != NULL; x++) {
        int64_t at = x * s->stride + tap.right;

        if (at >= 0 && at < s->width)
            row[at] += columns[x];
    }
}

void columns_take(const Sliding *s, const float *picture, float *columns)
{
    for (int64_t i = 0; i < sliding_taps(s); i++) {
        Tap tap = tap_of(s, i);

        for (int64_t y = 0; y < s->out_height; y++, columns += s->out_width)
            take_row(s, tap, row_of(s, tap, picture, y), columns);
    }
}

void columns_give(const Sliding *s, const float *columns, float *picture)
{
    memset(picture, 0, (size_t)(s->channels * s->height * s->width) * sizeof *picture);
    for (int64_t i = 0; i < sliding_taps(s); i++) {
        Tap tap = tap_of(s, i);

        for (int64_t y = 0; y < s->out_height; y++, columns += s->out_width)
            give_row(s, tap, columns, (float *)row_of(s, tap, picture, y));
    }
}
