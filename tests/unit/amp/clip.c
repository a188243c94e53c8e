/* How clipping is set, and where its instruction stands. */
#include "amp/clip.h"

#include "amp/emit.h"

#include <criterion/criterion.h>
#include <math.h>

static void expect_printed(ClipSpec spec, const char *wanted)
{
    Text text = {0};

    clip_print(&spec, &text);
    cr_expect_str_eq(text_chars(&text), wanted);
    text_release(&text);
}

Test(clip, is_printed_as_it_is_typed)
{
    expect_printed((ClipSpec){.most = 3.0}, "off");
    expect_printed((ClipSpec){.kind = CLIP_BY_NORM, .most = 1.0}, "norm 1");
    expect_printed((ClipSpec){.kind = CLIP_BY_VALUE, .most = 0.1, .before_unscale = true},
                   "value 0.1 when=before-unscale");
}

Test(clip, takes_a_positive_number_that_fp32_holds)
{
    const double refused[] = {0.0, -1.0, (double)NAN, HUGE_VAL, 1e39};

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        cr_expect(failed(clip_check(&(ClipSpec){.kind = CLIP_BY_NORM, .most = refused[i]})));
        cr_expect_not(failed(clip_check(&(ClipSpec){.kind = CLIP_OFF, .most = refused[i]})));
    }
    cr_expect_not(failed(clip_check(&(ClipSpec){.kind = CLIP_BY_VALUE, .most = 1e38})));
}

static Program emitted(ClipSpec spec)
{
    Program program = {.batch = 1};
    Builder b = {.program = &program};
    int64_t shape[] = {3};
    ValueId weight = builder_param(&b, 1, shape, 3, "w");
    ValueId grad = builder_like(&b, weight, ROLE_WEIGHT_GRAD, FORMAT_FP32, "w.grad");

    b.phase = PHASE_BACKWARD;
    builder_emit(&b, OP_CAST, grad, weight, NO_VALUE, NO_VALUE);
    builder_grad(&b, weight, grad);
    if (spec.before_unscale)
        clip_emit(&spec, &b);
    amp_emit_unscale(&b);
    if (!spec.before_unscale)
        clip_emit(&spec, &b);
    return program;
}

Test(clip, comes_behind_unscale_or_by_mistake_before_it)
{
    Program right = emitted((ClipSpec){.kind = CLIP_BY_NORM, .most = 2.0});
    Program wrong = emitted((ClipSpec){.kind = CLIP_BY_VALUE, .most = 2.0, .before_unscale = true});
    Program none = emitted((ClipSpec){.kind = CLIP_OFF});

    cr_expect_not(failed(program_verify(&right)));
    cr_expect_not(failed(program_verify(&wrong)));
    cr_expect_eq(none.instr_count, 2);
    cr_expect_eq(right.instrs[2].op, OP_CLIP_NORM);
    cr_expect_eq(wrong.instrs[1].op, OP_CLIP_VALUE);
    cr_expect_eq(right.instrs[2].constants[CLIP_MOST], 2.0);
    cr_expect_eq(right.instrs[2].constants[CLIP_SCALED], 0.0);
    cr_expect_eq(wrong.instrs[1].constants[CLIP_SCALED], 1.0);
    cr_expect_eq(program_phase(&wrong, PHASE_UNSCALE), 1);
    program_release(&right);
    program_release(&wrong);
    program_release(&none);
}
