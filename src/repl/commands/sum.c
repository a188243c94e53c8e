/* sum VALUES: what a sum comes to in short formats, and where it stalls. */
#include "repl/commands.h"

#include "base/memory.h"
#include "repl/args.h"
#include "repl/format_list.h"
#include "repl/interrupt.h"
#include "repl/measure.h"
#include "repl/phrase.h"
#include "repl/repl.h"
#include "repl/summing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ArgSpec sum_args[] = {
    {.name = "values", .kind = ARG_WORDS, .optional = true, .shown = "VALUES", .text = "the terms"},
    {.name = "value", .kind = ARG_NUMBER, .key = true, .text = "the one term there is"},
    {.name = "repeat",
     .kind = ARG_COUNT,
     .key = true,
     .least = 1,
     .most = SUM_TERMS,
     .text = "the whole list so many times (1)"},
    {.name = "format",
     .kind = ARG_WORD,
     .key = true,
     .names = NAMES_FORMATS,
     .shown = "FORMATS",
     .text = "of terms and result; several with commas (fp32,fp16,bf16)"},
    {.name = "accumulate",
     .kind = ARG_NAME,
     .key = true,
     .names = NAMES_FORMATS,
     .shown = "FORMAT",
     .text = "of the running sum (that of the terms)"},
    {.name = "order",
     .kind = ARG_CHOICE,
     .key = true,
     .choices = sum_order_names,
     .text = "how they are added up (each)"},
    {.name = "csv", .kind = ARG_FLAG, .text = "one line for each sum, to be read by programs"},
    {.kind = ARG_END},
};

static const char *const sum_examples[] = {
    "sum 2048 1 1 1 1 format=fp16",
    "sum repeat=10000 value=0.1 format=fp16",
    "sum repeat=10000 value=0.1 format=fp16 accumulate=fp32",
    "sum 1e4 1 -1e4 1e-3 order=sorted --csv",
    NULL,
};

typedef struct SumTask {
    double *values;
    int64_t count, room, repeat;
    FormatList formats;
    bool csv;
} SumTask;

static void add_value(SumTask *task, double value)
{
    size_t room = (size_t)task->room;

    task->values = grow(task->values, (size_t)task->count, &room, sizeof *task->values);
    task->room = (int64_t)room;
    task->values[task->count++] = value;
}

static Status read_values(const char *words, SumTask *task)
{
    char word[64];
    double value;

    for (words += strspn(words, " "); *words != '\0'; words += strspn(words, " ")) {
        size_t length = strcspn(words, " ");

        text_copy(word, length + 1 < sizeof word ? length + 1 : sizeof word, words);
        TRY(number_parse(word, &value));
        add_value(task, value);
        words += length;
    }
    return ok();
}

static Status take_terms(Args *args, SumTask *task)
{
    bool many = args_has(args, "values"), one = args_has(args, "value");

    args_blame(args, many ? "values" : "value");
    if (many == one)
        return fail(STATUS_USAGE, many ? "the terms stand there already; leave value= out"
                                       : "sum lacks its terms; try sum 2048 1 1 1 or sum "
                                         "repeat=10000 value=0.1");
    if (one)
        add_value(task, args_number(args, "value", 0.0));
    else
        TRY(read_values(args_text(args, "values"), task));
    args_blame(args, "repeat");
    task->repeat = args_count(args, "repeat", 1);
    if (task->count * task->repeat > SUM_TERMS)
        return fail(STATUS_USAGE, "these are more than 2^25 terms; lower repeat=");
    return ok();
}

static Status take_formats(Args *args, SumTask *task)
{
    args_blame(args, "format");
    TRY(format_list_read(args_has(args, "format") ? args_text(args, "format") : "fp32,fp16,bf16",
                         &task->formats));
    task->csv = args_has(args, "csv");
    return task->formats.count > 0 ? ok() : fail(STATUS_USAGE, "no format is named; try fp16,bf16");
}

/* With one number alone, the orders in a row are all the same. */
static bool wants_order(const Args *args, const SumTask *task, SumOrder order)
{
    if (args_has(args, "order"))
        return args_is(args, "order", sum_order_names[order]);
    return task->count > 1 || order == SUM_FORWARD || order == SUM_PAIRWISE;
}

/* A typed 0.1 is no double: what that alone is off says nothing about the sum. */
static bool as_shown(const SumFacts *facts)
{
    return facts->value == facts->exact;
}

static const char *relative(const SumFacts *facts, char text[NUMBER_TEXT])
{
    double share = as_shown(facts) ? 0.0 : facts->error / fabs(facts->exact);

    snprintf(text, NUMBER_TEXT, isfinite(share) ? "%.3g" : "none", share);
    return text;
}

static void print_end(const SumFacts *facts, Text *text)
{
    char count[NUMBER_TEXT];

    if (facts->nonfinite_at > 0)
        text_printf(text, "  not finite from term %s", phrase_count(facts->nonfinite_at, count));
    else if (facts->stalls_at > 0)
        text_printf(text, "  stalls at term %s", phrase_count(facts->stalls_at, count));
    else if (facts->lost > 0)
        text_printf(text, "  %s lost", phrase_count(facts->lost, count));
    text_append(text, "\n");
}

static void print_row(const SumSpec *spec, const SumFacts *facts, Text *text)
{
    char value[NUMBER_TEXT], ulps[NUMBER_TEXT], share[NUMBER_TEXT];

    snprintf(ulps, sizeof ulps, isnan(facts->ulps) ? "none" : "%.4g",
             as_shown(facts) ? 0.0 : facts->ulps);
    text_printf(text, "%-6s %-8s %-4s %18s %8s %9s", format_name(spec->format),
                sum_order_names[spec->order], format_name(spec->accumulate),
                number_shortest(facts->value, value), ulps, relative(facts, share));
    print_end(facts, text);
}

static void print_csv(const SumSpec *spec, const SumFacts *facts, Text *text)
{
    const double numbers[] = {facts->exact, facts->value, facts->exact_stored, facts->error,
                              facts->ulps};
    int64_t terms = spec->count * spec->repeat;
    char number[NUMBER_TEXT];

    text_printf(text, "%lld,%s,%s,%s", (long long)terms, format_name(spec->format),
                sum_order_names[spec->order], format_name(spec->accumulate));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        text_printf(text, ",%s", number_shortest(numbers[i], number));
    text_printf(text, ",%lld,%lld,%lld\n", (long long)facts->lost, (long long)facts->stalls_at,
                (long long)facts->nonfinite_at);
}

static void print_heads(const SumTask *task, double exact, Text *text)
{
    char count[NUMBER_TEXT], number[NUMBER_TEXT];

    if (task->csv)
        text_append(text, "terms,format,order,accumulate,exact,sum,exact_of_stored,error,"
                          "error_ulps,lost,stalls_at,nonfinite_at\n");
    else
        text_printf(text, "%s terms, exactly %s\n%-6s %-8s %-4s %18s %8s %9s\n",
                    phrase_count(task->count * task->repeat, count), number_shortest(exact, number),
                    "format", "order", "sums", "sum", "ulps off", "relative");
}

static void print_stored(const SumSpec *spec, const SumFacts *facts, Text *text)
{
    char number[NUMBER_TEXT];

    if (facts->exact_stored != facts->exact && !isnan(facts->exact_stored))
        text_printf(text, "rounded to %s, the terms sum to exactly %s\n", format_name(spec->format),
                    number_shortest(facts->exact_stored, number));
}

/* Rows, and what stands below them. */
typedef struct Page {
    Text rows, notes;
} Page;

static Measure term_or_none(int64_t term)
{
    return (Measure){.value = (double)term, .none = term == 0};
}

static void keep_sum(Repl *repl, const SumSpec *spec, const SumFacts *facts)
{
    const PastSum sum = {.of = {[PAST_SUM_FORMAT] = {.word = format_name(spec->format)},
                                [PAST_SUM_ACCUMULATE] = {.word = format_name(spec->accumulate)},
                                [PAST_SUM_ORDER] = {.word = sum_order_names[spec->order]},
                                [PAST_SUM_TERMS] = {.value = (double)(spec->count * spec->repeat)},
                                [PAST_SUM_VALUE] = {.value = facts->value},
                                [PAST_SUM_EXACT] = {.value = facts->exact},
                                [PAST_SUM_ERROR] = {.value = facts->error},
                                [PAST_SUM_LOST] = {.value = (double)facts->lost},
                                [PAST_SUM_STALLS_AT] = term_or_none(facts->stalls_at),
                                [PAST_SUM_NONFINITE_AT] = term_or_none(facts->nonfinite_at)}};

    measure_summed(repl, &sum);
}

static Status run_orders(Repl *repl, const Args *args, const SumTask *task, SumSpec *spec,
                         Page *page)
{
    SumFacts facts = {.lost = 0};

    for (int order = 0; order < SUM_ORDERS; order++) {
        spec->order = (SumOrder)order;
        if (!wants_order(args, task, spec->order))
            continue;
        if (interrupt_pending())
            return fail(STATUS_INTERRUPTED, "the sums were ended");
        sum_run(spec, &facts);
        keep_sum(repl, spec, &facts);
        if (page->rows.length == 0)
            print_heads(task, facts.exact, &page->rows);
        (task->csv ? print_csv : print_row)(spec, &facts, &page->rows);
    }
    if (!task->csv)
        print_stored(spec, &facts, &page->notes);
    return ok();
}

static Status run_formats(Repl *repl, const Args *args, const SumTask *task, Page *page)
{
    for (int i = 0; i < task->formats.count; i++) {
        SumSpec spec = {.values = task->values,
                        .count = task->count,
                        .repeat = task->repeat,
                        .format = task->formats.formats[i],
                        .accumulate = task->formats.formats[i]};

        if (args_has(args, "accumulate"))
            TRY(format_parse(args_text(args, "accumulate"), &spec.accumulate));
        TRY(run_orders(repl, args, task, &spec, page));
    }
    return ok();
}

static Status sum_terms(Repl *repl, Args *args, SumTask *task)
{
    Page page = {.rows = {0}};
    Status status;

    TRY(take_terms(args, task));
    TRY(take_formats(args, task));
    status = run_formats(repl, args, task, &page);
    if (!failed(status))
        repl_print(repl, "%s%s", text_chars(&page.rows), text_chars(&page.notes));
    text_release(&page.rows);
    text_release(&page.notes);
    return status;
}

static Status sum_command_run(Repl *repl, Args *args)
{
    SumTask task = {.csv = false};
    Status status = sum_terms(repl, args, &task);

    free(task.values);
    return status;
}

const Command sum_command = {
    .name = "sum",
    .summary = "add up in short formats and several orders, and see what is lost",
    .task = TASK_LOOK,
    .needs = ACTS_ON_ALL,
    .args = sum_args,
    .examples = sum_examples,
    .more =
        "Each term is cast to the format, and each addition is rounded once, to the format of the "
        "running sum (`sums`); what comes out is cast back. pairwise adds halves, down to single "
        "terms; sorted begins with the smallest magnitude. The exact sum is that of the numbers "
        "as typed, in whole-number arithmetic, and errors are against it. A sum stalls at the "
        "term from which on nothing changes it any more; what is added and changes nothing is "
        "lost.",
    .run = sum_command_run,
};
