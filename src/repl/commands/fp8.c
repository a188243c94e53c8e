/* fp8 scaling none|current|delayed: how the casts of autocast fp8 are scaled. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const char *const words[] = {"scaling", NULL};
static const char *const forward_formats[] = {"e4m3", NULL};
static const char *const backward_formats[] = {"e5m2", "e4m3", NULL};

static const ArgSpec fp8_args[] = {
    {.name = "word",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = words,
     .shown = "scaling",
     .text = "how casts are scaled"},
    {.name = "scaling",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = fp8_scaling_names,
     .with = words,
     .shown = "none|current|delayed",
     .text = "by 1, by what amax is now, or by what it was of late"},
    {.name = "history",
     .kind = ARG_COUNT,
     .key = true,
     .least = 1,
     .most = FP8_MOST_HISTORY,
     .text = "delayed: steps whose amax is remembered"},
    {.name = "margin",
     .kind = ARG_COUNT,
     .key = true,
     .least = 0,
     .most = FP8_MOST_MARGIN,
     .text = "delayed: powers of two left above the largest of them"},
    {.name = "forward",
     .kind = ARG_CHOICE,
     .key = true,
     .choices = forward_formats,
     .text = "the format of activations and weights: e4m3"},
    {.name = "backward",
     .kind = ARG_CHOICE,
     .key = true,
     .choices = backward_formats,
     .text = "the format of gradients"},
    {.kind = ARG_END},
};

static const char *const fp8_examples[] = {
    "autocast fp8; scale off; train 20; show autocast",
    "fp8 scaling current",
    "fp8 scaling delayed history=16 margin=1",
    "autocast fp8; fp8 scaling none backward=e4m3; scale off; train 20; show tensors",
    NULL,
};

static Status take_scaling(Args *args, Fp8Spec *spec)
{
    if (!args_has(args, "word"))
        return ok();
    args_blame(args, "word");
    if (!args_has(args, "scaling"))
        return fail(STATUS_USAGE, "fp8 scaling lacks its kind; try fp8 scaling delayed");
    args_blame(args, "scaling");
    TRY(fp8_scaling_parse(args_text(args, "scaling"), &spec->scaling));
    if (spec->scaling != FP8_SCALING_DELAYED)
        spec->margin = 0;
    return ok();
}

static Status take_numbers(Args *args, Fp8Spec *spec)
{
    spec->history = args_count(args, "history", spec->history);
    spec->margin = args_count(args, "margin", spec->margin);
    args_blame(args, "backward");
    if (args_has(args, "backward"))
        TRY(fp8_backward_parse(args_text(args, "backward"), &spec->backward));
    args_blame(args, "margin");
    return fp8_check(spec);
}

static bool same(const Fp8Spec *a, const Fp8Spec *b)
{
    return a->scaling == b->scaling && a->history == b->history && a->margin == b->margin &&
           a->backward == b->backward;
}

static Status fp8_run(Repl *repl, Args *args)
{
    const Fp8Spec before = session_settings(repl_session(repl))->fp8;
    Settings wanted = *session_settings(repl_session(repl));
    Text what = {0};
    Status status = ok();

    TRY(take_scaling(args, &wanted.fp8));
    TRY(take_numbers(args, &wanted.fp8));
    settings_part(&wanted, SETTING_FP8, &what);
    if (args_empty(args))
        repl_print(repl, "%s\n", text_chars(&what));
    else
        status = repl_apply(repl, &wanted, text_chars(&what));
    text_release(&what);
    if (!failed(status) && !same(&before, &wanted.fp8) && !format_is_fp8(wanted.autocast))
        repl_note(repl, "it has no effect until `autocast fp8`");
    return status;
}

const Command fp8_command = {
    .name = "fp8",
    .summary = "choose how the casts of autocast fp8 are scaled",
    .task = TASK_PRECISION,
    .args = fp8_args,
    .examples = fp8_examples,
    .more =
        "A cast to fp8 multiplies by a scale of its own, so that the largest magnitude becomes the "
        "format's largest number, and the product divides it out again. current looks at the "
        "tensor "
        "itself; delayed, TransformerEngine's DelayedScaling, at the largest amax of the last "
        "`history` steps, which costs no second look, and clips what is suddenly larger; none "
        "casts "
        "as it is. What is beyond the largest number is clamped there, and counted as overflow.\n"
        "A step that is skipped joins the histories all the same, as in TransformerEngine. "
        "`show autocast` lists scales and amax, and fp8_scale(\"fc1.weight\") is one of them.",
    .run = fp8_run,
};
