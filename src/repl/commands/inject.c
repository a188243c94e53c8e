/* inject inf|nan|tiny|huge TENSOR [INDEX]: a value that does not belong there, in the next step. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"
#include "train/travel.h"

#include <string.h>

static const ArgSpec inject_args[] = {
    {.name = "value",
     .kind = ARG_CHOICE,
     .choices = inject_names,
     .text = "tiny and huge: the smallest and the largest number of the format it is stored in"},
    {.name = "tensor",
     .kind = ARG_WORD,
     .names = NAMES_TENSORS,
     .shown = "TENSOR",
     .text = "`help tensors` lists them"},
    {.name = "index",
     .kind = ARG_COUNT,
     .optional = true,
     .least = 0,
     .most = 1099511627776.0,
     .shown = "INDEX",
     .text = "which of its elements, row by row from 0 (0)"},
    {.kind = ARG_END},
};

static const char *const inject_examples[] = {
    "train 5; inject inf fc1.out; step; why",
    "inject nan fc2.weight.grad 7; step; print skipped",
    NULL,
};

static InjectKind kind_of(const char *name)
{
    int kind = 0;

    while (strcmp(inject_names[kind], name) != 0)
        kind++;
    return (InjectKind)kind;
}

static Status inject_run(Repl *repl, Args *args)
{
    Injection injection = {.kind = kind_of(args_text(args, "value")),
                           .index = args_count(args, "index", 0)};
    Text what = {0};
    int64_t step;
    Status status;

    text_copy(injection.tensor, sizeof injection.tensor, args_text(args, "tensor"));
    args_blame(args, args_has(args, "index") ? "index" : "tensor");
    status = session_inject(repl_session(repl), &injection, &step);
    if (failed(status))
        return status;
    text_append(&what, "inject ");
    inject_print(&injection, &what);
    text_printf(&what, ", in step %lld alone", (long long)step + 1);
    repl_acknowledge(repl, 0, text_chars(&what));
    text_release(&what);
    return ok();
}

const Command inject_command = {
    .name = "inject",
    .summary = "put a value that does not belong there into the next step",
    .task = TASK_TRAIN,
    .args = inject_args,
    .examples = inject_examples,
    .more =
        "The instruction that makes the tensor runs and is counted, then the element is "
        "overwritten, before anything reads it: what a cast, a product or the check of the "
        "gradients makes of it, `why` and the counts show. No instruction makes a weight: it is "
        "overwritten before the step, and stays so, unless the optimizer moves it. With "
        "`accumulate` a tensor is overwritten in the last micro-batch of the step alone, a weight "
        "before the first. It waits for the next step, and up to 8 of them do; a file that is "
        "saved meanwhile does not have it.",
    .run = inject_run,
};
