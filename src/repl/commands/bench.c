/* bench [FORMATS] [steps=N] [--csv]: what a step costs in each format. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/bench_report.h"
#include "repl/format_list.h"
#include "repl/interrupt.h"
#include "repl/repl.h"
#include "repl/state.h"
#include "repl/watch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double patience = 3600.0, view_tick = 0.05; /* seconds */

static const ArgSpec bench_args[] = {
    {.name = "formats",
     .kind = ARG_WORDS,
     .optional = true,
     .names = NAMES_AUTOCAST,
     .shown = "FORMATS",
     .text = "which to measure (fp32 tf32 fp16 bf16)"},
    {.name = "steps",
     .kind = ARG_COUNT,
     .key = true,
     .least = 1,
     .most = 1048576.0,
     .text = "how many to time for each row (what one second computes)"},
    {.name = "csv", .kind = ARG_FLAG, .text = "one line for each row, to be read by programs"},
    {.kind = ARG_END},
};

static const char *const bench_examples[] = {
    "bench steps=5",
    "bench fp32 fp16 steps=5 --csv",
    NULL,
};

/* What is to be measured, and what was. */
typedef struct Table {
    FormatList list;
    ProbeSet counted; /* the probes of every second row */
    int64_t steps;
    BenchFacts rows[2 * FORMAT_COUNT];
    int count;
} Table;

static void show_progress(Repl *repl, const Table *table, int i, const BenchSpec *spec)
{
    char line[96];

    if (!isatty(STDERR_FILENO) && repl->watch == NULL)
        return;
    snprintf(line, sizeof line, "%sbench %d of %d: %s, probes %s%s",
             repl_at_prompt(repl) ? "\r" : "", i + 1, 2 * table->list.count,
             format_step_name(spec->format), probe_set_names[spec->probes],
             repl_at_prompt(repl) ? "\033[K" : "\n");
    repl_complain(repl, line);
}

static void wipe_progress(Repl *repl)
{
    if (repl->watch != NULL || (isatty(STDERR_FILENO) && repl_at_prompt(repl)))
        repl_complain(repl, "\r\033[K");
}

/* The view takes keys meanwhile; what it costs is little beside a step. */
static Status wait_for_end(Repl *repl)
{
    Session *session = repl_session(repl);
    Status status;

    while (!session_bench_ended(session, repl->watch == NULL ? patience : 0.0, &status)) {
        if (repl->watch != NULL)
            watch_tick(repl, view_tick);
    }
    return status;
}

static Status measure_row(Repl *repl, Table *table, int i)
{
    BenchSpec spec = {.format = table->list.formats[i / 2],
                      .probes = i % 2 == 0 ? PROBE_OFF : table->counted,
                      .steps = table->steps};

    if (interrupt_pending())
        return fail(STATUS_INTERRUPTED, "bench was ended; the run is as it was before");
    show_progress(repl, table, i, &spec);
    TRY(session_bench_begin(repl_session(repl), &spec, &table->rows[table->count]));
    TRY(wait_for_end(repl));
    table->count++;
    return ok();
}

/* What cannot be done here is said, and the others go on. */
static Status measure_all(Repl *repl, Table *table)
{
    for (int i = 0; i < 2 * table->list.count; i++) {
        Status status = measure_row(repl, table, i);

        if (status.code == STATUS_UNSUPPORTED || status.code == STATUS_MEMORY) {
            wipe_progress(repl);
            repl_note(repl, "%s is left out: %s", format_step_name(table->list.formats[i / 2]),
                      status.text);
            i |= 1;
        } else if (failed(status)) {
            return status;
        }
    }
    return table->count > 0 ? ok() : fail(STATUS_UNSUPPORTED, "no format was left to measure");
}

static void print_table(Repl *repl, const Table *table, bool csv)
{
    Text text = {0};

    if (csv)
        bench_csv(table->rows, table->count, &text);
    else
        bench_tables(table->rows, table->count, &text);
    repl_print(repl, "%s", text_chars(&text));
    text_release(&text);
}

static Status bench_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);
    ProbeSet present = session_settings(session)->probes;
    Table table = {.counted = present == PROBE_OFF ? PROBE_ON : present,
                   .steps = args_count(args, "steps", 0)};
    const char *words =
        args_has(args, "formats") ? args_text(args, "formats") : "fp32 tf32 fp16 bf16";
    Status status;

    args_blame(args, "formats");
    TRY(step_list_read(words, &table.list));
    interrupt_direct(session);
    status = measure_all(repl, &table);
    interrupt_direct(NULL);
    wipe_progress(repl);
    if (!failed(status))
        print_table(repl, &table, args_has(args, "csv"));
    return status;
}

const Command bench_command = {
    .name = "bench",
    .summary = "measure speed and memory of the experiment in each format",
    .task = TASK_LOOK,
    .needs = ONE_RUN,
    .args = bench_args,
    .examples = bench_examples,
    .more =
        "Steps of the present data, net, loss, optimizer and batch are timed with probes off and "
        "with those that are set (on, where they are off), from fresh weights, aside: the run "
        "stays "
        "to the bit as it is. ms/step is the median of five repeats after a warm-up; a slow "
        "network "
        "is timed over fewer steps, see `timed`. TFLOP/s counts the products only, 2 m n k each. "
        "x fp32 says how often faster than fp32 a step is. fp16 runs with the loss scale that is "
        "set. In bytes, k, M and G are powers of 1024.",
    .run = bench_run,
};
