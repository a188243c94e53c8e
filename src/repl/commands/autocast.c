/* autocast FORMAT: what products are computed in. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

#include <string.h>

static const ArgSpec autocast_args[] = {
    {.name = "format",
     .kind = ARG_NAME,
     .optional = true,
     .names = NAMES_AUTOCAST,
     .shown = "off|tf32|fp16|bf16",
     .text = "the format that products take their inputs in; off: fp32"},
    {.kind = ARG_END},
};

static const char *const autocast_examples[] = {"autocast fp16", "autocast bf16; scale off",
                                                "autocast tf32; scale off; show program", NULL};

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

    if (settings->autocast == FORMAT_FP16 && !scaled)
        repl_note(repl,
                  "small gradients underflow in fp16 without a loss scale; try `scale dynamic`");
    else if (settings->autocast != FORMAT_FP16 && scaled)
        repl_note(repl, "%s needs no loss scale; `scale off` turns it off",
                  format_name(settings->autocast));
}

static Status autocast_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    Format weights = settings_weights(&wanted);
    const char *format = args_text(args, "format");
    Text what = {0};
    Status status = ok();

    args_blame(args, "format");
    if (format != NULL && strcmp(format, "off") == 0)
        wanted.autocast = FORMAT_FP32;
    else if (format != NULL)
        TRY(format_parse(format, &wanted.autocast));
    describe(&wanted, &what);
    if (format == NULL)
        repl_print(repl, "%s\n", text_chars(&what));
    else
        status = repl_apply(repl, &wanted, text_chars(&what));
    text_release(&what);
    if (format != NULL && !failed(status)) {
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
        "every "
        "cast.",
    .run = autocast_run,
};
