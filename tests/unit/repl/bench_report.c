#include "repl/bench_report.h"

#include <criterion/criterion.h>
#include <string.h>

static BenchFacts row(Format format, ProbeSet probes, double milliseconds)
{
    BenchFacts facts = {
        .format = format,
        .probes = probes,
        .seconds = milliseconds / 1e3,
        .steps = 12345,
        .repeats = 5,
        .batch = 64,
        .flops = 64000000000,
    };

    for (int part = 0; part < PART_COUNT; part++)
        facts.memory.held[part] = (int64_t)1000 << (3 * part);
    return facts;
}

/* A device on which fp16 is four times, and tf32 twice as fast as fp32; counting costs a fifth. */
static int some_rows(BenchFacts *rows)
{
    rows[0] = row(FORMAT_FP32, PROBE_OFF, 8.0);
    rows[1] = row(FORMAT_FP32, PROBE_WEIGHT_GRADS, 9.6);
    rows[2] = row(FORMAT_TF32, PROBE_OFF, 4.0);
    rows[3] = row(FORMAT_TF32, PROBE_WEIGHT_GRADS, 4.8);
    rows[4] = row(FORMAT_FP16, PROBE_OFF, 2.0);
    rows[5] = row(FORMAT_FP16, PROBE_WEIGHT_GRADS, 2.4);
    rows[5].skipped = 3;
    return 6;
}

Test(bench_report, compares_steps_with_the_same_probes)
{
    BenchFacts rows[6];
    int count = some_rows(rows);

    cr_expect_eq(bench_speedup(rows, count, &rows[0], FORMAT_FP32).value, 1.0);
    cr_expect_eq(bench_speedup(rows, count, &rows[4], FORMAT_FP32).value, 4.0);
    cr_expect_eq(bench_speedup(rows, count, &rows[4], FORMAT_TF32).value, 2.0);
    cr_expect_float_eq(bench_speedup(rows, count, &rows[5], FORMAT_FP32).value, 4.0, 1e-12);
    cr_expect(bench_speedup(rows + 4, 2, &rows[4], FORMAT_FP32).none);
    rows[4].memory.emulated = true;
    cr_expect(bench_speedup(rows, count, &rows[4], FORMAT_FP32).none);
}

Test(bench_report, is_two_tables_and_what_is_to_be_known)
{
    BenchFacts rows[6];
    int count = some_rows(rows);
    Text text = {0};

    bench_tables(rows, count, &text);
    cr_expect_str_eq(
        text_chars(&text),
        "format  probes         ms/step    examples/s   TFLOP/s  x fp32  x tf32     timed\n"
        "fp32    off                  8         8,000         8    1.00    0.50    12,345\n"
        "fp32    weight-grads       9.6         6,667     6.667    1.00    0.50    12,345\n"
        "tf32    off                  4        16,000        16    2.00    1.00    12,345\n"
        "tf32    weight-grads       4.8        13,333     13.33    2.00    1.00    12,345\n"
        "fp16    off                  2        32,000        32    4.00    2.00    12,345\n"
        "fp16    weight-grads       2.4        26,667     26.67    4.00    2.00    12,345\n"
        "fp16, probes weight-grads: 3 of 12,345 timed steps were skipped\n"
        "\n"
        "bytes held       fp32    fp32    tf32    tf32    fp16    fp16\n"
        "probes            off counted     off counted     off counted\n"
        "weights         0.98k   0.98k   0.98k   0.98k   0.98k   0.98k\n"
        "copies          7.81k   7.81k   7.81k   7.81k   7.81k   7.81k\n"
        "gradients       62.5k   62.5k   62.5k   62.5k   62.5k   62.5k\n"
        "optimizer        500k    500k    500k    500k    500k    500k\n"
        "activations     3.91M   3.91M   3.91M   3.91M   3.91M   3.91M\n"
        "counters        31.2M   31.2M   31.2M   31.2M   31.2M   31.2M\n"
        "workspace        250M    250M    250M    250M    250M    250M\n"
        "data            1.95G   1.95G   1.95G   1.95G   1.95G   1.95G\n"
        "runtime         15.6G   15.6G   15.6G   15.6G   15.6G   15.6G\n"
        "fp16 and bf16 save nothing on weights and optimizer; they halve activations\n");
    text_release(&text);
}

static void expect_narrow(const Text *text)
{
    const char *line = text_chars(text);

    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        cr_expect_leq(end - line, 80, "%.*s", (int)(end - line), line);
}

Test(bench_report, keeps_to_80_columns_with_every_format_and_extreme_numbers)
{
    BenchFacts rows[2 * FORMAT_COUNT];
    Text text = {0};

    for (int i = 0; i < 2 * FORMAT_COUNT; i++) {
        rows[i] = row((Format)(i / 2), i % 2 ? PROBE_WEIGHT_GRADS : PROBE_OFF, i < 6 ? 1e-2 : 1e7);
        rows[i].batch = 65536;
        rows[i].steps = 1 << 20;
        rows[i].skipped = 1 << 20;
        rows[i].flops = 1 + i * 100;
    }
    bench_tables(rows, 2 * FORMAT_COUNT, &text);
    rows[0].memory.emulated = true;
    bench_tables(rows, 2 * FORMAT_COUNT, &text);
    expect_narrow(&text);
    text_release(&text);
}

Test(bench_report, says_of_an_emulation_that_it_has_no_speedup)
{
    BenchFacts only = row(FORMAT_FP16, PROBE_OFF, 2.0);
    Text text = {0};

    only.memory.emulated = true;
    bench_tables(&only, 1, &text);
    cr_expect_not_null(strstr(text_chars(&text), "emulation has no speed-up to show"));
    cr_expect_not_null(strstr(text_chars(&text), "      -       - "));
    cr_expect_null(strstr(text_chars(&text), "halve"));
    text_release(&text);
}

Test(bench_report, is_csv_with_a_header_and_empty_fields_for_what_is_none)
{
    BenchFacts rows[6];
    Text text = {0};

    (void)some_rows(rows);
    bench_csv(rows, 3, &text);
    cr_expect_str_eq(text_chars(&text),
                     "format,probes,batch,ms_per_step,examples_per_second,tflops,times_fp32,"
                     "times_tf32,steps,repeats,skipped,weights_bytes,copies_bytes,gradients_bytes,"
                     "optimizer_bytes,activations_bytes,counters_bytes,workspace_bytes,data_bytes,"
                     "runtime_bytes\n"
                     "fp32,off,64,8,8000,8,1,0.5,12345,5,0,1000,8000,64000,512000,4096000,"
                     "32768000,262144000,2097152000,16777216000\n"
                     "fp32,weight-grads,64,9.6,6666.666666666667,6.666666666666667,1,,12345,5,0,"
                     "1000,8000,64000,512000,4096000,32768000,262144000,2097152000,16777216000\n"
                     "tf32,off,64,4,16000,16,2,1,12345,5,0,1000,8000,64000,512000,4096000,"
                     "32768000,262144000,2097152000,16777216000\n");
    text_release(&text);
}
