/* autocast FORMAT [keep=] [force=]: what products are computed in, and what departs from PyTorch's policy. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

#include <string.h>

static const char *const switches[] = {"on", "off", NULL};

static const ArgSpec autocast_args[] = {
    {.name = "format",
     .kind = ARG_NAME,
     .optional = true,
     .names = NAMES_AUTOCAST,
     .shown = "off|tf32|fp16|bf16|fp8",
     .text = "the format that products take their inputs in; off: fp32"},
    {.name = "keep",
     .kind = ARG_WORD,
     .key = true,
     .names = NAMES_KEPT,
     .shown = "OP,OP...",
     .text = "operations that stay in fp32, though they would go low"},
    {.name = "force",
     .kind = ARG_WORD,
     .key = true,
     .names = NAMES_FORCED,
     .shown = "OP,OP...",
     .text = "a mistake: operations that belong in fp32 run in the low format"},
    {.name = "stable",
     .kind = ARG_CHOICE,
     .key = true,
     .choices = switches,
     .text = "off, a mistake: a forced softmax takes exp of the logits as they are"},
    {.kind = ARG_END},
};

static const char *const autocast_examples[] = {"autocast fp16",
                                                "autocast bf16; scale off",
                                                "autocast tf32; scale off; show program",
                                                "autocast fp16 keep=softmax,relu; show autocast",
                                                "autocast fp16 force=softmax stable=off",
                                                NULL};

static void describe(const Settings *settings, Text *text)
{
    settings_part(settings, SETTING_AUTOCAST, text);
    if (settings->autocast == FORMAT_FP32)
        text_append(text, " # everything in fp32");
}

/* What becomes of weights without masters. */
static void tell_weights(Repl *repl, const Settings *settings, Format before)
{
    Format after = settings_weights(settings);

    if (after == before)
        return;
    if (after == FORMAT_FP32)
        repl_note(repl,
                  "the weights are widened to fp32; `master off` has no effect until there is "
                  "a low format again");
    else
        repl_note(repl, "the weights are rounded to %s, for master is off", format_name(after));
}

static void hint(Repl *repl, const Settings *settings)
{
    bool scaled = settings->scaler.mode != SCALE_OFF;
    bool unscaled_fp8 =
        format_is_fp8(settings->autocast) && settings->fp8.scaling == FP8_SCALING_NONE;

    if (settings->autocast == FORMAT_FP16 && !scaled)
        repl_note(repl,
                  "small gradients underflow in fp16 without a loss scale; try `scale dynamic`");
    else if (settings->autocast != FORMAT_FP16 && scaled && !unscaled_fp8)
        repl_note(repl, "%s needs no loss scale; `scale off` turns it off",
                  format_step_name(settings->autocast));
}

static void tell_needless(Repl *repl, const Policy *policy)
{
    for (int i = 0; policy_table[i].name != NULL; i++)
        if (policy->keep >> i & 1 && !policy_table[i].keeps)
            repl_note(repl, "%s is in fp32 by itself: keep= changes nothing there",
                      policy_table[i].name);
}

/* A format states the whole: what is kept and forced beside it is what is typed beside it. */
static Status take_format(Args *args, Settings *wanted)
{
    const char *format = args_text(args, "format");
    Text line = {0};
    Status status;

    if (format == NULL)
        return ok();
    args_blame(args, "format");
    text_printf(&line, "autocast %s", strcmp(format, "off") == 0 ? "fp32" : format);
    status = settings_read_part(text_chars(&line), wanted);
    text_release(&line);
    return status;
}

static Status take_policy(Args *args, Settings *wanted)
{
    Policy *policy = &wanted->policy;

    if (args_has(args, "keep")) {
        args_blame(args, "keep");
        TRY(policy_parse(args_text(args, "keep"), false, &policy->keep));
    }
    if (args_has(args, "force")) {
        args_blame(args, "force");
        TRY(policy_parse(args_text(args, "force"), true, &policy->force));
        policy->unstable = false;
    }
    if (args_has(args, "stable")) {
        args_blame(args, "stable");
        policy->unstable = args_is(args, "stable", "off");
    }
    return ok();
}

static Status autocast_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    Format weights = settings_weights(&wanted);
    Text what = {0};
    Status status = ok();

    TRY(take_format(args, &wanted));
    TRY(take_policy(args, &wanted));
    describe(&wanted, &what);
    if (args_empty(args))
        repl_print(repl, "%s\n", text_chars(&what));
    else
        status = repl_apply(repl, &wanted, text_chars(&what));
    text_release(&what);
    if (args_has(args, "keep") && !failed(status))
        tell_needless(repl, &wanted.policy);
    if (args_has(args, "format") && !failed(status)) {
        tell_weights(repl, &wanted, weights);
        hint(repl, &wanted);
    }
    return status;
}

const Command autocast_command = {
    .name = "autocast",
    .summary = "choose the format that products are computed in",
    .task = TASK_PRECISION,
    .args = autocast_args,
    .examples = autocast_examples,
    .more =
        "Weights stay in fp32 and are cast anew each step, as in PyTorch (but for `master off`). "
        "It may be changed while "
        "training runs: the weights are kept. tf32 is what tensor cores make of fp32: operands of "
        "products are rounded to 10 bits of mantissa, results stay fp32. `show program` lists "
        "every cast, `show autocast` which operation runs in which format.\n"
        "keep=softmax,gelu holds operations in fp32 that would go low. force= makes a mistake: "
        "what "
        "PyTorch runs in fp32 is computed in the low format, and each operation within it is "
        "rounded. layernorm then loses rows whose squares overflow, and softmax the small parts of "
        "its sums; with stable=off exp of logits above 11 overflows fp16, and the row is nan. "
        "`none` "
        "ends either, and so does a format that is typed without them.",
    .run = autocast_run,
};
