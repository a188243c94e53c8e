/* sweep scale [FROM..TO] [TENSOR] | sweep autocast: one batch under every scale, or in every format. */
#include "repl/commands.h"

#include "base/memory.h"
#include "base/number.h"
#include "repl/args.h"
#include "repl/interrupt.h"
#include "repl/repl.h"
#include "repl/show_panel.h"
#include "repl/state.h"
#include "repl/sweep_report.h"
#include "repl/watch.h"
#include "train/sweep.h"

#include <stdlib.h>
#include <string.h>

enum { FORMATS = 5 };

static const double patience = 3600.0, view_tick = 0.05; /* seconds */

static const char *const sweep_choices[] = {"scale", "autocast", NULL};

static const ArgSpec sweep_args[] = {
    {.name = "what",
     .kind = ARG_CHOICE,
     .choices = sweep_choices,
     .text = "over loss scales, or over fp32, tf32, fp16 and bf16"},
    {.name = "range",
     .kind = ARG_WORD,
     .optional = true,
     .names = NAMES_TENSORS,
     .shown = "FROM..TO",
     .text = "exponents of two, of scales (0..24)"},
    {.name = "tensor",
     .kind = ARG_WORD,
     .optional = true,
     .names = NAMES_TENSORS,
     .shown = "TENSOR",
     .text = "the gradient to show (the one that loses most)"},
    {.name = "csv",
     .kind = ARG_FLAG,
     .text = "one line for each scale or format and tensor, to be read by programs"},
    {.kind = ARG_END},
};

static const char *const sweep_examples[] = {
    "train 20; sweep scale", "sweep scale 0..40 fc1.weight.grad", "sweep scale fc1.weight.grad",
    "sweep autocast",        "sweep scale 10..20 --csv",          NULL,
};

static Status read_exponent(const char *word, size_t length, const char *range, int *exponent)
{
    char digits[8];
    double value = 0.0;
    Status status;

    if (length > 2 && strncmp(word, "2^", 2) == 0) { /* the scale itself for its exponent */
        word += 2;
        length -= 2;
    }
    text_copy(digits, length + 1 < sizeof digits ? length + 1 : sizeof digits, word);
    status = number_parse(digits, &value);
    if (failed(status) || value != (double)(int)value || length == 0)
        return fail(STATUS_USAGE, "a range of exponents is written 0..24, and '%.20s' is none",
                    range);
    if (value < SWEEP_LEAST || value > SWEEP_MOST)
        return fail(STATUS_USAGE, "exponents go from %d to %d, and %.8s is outside", SWEEP_LEAST,
                    SWEEP_MOST, digits);
    *exponent = (int)value;
    return ok();
}

static Status read_range(const char *range, SweepSpec *spec)
{
    const char *dots = strstr(range, "..");

    if (dots == NULL)
        return fail(STATUS_USAGE, "a range of exponents is written 0..24, and '%.20s' is none",
                    range);
    TRY(read_exponent(range, (size_t)(dots - range), range, &spec->from));
    TRY(read_exponent(dots + 2, strlen(dots + 2), range, &spec->to));
    if (spec->from > spec->to)
        return fail(STATUS_USAGE, "the smaller exponent comes first: %d..%d", spec->to, spec->from);
    return ok();
}

/* The view takes keys meanwhile. */
static Status sweep(Repl *repl, const SweepSpec *spec, AutocastPass *pass)
{
    Session *session = repl_session(repl);
    Status status;

    if (interrupt_pending())
        return fail(STATUS_INTERRUPTED, "sweep was ended; the run is as it was before");
    TRY(session_sweep_begin(session, spec, pass));
    interrupt_direct(session);
    while (!session_sweep_ended(session, repl->watch == NULL ? patience : 0.0, &status)) {
        if (repl->watch != NULL)
            watch_tick(repl, view_tick);
    }
    interrupt_direct(NULL);
    return status;
}

static Status no_such_gradient(const Sweep *sweep, const char *name)
{
    const char **names = xcalloc((size_t)sweep->tensor_count + 1, sizeof *names), *near;
    Status status;

    for (int i = 0; i < sweep->tensor_count; i++)
        names[i] = sweep->names[i];
    near = text_nearest(name, names);
    status = fail(STATUS_USAGE, "there is no gradient '%.40s'; %s%s%s", name,
                  near == NULL ? "the first is " : "did you mean ", near == NULL ? names[0] : near,
                  near == NULL ? "" : "?");
    free(names);
    return status;
}

/* Which of the two words it is: the range may be left out. */
static const char *tensor_at(const Args *args)
{
    const char *first = args_text(args, "range");
    bool name =
        first != NULL && strstr(first, "..") == NULL && strchr("+-.0123456789", first[0]) == NULL;

    return name && !args_has(args, "tensor") ? "range" : "tensor";
}

static Status show_scales(Repl *repl, Args *args, const Snapshot *snapshot)
{
    const Sweep *swept = &snapshot->sweep;
    const char *name = args_text(args, tensor_at(args));
    int tensor = name == NULL ? sweep_loser(swept, swept->from) : sweep_tensor(swept, name);
    Gaze gaze = {.watched = 0};
    Text text = {0};

    args_blame(args, tensor_at(args));
    if (tensor < 0)
        return no_such_gradient(swept, name);
    if (args_has(args, "csv")) {
        sweep_csv(swept, &text);
    } else {
        text_copy(gaze.tensor, sizeof gaze.tensor, swept->names[tensor]);
        show_panel(repl, panel_find("sweep"), snapshot, &gaze);
        sweep_table(swept, tensor, &text);
    }
    repl_print(repl, "%s", text_chars(&text));
    text_release(&text);
    return ok();
}

static Status sweep_scale(Repl *repl, Args *args)
{
    SweepSpec spec = {.from = 0, .to = SWEEP_LAST_USUAL};
    Snapshot snapshot = {0};
    Status status;

    args_blame(args, "range");
    if (args_has(args, "range") && strcmp(tensor_at(args), "range") != 0)
        TRY(read_range(args_text(args, "range"), &spec));
    args_blame(args, "what");
    TRY(sweep(repl, &spec, NULL));
    session_snapshot(repl_session(repl), &snapshot);
    status = show_scales(repl, args, &snapshot);
    snapshot_release(&snapshot);
    return status;
}

/* What cannot be done here is said, and the others go on; fp32 can be done anywhere. */
static Status sweep_formats(Repl *repl, AutocastPass passes[FORMATS], int *count)
{
    static const Format formats[FORMATS] = {FORMAT_FP32, FORMAT_TF32, FORMAT_FP16, FORMAT_BF16,
                                            FORMAT_E4M3};

    for (int i = 0; i < FORMATS; i++) {
        SweepSpec spec = {.autocast = true, .format = formats[i]};
        Status status = sweep(repl, &spec, &passes[*count]);

        if (status.code == STATUS_UNSUPPORTED)
            repl_note(repl, "%s is left out: %s", format_step_name(formats[i]), status.text);
        else if (failed(status))
            return status;
        else
            (*count)++;
    }
    return ok();
}

static void show_formats(Repl *repl, const AutocastPass *passes, int count, bool csv)
{
    Snapshot snapshot = {0};
    Text text = {0};

    session_snapshot(repl_session(repl), &snapshot);
    if (csv)
        passes_csv(passes, count, &text);
    else
        passes_table(passes, count, snapshot.scaler.scale, &text);
    repl_print(repl, "%s", text_chars(&text));
    text_release(&text);
    snapshot_release(&snapshot);
}

static Status sweep_autocast(Repl *repl, Args *args)
{
    AutocastPass passes[FORMATS] = {{0}};
    int count = 0;
    Status status;

    args_blame(args, "range");
    if (args_has(args, "range"))
        return fail(STATUS_USAGE, "sweep autocast takes all formats; leave '%.20s' out",
                    args_text(args, "range"));
    args_blame(args, "what");
    status = sweep_formats(repl, passes, &count);
    if (!failed(status))
        show_formats(repl, passes, count, args_has(args, "csv"));
    for (int i = 0; i < FORMATS; i++)
        autocast_pass_release(&passes[i]);
    return status;
}

static Status sweep_run(Repl *repl, Args *args)
{
    return args_is(args, "what", "scale") ? sweep_scale(repl, args) : sweep_autocast(repl, args);
}

const Command sweep_command = {
    .name = "sweep",
    .summary = "what the next batch's gradients lose at every loss scale, or in every format",
    .task = TASK_PRECISION,
    .args = sweep_args,
    .examples = sweep_examples,
    .more =
        "Real backward passes over the next batch with the present weights, everything counted; "
        "the "
        "run stays as it is, to the bit. Of scales: lost mass, underflow, subnormal and overflow "
        "of "
        "a gradient, and beside them the worst of all gradients; starved means that everything was "
        "lost ahead of it. Good is a scale at which nothing overflows, so that the step would be "
        "taken, and no gradient loses more than 1% of its mass. Predicted is the lost mass as the "
        "exponents of one pass alone foretell it. show sweep draws the last one again.",
    .run = sweep_run,
};
