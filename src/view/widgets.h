/* What panels are drawn with. Fractions run from 0 (bottom) to 1 (top) and are clamped; nan means
 * nothing is there. Where the canvas takes ASCII only, each has a coarser form.
 */
#ifndef VIEW_WIDGETS_H
#define VIEW_WIDGETS_H

#include "telemetry/snapshot.h"
#include "view/canvas.h"

/* A panel's first row: a rule with its title, `left` behind it and `right` at the end. Where there
 * is little room `left` loses phrases (they end in ; or , or two spaces); where that does not do,
 * `right` is left out. Either may be "". Returns whether `right` is there. */
bool widget_heading(Canvas *canvas, const char *title, const char *left, const char *right);

/* A bar over the whole height of `plot`, in steps of an eighth of a cell. Any fraction above 0
 * shows. */
void widget_bar(Canvas *plot, int col, double fraction, Style style);

/* One fraction a column, as a line of Braille dots or quadrants, two points to a column. Dots join
 * those that are there already; `dashed`: every other pair of columns is left out. */
void widget_curve(Canvas *plot, const double *fractions, bool dashed, Style style);

/* One fraction a column, as a line with corners. */
void widget_stairs(Canvas *plot, const double *fractions, Style style);

/* An upright line in a column, behind whatever is drawn there already. */
void widget_span(Canvas *plot, int col, double low, double high, Style style);

/* An axis at the left of `canvas`: a rule in column `width` - 1 over `rows` rows from `row`. */
void widget_axis(Canvas *canvas, int row, int rows, int width);

/* An upright rule over all rows between two runs. */
void widget_divider(Canvas *canvas, int col);

/* Text broken at spaces, later lines set in by two columns. Returns the rows it takes; draws on
 * the canvas from `row` unless it is NULL: as much as there is room for, with a sign that there is more. */
int widget_wrapped(Canvas *canvas, int row, int cols, Style style, const char *text);

/* `text` from `row` 1 on, in place of a picture. */
void widget_notice(Canvas *canvas, Style style, const char *text);

/* Why a tensor has no counts to show, or, for NULL, why none has: no step was taken with these
 * settings, it is not among what is probed, or nothing casts it. */
void widget_uncounted(const Snapshot *snapshot, const TensorFacts *tensor, Canvas *canvas);

#endif
