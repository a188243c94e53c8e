/* maxpool: out = the largest of a window; backward: din = dout where that stood, else 0
 *
 *   in, din (n, c, h, w), out, dout (n, c, h / side, w / side); exact in any format
 *
 * Of several that are the largest the first, row by row, has the gradient; a nan is larger than all, and
 * the last of them counts. Source: aten/src/ATen/native/cuda/DilatedMaxPool2d.cu.
 */
#include "cpu/plan.h"

#include "cpu/windows.h"

#include <math.h>

/* Where the largest number of window `i` lies. */
static int64_t place_of(const Windows *w, const float *in, int64_t i)
{
    int64_t corner = window_corner(w, i), best = corner;

    for (int64_t y = 0; y < w->side; y++)
        for (int64_t x = 0; x < w->side; x++) {
            int64_t at = corner + y * w->width + x;

            if (in[at] > in[best] || isnan(in[at]))
                best = at;
        }
    return best;
}

static void forward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *out)
{
    Windows windows = windows_of(plan, instr, instr->in[0], instr->out);
    const float *in = plan_in(plan, instr, 0);

    for (int64_t i = 0; i < count; i++)
        out[i] = in[place_of(&windows, in, first + i)];
}

static void backward(const Plan *plan, const Instr *instr, int64_t first, int64_t count, float *din)
{
    Windows windows = windows_of(plan, instr, instr->out, instr->in[0]);
    const float *dout = plan_in(plan, instr, 0), *in = plan_in(plan, instr, 1);

    for (int64_t i = 0; i < count; i++) {
        int64_t window = window_around(&windows, first + i);
        bool largest = window >= 0 && place_of(&windows, in, window) == first + i;

        din[i] = largest ? dout[window] : 0.0f;
    }
}

void cpu_maxpool(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, forward);
}

void cpu_maxpool_backward(Plan *plan, const Instr *instr)
{
    cpu_map(plan, instr, backward);
}
