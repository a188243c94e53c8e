/* The exponents of one tensor before its cast, over the zones of the format it is stored in: the parts
 * that panels put together.
 */
#ifndef VIEW_HISTOGRAM_H
#define VIEW_HISTOGRAM_H

#include "view/bins.h"
#include "view/panel.h"

typedef struct Histogram {
    const TensorFacts *tensor;
    Bins bins; /* of stored exponents */
    int shift; /* what is added to a stored exponent to show it */
    bool linear;
} Histogram;

enum { HISTOGRAM_GUTTER = 5 }; /* columns of the axis of counts */

/* The range of the format on so many columns; of a wide one as much as fp16 has and all but a thousandth
 * of the values need. The outermost columns hold what lies beyond. */
Bins histogram_bins(const TensorFacts *tensor, int columns);

/* The histogram of one run of the scene. Two runs share one axis of shown exponents, which holds the
 * ranges of both. `tensor` must be of the left run where `right` is false. */
Histogram histogram_of(const Scene *scene, bool right, const Gaze *gaze, const TensorFacts *tensor,
                       int columns);

/* The tensor of that run which is in focus: two runs show the same. NULL: it has none. */
const TensorFacts *histogram_focus(const Scene *scene, bool right, const Gaze *gaze);

/* Over all of the plot, whose columns are those of the bins. */
void histogram_bars(const Histogram *histogram, Canvas *plot);

/* Labels 1, 10, 100, 1k ... where a bar of so many values ends, on rows `row` to `row` + `rows` - 1. */
void histogram_gutter(const Histogram *histogram, int row, int rows, Canvas *canvas);

/* A letter a column, and the names of the zones where they have room; column 0 is at `col`. */
void histogram_zones(const Histogram *histogram, int row, int col, Canvas *canvas);

/* The edges of the format, then round exponents as there is room. */
void histogram_ticks(const Histogram *histogram, int row, int col, Canvas *canvas);

Style histogram_style(Zone zone);

#endif
