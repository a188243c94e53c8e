/* Where a training ends by itself: behind its last step, or where a condition is true. */
#include "train/worker.h"

static Status until_reached(Session *session, bool *reached)
{
    const Training *training = &session->training;
    Experiment *asked;
    ExprNeeds needs;

    if (training->until == NULL)
        return ok();
    asked = session->runs.all[training->until_run];
    needs = expr_needs(training->until);
    if (needs.accuracy && asked->facts.step % experiment_epoch_steps(asked) == 0) {
        TRY(experiment_accuracy(asked));
        timeline_measured(session);
    }
    experiment_refresh(asked);
    if (needs.moved)
        experiment_moved(asked);
    return expr_test(training->until, &asked->facts, reached);
}

Status goal_reached(Session *session, bool *reached)
{
    const Training *training = &session->training;

    *reached = training->wanted > 0 && training->done >= training->wanted;
    TRY(until_reached(session, reached));
    return breaks_test(session, reached);
}
