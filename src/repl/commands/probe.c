/* probe on|off: count what casts do. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

#include <stdio.h>

static const char *const on_off[] = {"on", "off", NULL};

static const ArgSpec probe_args[] = {
    {.name = "probe",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = on_off,
     .text = "whether casts are counted"},
    {.kind = ARG_END},
};

static const char *const probe_examples[] = {"probe off", "probe on", NULL};

static Status probe_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    char what[16];

    if (args_has(args, "probe"))
        wanted.probes = args_is(args, "probe", "on");
    snprintf(what, sizeof(what), "probe %s", wanted.probes ? "on" : "off");
    if (args_has(args, "probe"))
        return repl_apply(repl, &wanted, what);
    repl_print(repl, "%s\n", what);
    return ok();
}

const Command probe_command = {
    .name = "probe",
    .summary = "count what casts do to their values, or do not",
    .task = TASK_PRECISION,
    .args = probe_args,
    .examples = probe_examples,
    .more =
        "Counting costs time and changes no bit of the training. Without it histograms are empty "
        "and underflow(...) is none.",
    .run = probe_run,
};
