#include "repl/bench_report.h"

#include "repl/phrase.h"
#include "view/words.h"

#include <stdio.h>

enum { LABEL = 13, CELL = 8, CELLS = 8 };

/* Significant digits of measured times. */
enum { DIGITS = 4 };

static const BenchFacts *row_of(const BenchFacts *rows, int count, Format format, ProbeSet probes)
{
    for (int i = 0; i < count; i++)
        if (rows[i].format == format && rows[i].probes == probes)
            return &rows[i];
    return NULL;
}

Measure bench_speedup(const BenchFacts *rows, int count, const BenchFacts *row, Format base)
{
    const BenchFacts *other = row_of(rows, count, base, row->probes);

    if (other == NULL || row->memory.emulated)
        return (Measure){.none = true};
    return (Measure){.value = other->seconds / row->seconds};
}

static double rate(const BenchFacts *row, double each)
{
    return each / row->seconds;
}

static const char *number(double value, char text[NUMBER_TEXT])
{
    snprintf(text, NUMBER_TEXT, "%.*g", DIGITS, value);
    return text;
}

static const char *speedup(Measure times, char text[NUMBER_TEXT])
{
    snprintf(text, NUMBER_TEXT, times.none ? "-" : "%.2f", times.value);
    return text;
}

static void speed_row(const BenchFacts *rows, int count, const BenchFacts *row, Text *text)
{
    char time[NUMBER_TEXT], examples[NUMBER_TEXT], flops[NUMBER_TEXT], fp32[NUMBER_TEXT],
        tf32[NUMBER_TEXT], steps[NUMBER_TEXT];

    text_printf(text, "%-7s %-12s %9s %13s %9s %7s %7s %9s\n", format_step_name(row->format),
                probe_set_names[row->probes], number(row->seconds * 1e3, time),
                phrase_count((int64_t)(rate(row, (double)row->batch) + 0.5), examples),
                number(rate(row, (double)row->flops) / 1e12, flops),
                speedup(bench_speedup(rows, count, row, FORMAT_FP32), fp32),
                speedup(bench_speedup(rows, count, row, FORMAT_TF32), tf32),
                phrase_count(row->steps, steps));
}

static void speed_table(const BenchFacts *rows, int count, Text *text)
{
    text_printf(text, "%-7s %-12s %9s %13s %9s %7s %7s %9s\n", "format", "probes", "ms/step",
                "examples/s", "TFLOP/s", "x fp32", "x tf32", "timed");
    for (int i = 0; i < count; i++)
        speed_row(rows, count, &rows[i], text);
}

static void memory_heads(const BenchFacts *rows, int count, Text *text)
{
    text_printf(text, "%-*s", LABEL, "bytes held");
    for (int i = 0; i < count; i++)
        text_printf(text, "%*s", CELL, format_step_name(rows[i].format));
    text_printf(text, "\n%-*s", LABEL, "probes");
    for (int i = 0; i < count; i++)
        text_printf(text, "%*s", CELL, rows[i].probes == PROBE_OFF ? "off" : "counted");
    text_append(text, "\n");
}

static void memory_table(const BenchFacts *rows, int count, Text *text)
{
    char bytes[NUMBER_TEXT];

    memory_heads(rows, count, text);
    for (int part = 0; part < PART_COUNT; part++) {
        text_printf(text, "%-*s", LABEL, memory_parts[part].name);
        for (int i = 0; i < count; i++)
            text_printf(text, "%*s", CELL, words_bytes(rows[i].memory.held[part], bytes));
        text_append(text, "\n");
    }
}

/* Skipped steps cost less: nothing is updated. */
static void tell_skips(const BenchFacts *rows, int count, Text *text)
{
    char skipped[NUMBER_TEXT], steps[NUMBER_TEXT];

    for (int i = 0; i < count; i++)
        if (rows[i].skipped > 0)
            text_printf(text, "%s, probes %s: %s of %s timed steps were skipped\n",
                        format_step_name(rows[i].format), probe_set_names[rows[i].probes],
                        phrase_count(rows[i].skipped, skipped), phrase_count(rows[i].steps, steps));
}

static void tell_memory(const BenchFacts *rows, Text *text)
{
    if (rows->memory.emulated)
        text_append(text, "every format is carried in fp32 here; `show memory` says what each "
                          "would take\n");
    else
        text_append(text, "fp16 and bf16 save nothing on weights and optimizer; they halve "
                          "activations\n");
}

void bench_tables(const BenchFacts *rows, int count, Text *text)
{
    speed_table(rows, count, text);
    if (rows->memory.emulated)
        text_append(text, "emulation has no speed-up to show: times are what emulating costs, "
                          "not formats\n");
    tell_skips(rows, count, text);
    for (int i = 0; i < count; i += CELLS) {
        text_append(text, "\n");
        memory_table(rows + i, count - i < CELLS ? count - i : CELLS, text);
    }
    tell_memory(rows, text);
}

static void csv_measure(Measure measure, Text *text)
{
    char digits[NUMBER_TEXT];

    text_printf(text, ",%s", measure.none ? "" : number_shortest(measure.value, digits));
}

static void csv_number(double value, Text *text)
{
    csv_measure((Measure){.value = value}, text);
}

static void csv_row(const BenchFacts *rows, int count, const BenchFacts *row, Text *text)
{
    text_printf(text, "%s,%s,%lld", format_step_name(row->format), probe_set_names[row->probes],
                (long long)row->batch);
    csv_number(row->seconds * 1e3, text);
    csv_number(rate(row, (double)row->batch), text);
    csv_number(rate(row, (double)row->flops) / 1e12, text);
    csv_measure(bench_speedup(rows, count, row, FORMAT_FP32), text);
    csv_measure(bench_speedup(rows, count, row, FORMAT_TF32), text);
    text_printf(text, ",%lld,%d,%lld", (long long)row->steps, row->repeats,
                (long long)row->skipped);
    for (int part = 0; part < PART_COUNT; part++)
        text_printf(text, ",%lld", (long long)row->memory.held[part]);
    text_append(text, "\n");
}

void bench_csv(const BenchFacts *rows, int count, Text *text)
{
    text_append(text, "format,probes,batch,ms_per_step,examples_per_second,tflops,times_fp32,"
                      "times_tf32,steps,repeats,skipped");
    for (int part = 0; part < PART_COUNT; part++)
        text_printf(text, ",%s_bytes", memory_parts[part].name);
    text_append(text, "\n");
    for (int i = 0; i < count; i++)
        csv_row(rows, count, &rows[i], text);
}
