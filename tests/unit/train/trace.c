/* A trace holds every step, each with the counts of that step, and is whole when it ends. */
#include "rig.h"

#include "base/file.h"
#include "train/export.h"
#include "train/trace.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[64], path[128];

static void open_traced(void)
{
    open_small();
    text_copy(folder, sizeof folder, "/tmp/halfstep-trace-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void close_traced(void)
{
    char command[128];

    close_all();
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(trace, .init = open_traced, .fini = close_traced);

static const char *at(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static char *text_of(const char *name)
{
    Bytes bytes;
    char *text;

    must(file_read(at(name), 1 << 24, &bytes));
    text = calloc(1, bytes.count + 1);
    memcpy(text, bytes.data, bytes.count);
    bytes_release(&bytes);
    return text;
}

static int lines_in(const char *text)
{
    int lines = 0;

    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* The text behind the n-th comma of line `line`, both from 0. */
static const char *field(const char *text, int line, int n)
{
    for (; line > 0; line--)
        text = strchr(text, '\n') + 1;
    for (; n > 0; n--)
        text = strchr(text, ',') + 1;
    return text;
}

static int64_t whole(const char *text)
{
    return strtoll(text, NULL, 10);
}

static int64_t end_trace(void)
{
    TraceFacts facts;

    must(session_trace_end(session, &facts));
    return facts.steps;
}

static const char header[] =
    "run,step,loss,scale,tracker,found_inf,skipped,lr,grad_norm,scale_next\r\n";
static const char tensor_header[] =
    "run,step,tensor,format,count,nan,inf,zero,overflow,underflow,subnormal,normal,amax,lost_mass"
    "\r\n";

Test(trace, csv_has_a_header_and_a_row_for_every_step)
{
    char *text;

    train(3);
    must(session_trace(session, at("a.csv")));
    train(2000);
    cr_expect_eq(end_trace(), 2000);
    text = text_of("a.csv");
    cr_expect(text_starts(text, header));
    cr_assert_eq(lines_in(text), 2001);
    for (int i = 1; i <= 2000; i++)
        cr_assert_eq(whole(field(text, i, 1)), i + 3);
    cr_expect_eq(strtof(field(text, 2000, 2), NULL), (float)look()->batch_loss.value);
    cr_expect_eq(strtod(field(text, 2000, 8), NULL), now.grad_norm.value);
    cr_expect_eq(strtof(field(text, 2000, 9), NULL), now.scaler.scale);
    cr_expect_eq(whole(field(text, 2000, 4)), now.scaler.tracker);
    free(text);
}

/* Sum of the classes of a row of the tensors' file. */
static int64_t sum_of_classes(const char *text, int line)
{
    int64_t sum = 0;

    for (int i = 0; i < CAST_CLASSES; i++)
        sum += whole(field(text, line, 5 + i));
    return sum;
}

Test(trace, runs_that_step_together_have_a_row_each_under_numbers_of_their_own)
{
    char *text;

    fork_bf16();
    must(session_trace(session, at("both.csv")));
    train(3);
    cr_expect_eq(end_trace(), 3);
    text = text_of("both.csv");
    cr_expect_eq(lines_in(text), 1 + 2 * 3);
    for (int row = 1; row <= 6; row++) {
        cr_expect_eq(whole(field(text, row, 0)), 2 - row % 2);
        cr_expect_eq(whole(field(text, row, 1)), (row + 1) / 2);
    }
    cr_expect_eq(whole(field(text, 1, 3)), 65536); /* the scale: a has one, b none */
    cr_expect_eq(whole(field(text, 2, 3)), 1);
    free(text);
}

Test(trace, a_run_keeps_its_number_when_another_is_dropped)
{
    bool kept;
    char *text;

    fork_bf16();
    must(session_trace(session, at("left.csv")));
    train(2);
    must(session_drop(session, 0, &kept));
    train(2);
    cr_expect_eq(end_trace(), 4);
    text = text_of("left.csv");
    cr_assert_eq(lines_in(text), 1 + 2 * 2 + 2);
    for (int row = 5; row <= 6; row++) {
        cr_expect_eq(whole(field(text, row, 0)), 2);
        cr_expect_eq(whole(field(text, row, 1)), row - 2);
    }
    free(text);
}

Test(trace, the_counts_of_each_row_belong_to_its_step)
{
    const TensorFacts *last;
    char *text;
    int lines;

    must(session_trace(session, at("a.csv")));
    train(50);
    (void)end_trace();
    text = text_of("a.tensors.csv");
    lines = lines_in(text);
    cr_expect(text_starts(text, tensor_header));
    for (int i = 1; i < lines; i++)
        cr_assert_eq(sum_of_classes(text, i), whole(field(text, i, 4)));
    last = &look()->tensors[now.tensor_count - 1];
    cr_expect_eq((lines - 1) % 50, 0);
    cr_expect_eq(whole(field(text, lines - 1, 1)), 50);
    cr_expect_eq(strncmp(field(text, lines - 1, 2), last->name, strlen(last->name)), 0);
    cr_expect_eq(whole(field(text, lines - 1, 11)), last->counts.classes[CAST_NORMAL]);
    cr_expect_eq(strtof(field(text, lines - 1, 12), NULL), last->counts.amax);
    /* fc1.weight's amax moves from step to step, so no two steps may have the same counts. */
    cr_expect_neq(strncmp(field(text, 1, 12), field(text, 1 + (lines - 1) / 50, 12), 30), 0);
    free(text);
}

Test(trace, skipped_steps_and_what_is_not_finite_are_told)
{
    Settings wanted = *session_settings(session);
    char *text;

    wanted.scaler.mode = SCALE_STATIC;
    wanted.scaler.start = 0x1p100f;
    apply(&wanted);
    must(session_trace(session, at("a.csv")));
    train(1);
    (void)end_trace();
    text = text_of("a.csv");
    cr_expect_eq(strtof(field(text, 1, 3), NULL), 0x1p100f);
    cr_expect(text_starts(field(text, 1, 4), "0,1,1,"));
    cr_expect(text_starts(field(text, 1, 8), "nan") || text_starts(field(text, 1, 8), "inf"));
    must(session_trace(session, at("a.jsonl")));
    train(1);
    (void)end_trace();
    free(text);
    text = text_of("a.jsonl");
    cr_expect_not_null(strstr(text, "\"found_inf\":true,\"skipped\":true,"));
    cr_expect(strstr(text, "\"grad_norm\":\"nan\"") != NULL ||
              strstr(text, "\"grad_norm\":\"inf\"") != NULL);
    cr_expect_null(strstr(text, ":nan"));
    cr_expect_null(strstr(text, ":inf"));
    free(text);
}

Test(trace, jsonl_has_an_object_a_step_with_its_tensors)
{
    char *text;

    must(session_trace(session, at("a.jsonl")));
    train(5);
    cr_expect_eq(end_trace(), 5);
    text = text_of("a.jsonl");
    cr_expect_eq(lines_in(text), 5);
    cr_expect(text_starts(text, "{\"run\":1,\"step\":1,\"loss\":"));
    cr_expect_not_null(
        strstr(text, "\"tensors\":[{\"tensor\":\"fc1.weight\",\"format\":\"fp16\","));
    cr_expect_null(strstr(text, "}{"));
    free(text);
}

Test(trace, goes_on_through_other_networks_formats_and_probes)
{
    Settings wanted;
    Text what = {0};
    char *text, *tensors;

    must(session_trace(session, at("a.csv")));
    train(2);
    wanted = *session_settings(session);
    wanted.autocast = FORMAT_FP32;
    wanted.probes = false;
    apply(&wanted);
    train(1);
    wanted.probes = true;
    wanted.net.layers[1].width = 9;
    apply(&wanted);
    train(2);
    must(session_undo(session, &what));
    train(1);
    (void)end_trace();
    text = text_of("a.csv");
    tensors = text_of("a.tensors.csv");
    cr_expect(text_starts(field(text, 3, 0), "1,3,"));
    cr_expect(text_starts(field(text, 4, 0), "2,1,"));
    cr_expect(text_starts(field(text, 6, 0), "3,4,"));
    cr_expect_null(strstr(tensors, "\n1,3,"));
    cr_expect_not_null(strstr(tensors, "\n2,1,fc1.weight.grad,fp32,18,"));
    text_release(&what);
    free(text);
    free(tensors);
}

Test(trace, another_run_is_told_where_the_same_experiment_goes_back_a_step)
{
    static Experiment experiment;
    const int64_t steps[] = {4, 5, 5, 6};
    int64_t count;
    Trace *trace;
    char *text;

    must(trace_begin(at("a.csv"), &trace));
    for (size_t i = 0; i < 4; i++) {
        experiment.last = (StepOutcome){.step = steps[i], .first_found = NO_VALUE};
        must(trace_step(trace, 0, &experiment));
    }
    must(trace_end(trace, &count));
    text = text_of("a.csv");
    cr_expect_eq(count, 4);
    cr_expect(text_starts(field(text, 2, 0), "1,5,"));
    cr_expect(text_starts(field(text, 3, 0), "2,5,"));
    cr_expect(text_starts(field(text, 4, 0), "2,6,"));
    free(text);
}

Test(trace, changes_no_bit_of_the_training)
{
    double traced;

    must(session_trace(session, at("a.csv")));
    train(40);
    traced = look()->batch_loss.value;
    must(session_reset(session));
    (void)end_trace();
    train(40);
    cr_expect_eq(look()->batch_loss.value, traced);
}

Test(trace, is_no_file_before_it_ends_and_is_one_when_the_session_does)
{
    must(session_trace(session, at("a.csv")));
    train(3);
    cr_expect_not(file_exists(at("a.csv")));
    close_all();
    cr_expect(file_exists(at("a.csv")));
    now = (Snapshot){0};
    open_small();
}

Test(trace, one_at_a_time_and_only_csv_and_jsonl)
{
    TraceFacts facts;

    cr_expect(failed(session_trace_end(session, &facts)));
    cr_expect(failed(session_trace(session, at("a.txt"))));
    cr_expect(failed(session_trace(session, ".csv")));
    cr_expect_eq(session_trace(session, at("nowhere/a.csv")).code, STATUS_IO);
    must(session_trace(session, at("a.csv")));
    cr_expect(failed(session_trace(session, at("b.csv"))));
    cr_expect(session_trace_facts(session).armed);
    cr_expect_eq(end_trace(), 0);
    cr_expect_not(session_trace_facts(session).armed);
}

Test(trace, that_cannot_be_written_ends_with_whole_rows_and_training_goes_on)
{
    struct rlimit small = {200000, 200000};
    Status problem;
    char *text;
    int lines;

    signal(SIGXFSZ, SIG_IGN);
    must(session_trace(session, at("a.csv")));
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    train(1000);
    cr_expect_eq(look()->step, 1000);
    problem = session_trace_problem(session);
    cr_expect_eq(problem.code, STATUS_IO);
    cr_expect_not_null(strstr(problem.text, "training goes on"), "%s", problem.text);
    cr_expect_not(failed(session_trace_problem(session)));
    cr_expect_not(session_trace_facts(session).armed);
    text = text_of("a.csv");
    lines = lines_in(text);
    cr_expect(lines > 50 && lines < 1000);
    cr_expect_eq(text[strlen(text) - 1], '\n');
    cr_expect_eq(whole(field(text, lines - 1, 1)), lines - 1);
    free(text);
    text = text_of("a.tensors.csv");
    cr_expect_eq(whole(field(text, lines_in(text) - 1, 1)), lines - 1);
    cr_expect_eq(text[strlen(text) - 1], '\n');
    free(text);
}
