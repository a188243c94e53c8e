#include "repl/measure.h"

#include "repl/interrupt.h"
#include "repl/state.h"
#include "repl/teacher.h"

static Status take(Repl *repl, ExprNeeds needs, Snapshot *snapshot)
{
    Status status;

    if (!needs.accuracy && !needs.moved) {
        session_snapshot(repl->session, snapshot);
        return ok();
    }
    interrupt_direct(repl->session);
    status = session_measure(repl->session, needs, snapshot);
    interrupt_direct(NULL);
    return status;
}

Status measure(Repl *repl, ExprNeeds needs, Snapshot *snapshot)
{
    TRY(take(repl, needs, snapshot));
    snapshot->past = &repl->past;
    return ok();
}

/* What is done while a step is kept for later does not count for it. */
static bool counts(const Repl *repl)
{
    return repl->teacher == NULL || !repl->teacher->playing;
}

void measure_looked(Repl *repl, double number)
{
    if (counts(repl))
        past_add_look(&repl->past, number);
}

void measure_summed(Repl *repl, const PastSum *sum)
{
    if (counts(repl))
        past_add_sum(&repl->past, sum);
}

/* What cannot be measured now is missing from it; the training itself is kept all the same. */
static void keep_run(Repl *repl)
{
    Snapshot snapshot = {0};

    if (failed(take(repl, repl->past_needs, &snapshot)))
        session_snapshot(repl->session, &snapshot);
    if (snapshot.step > 0)
        past_add_run(&repl->past, &snapshot);
    snapshot_release(&snapshot);
}

void measure_ended(Repl *repl)
{
    Session *session = repl->session;
    int64_t ended = session_trainings(session);
    int used = session_run_current(session);

    if (ended == repl->trainings || session_training(session))
        return;
    repl->trainings = ended;
    if (!counts(repl))
        return;
    for (int i = 0; i < session_run_count(session); i++)
        if (!failed(session_use(session, i)))
            keep_run(repl);
    (void)failed(session_use(session, used));
}
