/* phase [end|drop] [--csv]: the next phase of the step under way, or all that are left. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phase_steps.h"
#include "train/phases.h"

static const char *const phase_choices[] = {"end", "drop", NULL};

static const ArgSpec phase_args[] = {
    {.name = "what",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = phase_choices,
     .text = "end: all that are left; drop: forget the step, while no weight has moved"},
    {.name = "csv", .kind = ARG_FLAG, .text = "one line for each number, to be read by programs"},
    {.kind = ARG_END},
};

static const char *const phase_examples[] = {
    "step --phases; phase; phase; show program",
    "step --phases; phase end --csv",
    "step --phases; phase drop",
    NULL,
};

static Status phase_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);

    if (!session_in_step(session))
        return fail(STATUS_USAGE, "no step is under way; step --phases begins one");
    if (!args_is(args, "what", "drop"))
        return phase_steps(repl, args_is(args, "what", "end"), args_has(args, "csv"));
    args_blame(args, "what");
    TRY(session_phase_drop(session));
    repl_note(repl, "the step is dropped; it left no trace");
    return ok();
}

const Command phase_command = {
    .name = "phase",
    .summary = "take the next phase of a step that was begun with step --phases",
    .task = TASK_TRAIN,
    .needs = ACTS_ON_ALL,
    .args = phase_args,
    .examples = phase_examples,
    .more =
        "The phases of a step are cast, forward, loss, backward, unscale, clip, step and update; "
        "those in which this program has nothing to do are passed over. In between inspect, show "
        "and print tell of the values of now, and show program marks where the step stands. step "
        "and train take the rest of the step first, as one of theirs; what changes settings or "
        "needs a run between two steps (save, fork, reset) is refused until the step is finished "
        "or dropped. The bits are those of a step taken whole. Several runs take each phase "
        "together.",
    .run = phase_run,
};
