#include "amp/fp8.h"

#include <string.h>

Fp8Spec fp8_spec_default(void)
{
    return (Fp8Spec){.scaling = FP8_SCALING_DELAYED, .history = 16, .backward = FORMAT_E5M2};
}

Status fp8_check(const Fp8Spec *spec)
{
    if (spec->history < 1 || spec->history > FP8_MOST_HISTORY)
        return fail(STATUS_USAGE, "a history has 1 to %d steps; try history=16", FP8_MOST_HISTORY);
    if (spec->margin < 0 || spec->margin > FP8_MOST_MARGIN)
        return fail(STATUS_USAGE, "a margin is 0 to %d powers of two; try margin=0",
                    FP8_MOST_MARGIN);
    if (spec->margin > 0 && spec->scaling != FP8_SCALING_DELAYED)
        return fail(STATUS_USAGE,
                    "a margin is what delayed scaling leaves for values that grow; say "
                    "fp8 scaling delayed margin=1");
    if (!format_is_fp8(spec->backward))
        return fail(STATUS_USAGE, "gradients are cast to e5m2 or e4m3; try backward=e5m2");
    return ok();
}

void fp8_print(const Fp8Spec *spec, Text *text)
{
    const Fp8Spec usual = fp8_spec_default();

    text_printf(text, "scaling %s", fp8_scaling_names[spec->scaling]);
    if (spec->history != usual.history)
        text_printf(text, " history=%lld", (long long)spec->history);
    if (spec->margin != usual.margin)
        text_printf(text, " margin=%lld", (long long)spec->margin);
    if (spec->backward != usual.backward)
        text_printf(text, " backward=%s", format_name(spec->backward));
}

Status fp8_scaling_parse(const char *name, Fp8Scaling *scaling)
{
    for (int i = 0; fp8_scaling_names[i] != NULL; i++)
        if (strcmp(fp8_scaling_names[i], name) == 0) {
            *scaling = (Fp8Scaling)i;
            return ok();
        }
    return fail(STATUS_USAGE, "fp8 scaling is none, current or delayed, not '%.20s'", name);
}

Status fp8_backward_parse(const char *name, Format *format)
{
    Format parsed;

    if (failed(format_parse(name, &parsed)) || !format_is_fp8(parsed))
        return fail(STATUS_USAGE, "gradients are cast to e5m2 or e4m3, not '%.20s'", name);
    *format = parsed;
    return ok();
}
