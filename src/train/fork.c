/* Runs that come and go beside each other: the rest of session.h. */
#include "train/worker.h"

#include <string.h>

static bool is_name_char(char c, bool first)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    return letter || (!first && ((c >= '0' && c <= '9') || c == '-' || c == '_'));
}

bool is_run_name(const char *name)
{
    size_t length = 0;

    while (is_name_char(name[length], length == 0))
        length++;
    return length > 0 && length < RUN_NAME && name[length] == '\0';
}

int session_run_named(const Session *session, const char *name)
{
    for (int i = 0; i < session->names.count; i++)
        if (strcmp(session->names.all[i], name) == 0)
            return i;
    return -1;
}

static Status check_name(const Session *session, const char *name)
{
    if (strcmp(name, "all") == 0)
        return fail(STATUS_USAGE, "`all: COMMAND` means every run, so none is called all; try b");
    if (!is_run_name(name))
        return fail(STATUS_USAGE,
                    "a run is called by a letter and up to %d more letters, digits, - or _; try b",
                    RUN_NAME - 2);
    if (session_run_named(session, name) >= 0)
        return fail(STATUS_USAGE, "there is a run %s already; choose another name, or drop it",
                    name);
    return ok();
}

static Status check_room(const Session *session, const Settings *wanted)
{
    int64_t most = experiment_most(session->here.class), all;

    if (session->runs.count == RUNS_MOST)
        return fail(STATUS_USAGE, "a session holds up to %d runs; drop one first", RUNS_MOST);
    all = experiment_size(session->here.class, wanted, runs_used(session)->data->set) +
          runs_size(session) + beside_size(session);
    if (all > most)
        return fail(STATUS_MEMORY,
                    "one more run, the present ones and what undo keeps need %lld MiB together; "
                    "%lld MiB is the most that is taken",
                    (long long)(all >> 18), (long long)(most >> 18));
    return ok();
}

/* Other weights can only begin where the others do. */
static Status check_beginning(const Experiment *from, const Settings *wanted)
{
    if (settings_same_run(&from->settings, wanted) || from->facts.step == 0)
        return ok();
    return fail(STATUS_USAGE,
                "another net or loss begins at step 0, and the runs that it would step with are at "
                "step %lld; say reset first",
                (long long)from->facts.step);
}

static Status copy_run(const Session *session, const Experiment *from, Experiment **made)
{
    Checkpoint *checkpoint;
    Status status;

    TRY(checkpoint_take(from, &checkpoint));
    status = runs_put_up(session, from->data, &from->settings, checkpoint, made);
    checkpoint_free(checkpoint);
    return status;
}

static Status change_copy(Experiment *made, const ForkSpec *spec)
{
    TRY(experiment_change(made, &spec->settings));
    if (spec->scale > 0.0f)
        experiment_set_scale(made, spec->scale);
    else if (spec->new_scaler)
        experiment_restart_scaler(made);
    return ok();
}

static Status make_fork(const Session *session, const ForkSpec *spec, Experiment **made)
{
    const Experiment *from = runs_used(session);
    Status status;

    if (settings_same_run(&from->settings, &spec->settings))
        TRY(copy_run(session, from, made));
    else
        TRY(runs_put_up(session, from->data, &spec->settings, NULL, made));
    status = change_copy(*made, spec);
    if (failed(status))
        experiment_free(*made);
    return status;
}

/* What its parent differed in from others, it differs in too. */
static void take_differences(Runs *runs, int made)
{
    Differences *differences = &runs->differences;

    for (int i = 0; i < runs->count; i++)
        differences->first[made][i] = differences->first[i][made] =
            i == runs->used || i == made ? -1 : differences->first[runs->used][i];
}

static void log_fork(Experiment *from, Experiment *made, const ForkSpec *spec)
{
    Text words = {0};

    settings_difference(&from->settings, &made->settings, &words);
    events_add(&from->facts.events, EVENT_RUN, from->facts.step, "%s was forked from here: %s",
               spec->name, words.length == 0 ? "the same settings" : text_chars(&words));
    events_add(&made->facts.events, EVENT_RUN, made->facts.step, "forked from %s: %s",
               from->facts.run_name, words.length == 0 ? "the same settings" : text_chars(&words));
    text_release(&words);
}

static void journal_fork(Session *session, const Settings *before, const Experiment *made,
                         const ForkSpec *spec)
{
    char number[NUMBER_TEXT];

    journal_add(&session->journal, made, "fork %s", spec->name);
    journal_reach(&session->journal, made, true);
    journal_settings(&session->journal, before, made);
    if (spec->scale > 0.0f)
        journal_add(&session->journal, made, "scale %s", float_friendly(spec->scale, number));
    else if (spec->new_scaler)
        journal_scaler(&session->journal, made);
}

typedef struct Fork {
    const ForkSpec *spec;
    int64_t step;
} Fork;

static void add_run(Session *session, Experiment *made, const char *name)
{
    Runs *runs = &session->runs;
    int place = runs->count++;

    text_copy(made->facts.run_name, RUN_NAME, name);
    made->run = ++session->begun;
    runs->all[place] = made;
    take_differences(runs, place);
    session->training.of[place].first_step = made->facts.step + 1;
    session->training.of[place].skipped = made->facts.skipped;
}

static Status fork_job(Session *session, void *argument)
{
    Fork *fork = argument;
    Experiment *from = runs_used(session), *made;
    Settings before = from->settings;
    Status status;

    fork->step = from->facts.step;
    TRY(from->problem);
    TRY(check_beginning(from, &fork->spec->settings));
    TRY(check_room(session, &fork->spec->settings));
    journal_reach(&session->journal, from, session->runs.count > 1);
    TRY(make_fork(session, fork->spec, &made));
    add_run(session, made, fork->spec->name);
    status = rescue_renew(session);
    if (failed(status)) {
        session->runs.count--;
        experiment_free(made);
        return status;
    }
    log_fork(from, made, fork->spec);
    timeline_regroup(session);
    journal_fork(session, &before, made, fork->spec);
    session_copy_out(session);
    return ok();
}

Status session_fork(Session *session, const ForkSpec *spec, int64_t *step)
{
    Fork fork = {.spec = spec};

    TRY(check_name(session, spec->name));
    TRY(settings_check(&spec->settings));
    TRY(worker_change(session, fork_job, &fork));
    *step = fork.step;
    return ok();
}

static Status use_job(Session *session, void *argument)
{
    session->runs.used = *(const int *)argument;
    session_copy_out(session);
    return ok();
}

Status session_use(Session *session, int i)
{
    return i == session->names.used ? ok() : worker_ask(session, use_job, &i);
}

typedef struct Drop {
    int run;
    bool kept;
} Drop;

/* Undo brings it back with the others, unless that would be more than is taken. */
static Status keep_for_undo(Session *session, Drop *drop)
{
    const Runs *runs = &session->runs;
    int64_t all = runs_size(session);
    KeptRuns kept;

    for (int i = 0; i < runs->count; i++)
        if (failed(runs->all[i]->problem))
            return ok();
    if (2 * all - runs->all[drop->run]->numbers > experiment_most(session->here.class))
        return ok();
    TRY(runs_take(session, &kept));
    kept_release(&session->previous);
    session->previous = kept;
    drop->kept = true;
    return ok();
}

/* Row and column `gone` are left out. */
static void close_gap(Differences *differences, int gone)
{
    const Differences old = *differences;

    for (int i = 0; i < RUNS_MOST - 1; i++)
        for (int j = 0; j < RUNS_MOST - 1; j++)
            differences->first[i][j] = old.first[i + (i >= gone)][j + (j >= gone)];
}

/* Nothing that can fail, as the job is done by then. */
static void take_out_of_rescue(KeptRuns *kept, int gone)
{
    if (kept->count == 0)
        return;
    checkpoint_free(kept->all[gone]);
    kept->count--;
    for (int i = gone; i < kept->count; i++)
        kept->all[i] = kept->all[i + 1];
    close_gap(&kept->differences, gone);
    kept->used = 0; /* whichever is in use then is */
}

static void take_out(Session *session, int gone)
{
    Runs *runs = &session->runs;
    Training *training = &session->training;
    Experiment *run = runs->all[gone];

    if (session->is_training && training->until != NULL && training->until_run == gone)
        worker_stop(session, fail(STATUS_USAGE, "training ended: it asked %s, which was dropped",
                                  run->facts.run_name));
    runs->count--;
    for (int i = gone; i < runs->count; i++) {
        runs->all[i] = runs->all[i + 1];
        training->of[i] = training->of[i + 1];
    }
    close_gap(&runs->differences, gone);
    if (session->trace != NULL)
        trace_close_lane(session->trace, gone);
    training->until_run -= training->until_run > gone;
    if (runs->used == gone)
        runs->used = 0;
    else
        runs->used -= runs->used > gone;
    experiment_free(run);
}

static Status drop_job(Session *session, void *argument)
{
    Drop *drop = argument;
    char name[RUN_NAME];

    text_copy(name, sizeof name, session->runs.all[drop->run]->facts.run_name);
    journal_reach(&session->journal, runs_used(session), true);
    TRY(keep_for_undo(session, drop));
    take_out(session, drop->run);
    take_out_of_rescue(&session->rescue.kept, drop->run);
    runs_drop_unused(session);
    timeline_regroup(session);
    journal_add(&session->journal, runs_used(session), "drop %s", name);
    session_copy_out(session);
    return ok();
}

Status session_drop(Session *session, int i, bool *kept)
{
    Drop drop = {.run = i};

    if (session->names.count == 1)
        return fail(STATUS_USAGE,
                    "%s is the only run, and a session has one; reset begins it again",
                    session->names.all[i]);
    TRY(worker_change(session, drop_job, &drop));
    *kept = drop.kept;
    return ok();
}

typedef struct Stage {
    const StagedRun *runs;
    int count;
    const char *command;
} Stage;

static Status stage_job(Session *session, void *argument)
{
    const Stage *stage = argument;
    NewRun next[RUNS_MOST];

    journal_reach(&session->journal, runs_used(session), false);
    for (int i = 0; i < stage->count; i++) {
        next[i] = (NewRun){.settings = stage->runs[i].settings};
        next[i].settings.data.seed = next[i].settings.seed;
        text_copy(next[i].name, RUN_NAME, stage->runs[i].name);
    }
    TRY(runs_begin(session, next, stage->count, 0));
    journal_add(&session->journal, runs_used(session), "%s", stage->command);
    session_copy_out(session);
    return ok();
}

Status session_stage(Session *session, const StagedRun *runs, int count, const char *command)
{
    Stage stage = {.runs = runs, .count = count, .command = command};

    for (int i = 0; i < count; i++)
        TRY(settings_check(&runs[i].settings));
    return worker_change(session, stage_job, &stage);
}
