/* clip norm N | value N | off [when=]: hold gradients down before the optimizer reads them. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

#include <string.h>

static const char *const kinds[] = {"norm", "value", NULL};

static const ArgSpec clip_args[] = {
    {.name = "clip",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = clip_kind_names,
     .shown = "norm|value|off",
     .text = "by the norm of all gradients together, or each number by itself"},
    {.name = "value",
     .kind = ARG_NUMBER,
     .optional = true,
     .least = 1e-30,
     .most = 1e30,
     .shown = "N",
     .text = "the largest norm, or magnitude"},
    {.name = "when",
     .kind = ARG_CHOICE,
     .key = true,
     .choices = clip_when_names,
     .with = kinds,
     .text = "before-unscale, a mistake: the scaled gradients are clipped"},
    {.kind = ARG_END},
};

static const char *const clip_examples[] = {
    "clip norm 1; train 20; print clip_coef, grad_norm",
    "clip value 0.01",
    "clip norm 1.0 when=before-unscale",
    "clip off",
    NULL,
};

static Status take_kind(Args *args, ClipSpec *spec)
{
    int kind = 0;

    while (!args_is(args, "clip", clip_kind_names[kind]))
        kind++;
    *spec = (ClipSpec){.kind = (ClipKind)kind, .most = args_number(args, "value", 0.0)};
    args_blame(args, kind == CLIP_OFF ? "value" : "clip");
    if (kind != CLIP_OFF && !args_has(args, "value"))
        return fail(STATUS_USAGE, "clip %s lacks its number; try clip %s 1", clip_kind_names[kind],
                    clip_kind_names[kind]);
    if (kind == CLIP_OFF && args_has(args, "value"))
        return fail(STATUS_USAGE, "a number belongs to clip norm and value; leave it out here");
    return ok();
}

static Status take_when(Args *args, ClipSpec *spec)
{
    if (!args_has(args, "when"))
        return ok();
    args_blame(args, "when");
    if (spec->kind == CLIP_OFF)
        return fail(STATUS_USAGE,
                    "nothing is clipped, so there is no when; try clip norm 1 when=%s",
                    args_text(args, "when"));
    spec->before_unscale = args_is(args, "when", clip_when_names[1]);
    return ok();
}

static Status clip_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));

    if (args_has(args, "clip"))
        TRY(take_kind(args, &wanted.clip));
    TRY(take_when(args, &wanted.clip));
    args_blame(args, "value");
    TRY(clip_check(&wanted.clip));
    return repl_take(repl, args, &wanted, SETTING_CLIP);
}

const Command clip_command = {
    .name = "clip",
    .summary = "hold gradients down before the optimizer reads them",
    .task = TASK_PRECISION,
    .args = clip_args,
    .examples = clip_examples,
    .more = "norm is torch.nn.utils.clip_grad_norm_: all gradients are multiplied by min(1, N / "
            "(norm + 1e-6)); value is clip_grad_value_: each number is held between -N and N. They "
            "are unscaled first, as PyTorch's notes on AMP say; with when=before-unscale N meets "
            "gradients that are larger by the loss scale. grad_norm is the norm before clipping.",
    .run = clip_run,
};
