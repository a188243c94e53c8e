/* A convolution as a product of matrices: each place that a kernel stands at becomes a column, and each
 * of the kernel's taps a row.
 */
#ifndef CPU_COLUMNS_H
#define CPU_COLUMNS_H

#include "program/program.h"

/* columns (taps, places) from one picture (channels, height, width); zeros where a tap is outside. */
void columns_take(const Sliding *s, const float *picture, float *columns);

/* The other way: each number of the picture becomes the sum of what its columns hold, tap by tap. */
void columns_give(const Sliding *s, const float *columns, float *picture);

#endif
