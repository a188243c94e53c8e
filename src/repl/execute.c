#include "repl/execute.h"

#include "base/memory.h"
#include "repl/args.h"
#include "repl/commands.h"
#include "repl/find_run.h"
#include "repl/interrupt.h"
#include "repl/lesson_reach.h"
#include "repl/measure.h"
#include "repl/mistake.h"
#include "repl/phrase.h"
#include "repl/state.h"
#include "repl/teacher.h"
#include "repl/teacher_files.h"
#include "train/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A command that is ready to run. */
typedef struct Planned {
    Args args;
    Mark run; /* the run that it names; empty: none */
} Planned;

/* A line read into them. */
typedef struct Plan {
    const char *line;
    Planned *commands;
    size_t count, room;
    Mark fault;
} Plan;

static void plan_release(Plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        args_release(&plan->commands[i].args);
    free(plan->commands);
}

/* Of the name of a run, in a sentence. */
static int shown(Mark run)
{
    size_t length = run.end - run.start;

    return length < RUN_NAME ? (int)length : RUN_NAME;
}

/* A verb or an answer of the lesson that runs, where somebody types it and no command has its name. */
static bool takes_bare(const Repl *repl, Mark run, const char *word)
{
    return repl->depth == 0 && run.end == run.start && command_find(word) == NULL &&
           teacher_takes(repl, word);
}

static Status read_verb(const Repl *repl, Lexer *lexer, Mark run, Mark *mark,
                        const Command **command)
{
    Word verb = {0};
    bool got;
    Status status;

    TRY(lexer_word(lexer, &verb, &got));
    *mark = lexer->fault = got ? verb.mark : run;
    if (got && takes_bare(repl, run, verb.text)) {
        lexer->at = verb.mark.start; /* it is the first argument */
        word_release(&verb);
        *command = command_find("lesson");
        return ok();
    }
    if (!got)
        return fail(STATUS_USAGE, "behind `%.*s:` comes a command; try %.*s: print loss",
                    shown(run), lexer->line + run.start, shown(run), lexer->line + run.start);
    status = command_resolve(verb.text, repl->prompt && repl->depth == 0, command);
    if (failed(status) && repl->depth == 0 && teacher_verb(verb.text))
        status = fail(STATUS_USAGE, "%.20s belongs into a lesson; begin one, as in: lesson L1",
                      verb.text);
    word_release(&verb);
    return status;
}

static Status read_line(Repl *repl, const char *line, Plan *plan)
{
    Lexer lexer = {.line = line};

    plan->line = line;
    while (lexer_command(&lexer)) {
        const Command *command = NULL;
        Mark verb = {0}, run = lexer_run(&lexer);
        Status status = read_verb(repl, &lexer, run, &verb, &command);
        Planned *planned;

        plan->fault = lexer.fault;
        if (failed(status))
            return status;
        plan->commands = grow(plan->commands, plan->count, &plan->room, sizeof(*plan->commands));
        planned = &plan->commands[plan->count++];
        planned->run = run;
        status = args_read(command, verb, &lexer, &planned->args);
        plan->fault = planned->args.blame;
        if (failed(status))
            return status;
    }
    return ok();
}

static Status check_needs(const Repl *repl, const Command *command)
{
    if ((command->needs & NEEDS_PROMPT) != 0 && !repl->prompt)
        return fail(STATUS_USAGE, "%s is for the prompt, where pause can be typed; try train 1000",
                    command->name);
    return ok();
}

/* What happened by itself meanwhile. */
static void tell_news(Repl *repl)
{
    Text news = {0};

    if (session_news(repl->session, &news))
        repl_note(repl, "%s", text_chars(&news));
    text_release(&news);
}

static void append_marks(const Ahead *ahead, Text *text)
{
    for (int i = 0; i < ahead->mark_count; i++) {
        const char *before = i == 0 ? " and the mark" : i + 1 < ahead->mark_count ? ", " : " and ";

        text_printf(text, "%s%s%s", before,
                    i > 0                   ? ""
                    : ahead->mark_count > 1 ? "s "
                                            : " ",
                    ahead->marks[i]);
    }
}

/* What was kept ahead of where `rewind` went is let go of by whatever is done there. */
static void tell_gone(Repl *repl)
{
    Ahead was = repl->ahead;
    char from[NUMBER_TEXT], to[NUMBER_TEXT];
    Text line = {0};

    if (!repl->back)
        return;
    repl->back = session_ahead(repl->session, &repl->ahead);
    if (repl->back)
        return;
    if (was.from < was.to)
        text_printf(&line, "steps %s to %s that lay ahead", phrase_count(was.from, from),
                    phrase_count(was.to, to));
    else if (was.from == was.to)
        text_printf(&line, "step %s that lay ahead", phrase_count(was.from, from));
    else
        text_append(&line, "what was changed here later");
    append_marks(&was, &line);
    repl_note(repl, "%s %s gone", text_chars(&line),
              was.from < was.to || was.mark_count > 0 ? "are" : "is");
    text_release(&line);
}

static Status carry_out(Repl *repl, Args *args)
{
    Status status = check_needs(repl, args->command);

    if (!failed(status) && repl->teacher != NULL &&
        (repl->teacher->checking || repl->teacher->staging))
        status = reach_of_command(args);
    measure_ended(repl);
    if (!failed(status))
        status = args->command->run(repl, args);
    measure_ended(repl);
    tell_news(repl);
    tell_gone(repl);
    fflush(stdout);
    if (!failed(status) && interrupt_pending())
        return fail(STATUS_INTERRUPTED, "interrupted");
    return status;
}

/* To the run that was in use before `name` was, unless the command itself chose another. */
static Status use_again(Session *session, const char *before, const char *name)
{
    int run = session_run_named(session, before), now = session_run_current(session);

    if (run < 0 || (session_run_named(session, name) >= 0 &&
                    strcmp(session_run_name(session, now), name) != 0))
        return ok();
    return session_use(session, run);
}

static Status carry_out_in(Repl *repl, const char *name, Args *args)
{
    Session *session = repl->session;
    char before[RUN_NAME];
    Status status, back;
    int run;

    text_copy(before, sizeof before, session_run_name(session, session_run_current(session)));
    TRY(find_run(session, name, &run));
    args->blame = args->verb;
    TRY(session_use(session, run));
    status = carry_out(repl, args);
    back = use_again(session, before, name);
    return failed(status) ? status : back;
}

/* Each run in turn, its results behind its name; all at the same step. */
static Status carry_out_in_all(Repl *repl, Args *args)
{
    char names[RUNS_MOST][RUN_NAME];
    int count = session_run_count(repl->session);
    Status status = ok();

    for (int i = 0; i < count; i++)
        text_copy(names[i], RUN_NAME, session_run_name(repl->session, i));
    session_hold(repl->session, true);
    for (int i = 0; i < count && !failed(status); i++) {
        repl->label = count > 1 ? names[i] : NULL;
        status = carry_out_in(repl, names[i], args);
    }
    session_hold(repl->session, false);
    repl->label = NULL;
    return status;
}

static Status carry_out_planned(Repl *repl, const char *line, Planned *planned)
{
    const Command *command = planned->args.command;
    size_t length = planned->run.end - planned->run.start;
    char name[RUN_NAME + 1];

    repl->for_all = (command->needs & ACTS_ON_ALL) != 0;
    if (length == 0)
        return carry_out(repl, &planned->args);
    text_copy(name, length < sizeof name ? length + 1 : sizeof name, line + planned->run.start);
    planned->args.blame = planned->run;
    if (strcmp(name, "all") != 0)
        return carry_out_in(repl, name, &planned->args);
    if ((command->needs & ONE_RUN) != 0)
        return fail(STATUS_USAGE, "%s is for one run at a time; name it, as in `%s: %s`",
                    command->name, session_run_name(repl->session, 0), command->name);
    planned->args.blame = planned->args.verb;
    if (repl->for_all)
        return carry_out(repl, &planned->args);
    return carry_out_in_all(repl, &planned->args);
}

static Status run_plan(Repl *repl, Plan *plan)
{
    for (size_t i = 0; i < plan->count && !repl->quitting; i++) {
        Status status = carry_out_planned(repl, plan->line, &plan->commands[i]);

        plan->fault = plan->commands[i].args.blame;
        if (failed(status))
            return status;
    }
    return ok();
}

/* Once: `said` is how the line failed. The lines of a card set their stage together. */
static void show_problem(Repl *repl, Status said)
{
    Status problem;

    if (!repl->check_due || repl->depth > 0)
        return;
    repl->check_due = false;
    if (teacher_on(repl) && repl->teacher->card >= 0)
        return;
    problem = session_problem(repl->session);
    if (failed(problem) && strcmp(problem.text, said.text) != 0)
        repl_note(repl, "not ready to train yet: %s", problem.text);
}

/* Files written beside the training have no command of their own to fail. */
static void show_trace_problem(Repl *repl)
{
    Status problem = session_trace_problem(repl->session);

    if (failed(problem))
        repl_note(repl, "%s", problem.text);
}

static void show_mistake(Repl *repl, const char *where, const char *line, Mark mark, Status status)
{
    Text text = {0};

    if (status.code != STATUS_INTERRUPTED)
        mistake_print(line, mistake_narrow(line, mark, status.text), &text);
    text_printf(&text, "%s%s\n", where, status.text);
    repl_complain(repl, text_chars(&text));
    text_release(&text);
}

static Status read_and_run(Repl *repl, const char *line, Mark *fault)
{
    Plan plan = {0};
    Status status = read_line(repl, line, &plan);

    if (!failed(status))
        status = run_plan(repl, &plan);
    *fault = plan.fault;
    plan_release(&plan);
    return status;
}

Status execute_line(Repl *repl, const char *where, const char *line)
{
    Mark fault = {0};
    Status status;

    if (repl->prompt && repl->depth == 0)
        interrupt_clear();
    repl->reported = false;
    if (repl->depth == 0)
        teacher_typed(repl, line);
    status = read_and_run(repl, line, &fault);
    if (failed(status) && !repl->reported)
        show_mistake(repl, where, line, fault, status);
    repl->reported = failed(status);
    show_problem(repl, status);
    show_trace_problem(repl);
    if (repl->depth == 0)
        teacher_look(repl);
    return status;
}

Status execute_quietly(Repl *repl, const char *line)
{
    Mark fault = {0};
    Status status;

    if (repl->depth >= SCRIPTS_DEEPEST)
        return fail(STATUS_USAGE,
                    "scripts call each other more than %d deep; does one call itself?",
                    SCRIPTS_DEEPEST);
    repl->depth++;
    status = read_and_run(repl, line, &fault);
    repl->depth--;
    return status;
}

bool execute_finished(const Repl *repl)
{
    return repl->quitting;
}

bool execute_reported(const Repl *repl)
{
    return repl->reported;
}
