/* master on|off: fp32 weights that are cast each step, or weights in the low format itself. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const char *const switches[] = {"on", "off", NULL};

static const ArgSpec master_args[] = {
    {.name = "master",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = switches,
     .text = "whether weights are kept in fp32 (on), or in the format of autocast"},
    {.kind = ARG_END},
};

static const char *const master_examples[] = {
    "autocast bf16; scale off; master off; show program",
    "autocast bf16; master off; train 20; print lost_updates(\"fc1.weight\")", "master on", NULL};

static void describe(const Settings *settings, const Settings *before, Text *text)
{
    settings_part(settings, SETTING_MASTER, text);
    if (settings->rounding != before->rounding) {
        text_append(text, "; ");
        settings_part(settings, SETTING_ROUND, text);
    }
}

static void tell(Repl *repl, const Settings *wanted, Format before)
{
    Format after = settings_weights(wanted);

    if (!wanted->master && after == FORMAT_FP32)
        repl_note(repl, "without a low format it has no effect: autocast fp16 or bf16 gives one");
    else if (after == before)
        return;
    else if (after == FORMAT_FP32)
        repl_note(repl, "the weights are widened to fp32, which changes no value");
    else
        repl_note(repl, "the weights are rounded to %s, and so is every update",
                  format_name(after));
}

static Status master_run(Repl *repl, Args *args)
{
    const Settings present = *session_settings(repl_session(repl));
    Settings wanted = present;
    Text what = {0};
    Status status = ok();

    if (args_has(args, "master"))
        wanted.master = args_is(args, "master", "on");
    if (wanted.master)
        wanted.rounding = ROUNDING_NEAREST;
    describe(&wanted, &present, &what);
    if (!args_has(args, "master"))
        repl_print(repl, "%s\n", text_chars(&what));
    else
        status = repl_apply(repl, &wanted, text_chars(&what));
    text_release(&what);
    if (args_has(args, "master") && !failed(status))
        tell(repl, &wanted, settings_weights(&present));
    return status;
}

const Command master_command = {
    .name = "master",
    .summary = "keep weights in fp32, or do without master weights",
    .task = TASK_PRECISION,
    .args = master_args,
    .examples = master_examples,
    .more =
        "on: weights and biases are fp32, and cast anew each step, as under PyTorch's autocast. "
        "off: "
        "they are kept in the format of autocast itself (fp16 or bf16), as after model.half() or "
        "model.bfloat16(): the optimizer reads them, computes in fp32, and rounds once when it "
        "stores "
        "(`round` says how). An update below half a unit in the last place is lost then: "
        "lost_updates(\"fc1.weight\") is the share. It may be changed while training runs: the "
        "weights "
        "are rounded, or widened. With autocast off or tf32 there is no low format, and it has no "
        "effect.",
    .run = master_run,
};
