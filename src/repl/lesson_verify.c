/* What a lesson claims is tried. */
#include "repl/lesson_verify.h"

#include "lesson/read.h"
#include "repl/execute.h"
#include "repl/lesson_order.h"
#include "repl/measure.h"
#include "repl/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double fail_below = 0.25, warn_below = 0.5;

/* Of the processor: what else the machine does meanwhile is not the lesson's fault. */
static double now(void)
{
    struct timespec moment;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &moment);
    return (double)moment.tv_sec + (double)moment.tv_nsec * 1e-9;
}

static Status run_line(Verifier *verifier, const char *line, size_t length)
{
    Repl *repl = verifier->repl;
    Text copy = {0};
    Status status;

    text_append_bytes(&copy, line, length);
    repl->quiet = true;
    status = execute_quietly(repl, text_chars(&copy));
    repl->quiet = false;
    text_release(&copy);
    return status;
}

Status verify_run(Verifier *verifier, const char *commands)
{
    while (*commands != '\0') {
        size_t length = strcspn(commands, "\n");

        TRY(run_line(verifier, commands, length));
        commands += length + (commands[length] == '\n');
    }
    return ok();
}

static Status judge_now(Verifier *verifier, Verdict *verdict)
{
    *verdict = (Verdict){.first = -1};
    return teacher_judge(verifier->repl, verifier->step, verdict);
}

/* Nothing of what was done before is there, as in a program that was just begun. */
Status verify_fresh(Verifier *verifier)
{
    char none[] = "";
    Block nothing = {.kind = BLOCK_SETUP, .commands = none};
    const Step empty = {.blocks = &nothing, .block_count = 1};
    Repl *repl = verifier->repl;

    if (!repl->in_lua) {
        script_free(repl->script);
        repl->script = NULL;
    }
    return teacher_set_stage(repl, &empty);
}

static Status set_stage(Verifier *verifier, bool *staged)
{
    Status status = verify_fresh(verifier);

    if (!failed(status))
        status = teacher_set_stage(verifier->repl, verifier->step);
    *staged = !failed(status);
    if (*staged || status.code == STATUS_INTERRUPTED)
        return status;
    verify_fault(verifier, verifier->step->line, "V1", "its setup fails: %s", status.text);
    return ok();
}

/* The nearest values to each threshold. */
static Status take_margins(Verifier *verifier, const char *names)
{
    const Step *step = verifier->step;
    Snapshot snapshot = {0};
    Status status = measure(verifier->repl, judge_needs(step), &snapshot);

    for (int i = 0; i < step->check_count && !failed(status); i++) {
        const char *words = names;
        char word[LESSON_ID];
        bool named = names == NULL;

        while (!named && words != NULL && *words != '\0') {
            take_word(&words, word, sizeof word);
            named = strcmp(word, step->checks[i].name) == 0;
        }
        if (named)
            margins_take(&verifier->margins[i], &snapshot, names == NULL);
    }
    snapshot_release(&snapshot);
    return status;
}

static const char *failing(const Verifier *verifier, const Verdict *verdict)
{
    return verdict->first < 0 ? "" : verifier->step->checks[verdict->first].name;
}

/* An attempt that must pass. */
static Status try_passing(Verifier *verifier, const Block *block, const char *commands,
                          const char *which)
{
    Verdict verdict;
    bool staged;
    Status status;

    verifier->attempts++;
    TRY(set_stage(verifier, &staged));
    if (!staged)
        return ok();
    status = verify_run(verifier, commands);
    if (status.code == STATUS_INTERRUPTED)
        return status;
    if (failed(status)) {
        verify_fault(verifier, block->line, which, "its commands fail: %s", status.text);
        return ok();
    }
    TRY(judge_now(verifier, &verdict));
    if (!verdict.passed)
        verify_fault(verifier, block->line, which, "it does not pass check %s: %s (seed %d)",
                     failing(verifier, &verdict), verifier->step->checks[verdict.first].message,
                     verifier->seed + 1);
    return take_margins(verifier, NULL);
}

/* Command by command: neither the setup nor a beginning of the solution passes. */
static Status try_solution(Verifier *verifier, const Block *block)
{
    const char *at = block->commands;
    double began;
    bool staged;

    TRY(set_stage(verifier, &staged));
    began = now();
    for (int line = 0; staged && *at != '\0'; line++) {
        size_t length = strcspn(at, "\n");
        Verdict verdict;
        Status status;

        TRY(judge_now(verifier, &verdict));
        if (verdict.passed && line == 0)
            verify_fault(verifier, verifier->step->line, "V2",
                         "its checks pass before anything is "
                         "done");
        else if (verdict.passed)
            verify_fault(verifier, block->line, "V3",
                         "its checks pass after %d lines of the solution already", line);
        status = run_line(verifier, at, length);
        if (status.code == STATUS_INTERRUPTED)
            return status;
        if (failed(status))
            break; /* said by try_passing */
        at += length + (at[length] == '\n');
    }
    verifier->seconds += now() - began;
    if (now() - began > verifier->step->budget)
        verify_fault(verifier, block->line, "V10",
                     "the solution took %.1f s, and its budget is %g s", now() - began,
                     verifier->step->budget);
    return ok();
}

static int check_named(const Step *step, const char *name)
{
    for (int i = 0; i < step->check_count; i++)
        if (strcmp(step->checks[i].name, name) == 0)
            return i;
    return -1;
}

static Status judge_wrong(Verifier *verifier, const Block *block, const char *which)
{
    const char *words = block->text;
    Verdict verdict;
    char name[LESSON_ID];

    TRY(judge_now(verifier, &verdict));
    if (verdict.passed)
        verify_fault(verifier, block->line, which, "a wrong attempt passes (seed %d)",
                     verifier->seed + 1);
    while (*words != '\0') {
        int check;

        take_word(&words, name, sizeof name);
        check = check_named(verifier->step, name);
        if (check >= 0 && verdict.held[check])
            verify_fault(verifier, block->line, which, "it does not fail check %s (seed %d)", name,
                         verifier->seed + 1);
    }
    return take_margins(verifier, block->text);
}

static Status try_wrong(Verifier *verifier, const Block *block, const char *commands,
                        const char *which)
{
    bool staged;
    Status status;

    verifier->attempts++;
    TRY(set_stage(verifier, &staged));
    if (!staged)
        return ok();
    status = verify_run(verifier, commands);
    if (status.code == STATUS_INTERRUPTED)
        return status;
    if (failed(status))
        verify_fault(verifier, block->line, which, "its commands fail: %s", status.text);
    return failed(status) ? ok() : judge_wrong(verifier, block, which);
}

/* Whatever a step says of commands it says of them in another order. */
static Status try_other_order(Verifier *verifier, const Block *block)
{
    Text other = {0};
    Status status = ok();

    if (order_other(block->commands, &other))
        status = block->kind == BLOCK_WRONG
                     ? try_wrong(verifier, block, text_chars(&other), "V6")
                     : try_passing(verifier, block, text_chars(&other), "V6");
    text_release(&other);
    return status;
}

static Status try_orders(Verifier *verifier)
{
    const Step *step = verifier->step;

    for (size_t i = 0; i < step->block_count; i++)
        if (step->blocks[i].kind == BLOCK_SOLUTION || step->blocks[i].kind == BLOCK_ALSO ||
            step->blocks[i].kind == BLOCK_WRONG)
            TRY(try_other_order(verifier, &step->blocks[i]));
    return ok();
}

static Status try_all(Verifier *verifier)
{
    const Step *step = verifier->step;
    const Block *solution = step_block(step, BLOCK_SOLUTION, 0), *block;

    TRY(try_solution(verifier, solution));
    TRY(try_passing(verifier, solution, solution->commands, "V1"));
    for (int n = 0; (block = step_block(step, BLOCK_ALSO, n)) != NULL; n++)
        TRY(try_passing(verifier, block, block->commands, "V5"));
    for (int n = 0; (block = step_block(step, BLOCK_WRONG, n)) != NULL; n++)
        TRY(try_wrong(verifier, block, block->commands, "V4"));
    if (verifier->seed > 0)
        return ok();
    return try_orders(verifier);
}

static void tell_margins(Verifier *verifier, int i)
{
    const Check *check = &verifier->step->checks[i];

    for (int n = 0; n < verifier->margins[i].count; n++) {
        const Margin *margin = &verifier->margins[i].all[n];
        Measure share = margin_share(margin);

        if (share.none)
            continue;
        verifier->least_margin = fmin(verifier->least_margin, share.value);
        if (share.value < fail_below)
            verify_fault(verifier, check->line, "V9",
                         "check %s: the margin of %s is %.0f%%; 25%% is "
                         "the least",
                         check->name, margin->text, share.value * 100.0);
        else if (share.value < warn_below)
            verify_warning(verifier, check->line, "V9", "check %s: the margin of %s is %.0f%%",
                           check->name, margin->text, share.value * 100.0);
    }
}

Status verify_step(Verifier *verifier)
{
    const Step *step = verifier->step;
    Status status = ok();

    for (int i = 0; i < step->check_count; i++)
        margins_find(step->checks[i].predicate, &verifier->margins[i]);
    for (verifier->seed = 0; verifier->seed < verifier->spec->seeds && !failed(status);
         verifier->seed++) {
        verifier->repl->teacher->seed = (uint64_t)verifier->seed + 1;
        status = try_all(verifier);
    }
    for (int i = 0; i < step->check_count; i++) {
        if (!failed(status))
            tell_margins(verifier, i);
        margins_release(&verifier->margins[i]);
    }
    return status;
}

static Status judge_question(Verifier *verifier)
{
    const Step *step = verifier->step;
    Snapshot snapshot = {0};
    bool holds = true, staged;
    Status status;

    TRY(set_stage(verifier, &staged));
    if (!staged || step->verify == NULL)
        return ok();
    status = measure(verifier->repl, expr_needs(step->verify), &snapshot);
    if (!failed(status))
        status = expr_test(step->verify, &snapshot, &holds);
    snapshot_release(&snapshot);
    if (status.code == STATUS_INTERRUPTED)
        return status;
    if (failed(status) || !holds)
        verify_fault(verifier, step->line, "V11",
                     "its @verify is not true behind its setup (seed %d)%s%.100s",
                     verifier->seed + 1, failed(status) ? ": " : "", status.text);
    return ok();
}

Status verify_staged_question(Verifier *verifier)
{
    for (verifier->seed = 0; verifier->seed < verifier->spec->seeds; verifier->seed++) {
        verifier->repl->teacher->seed = (uint64_t)verifier->seed + 1;
        TRY(judge_question(verifier));
    }
    return ok();
}

Status verify_card(Verifier *verifier)
{
    const Step *demo = &verifier->lesson->demo;
    const Block *say;

    if (step_block(demo, BLOCK_SAY, 0) == NULL)
        return ok();
    TRY(verify_fresh(verifier));
    for (int n = 0; (say = step_block(demo, BLOCK_SAY, n)) != NULL; n++) {
        Status status = verify_run(verifier, say->commands);

        if (status.code == STATUS_INTERRUPTED)
            return status;
        if (failed(status)) {
            verify_fault(verifier, say->line, "V17", "its commands fail: %s", status.text);
            return ok();
        }
    }
    return ok();
}
