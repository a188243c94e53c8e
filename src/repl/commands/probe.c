/* probe SET: count what casts do, everywhere or to gradients only. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const ArgSpec probe_args[] = {
    {.name = "probe",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = probe_set_names,
     .text =
         "which casts are counted: all, those of parameters' gradients, of all gradients, all and "
         "updates, none"},
    {.kind = ARG_END},
};

static const char *const probe_examples[] = {"probe off", "probe weight-grads; show program",
                                             "probe on", NULL};

static Status probe_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));

    for (int set = 0; probe_set_names[set] != NULL; set++)
        if (args_is(args, "probe", probe_set_names[set]))
            wanted.probes = (ProbeSet)set;
    return repl_take(repl, args, &wanted, SETTING_PROBE);
}

const Command probe_command = {
    .name = "probe",
    .summary = "choose which casts are counted",
    .task = TASK_PRECISION,
    .args = probe_args,
    .examples = probe_examples,
    .more =
        "on: every cast. weight-grads: what is stored as the gradient of a parameter. grads: that "
        "and "
        "the gradients of activations. updates: every cast, and how far a step moves each "
        "parameter (fc1.weight.update, as the autocast format would hold it) and which updates "
        "change no "
        "bit of it (lost_updates). off: nothing. "
        "Counting costs time and changes no bit of the "
        "training. What is not counted has no histogram, its underflow(...) is none, and `why` "
        "cannot "
        "name it.",
    .run = probe_run,
};
