#include "amp/clip.h"

#include "base/number.h"

#include <math.h>

const char *const clip_kind_names[] = {
    [CLIP_OFF] = "off",
    [CLIP_BY_NORM] = "norm",
    [CLIP_BY_VALUE] = "value",
    [CLIP_BY_VALUE + 1] = NULL,
};

const char *const clip_when_names[] = {"after-unscale", "before-unscale", NULL};

Status clip_check(const ClipSpec *spec)
{
    if (spec->kind == CLIP_OFF || (spec->most > 0.0 && isfinite((float)spec->most)))
        return ok();
    return fail(STATUS_USAGE, "gradients are clipped to a number above 0 that fp32 holds; try clip "
                              "norm 1");
}

void clip_print(const ClipSpec *spec, Text *text)
{
    char number[NUMBER_TEXT];

    text_append(text, clip_kind_names[spec->kind]);
    if (spec->kind == CLIP_OFF)
        return;
    text_printf(text, " %s", number_shortest(spec->most, number));
    if (spec->before_unscale)
        text_printf(text, " when=%s", clip_when_names[1]);
}

void clip_emit(const ClipSpec *spec, Builder *builder)
{
    Instr *instr;

    if (spec->kind == CLIP_OFF)
        return;
    builder->phase = PHASE_CLIP;
    instr = builder_emit(builder, spec->kind == CLIP_BY_NORM ? OP_CLIP_NORM : OP_CLIP_VALUE,
                         NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE);
    instr->constants[CLIP_MOST] = spec->most;
    instr->constants[CLIP_SCALED] = spec->before_unscale;
}
