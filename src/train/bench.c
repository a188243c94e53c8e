/* Timing steps beside the run that stands: a run of its own, over the same data, that is then let
 * go. Only the orders of the data set on the device are shared. */
#include "train/worker.h"

#include "amp/autocast.h"
#include "program/cost.h"

#include <stdlib.h>

enum { REPEATS = 5, WARM_UP_STEPS = 64, MOST_STEPS = 1 << 20 };

static const double warm_up_seconds = 0.2, usual_seconds = 1.0, longest_seconds = 10.0;

/* Takes steps as a training does, the last of them awaited, and says how long one took. */
static Status take_steps(Session *session, Experiment *experiment, int64_t steps, double *seconds)
{
    double begun = clock_seconds();

    for (int64_t i = 0; i < steps; i++) {
        if (atomic_load(&session->interrupt))
            return fail(STATUS_INTERRUPTED, "interrupted");
        TRY(experiment_start_step(experiment));
        TRY(experiment_collect(experiment, false));
    }
    TRY(experiment_collect(experiment, true));
    *seconds = (clock_seconds() - begun) / (double)steps;
    return ok();
}

/* `seconds`: of a step, roughly. */
static Status warm_up(Session *session, Experiment *experiment, double *seconds)
{
    double begun = clock_seconds();

    for (int64_t steps = 1; steps <= WARM_UP_STEPS; steps *= 2) {
        TRY(take_steps(session, experiment, steps, seconds));
        if (clock_seconds() - begun >= warm_up_seconds)
            break;
    }
    return ok();
}

static int64_t steps_within(double limit, double step_seconds, int64_t most)
{
    double fitting = limit / step_seconds;

    return fitting >= (double)most ? most : fitting < 1.0 ? 1 : (int64_t)fitting;
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, ascending);
    return (values[(count - 1) / 2] + values[count / 2]) / 2.0;
}

static Status time_steps(Session *session, Experiment *experiment, const BenchSpec *spec,
                         BenchFacts *facts)
{
    double limit = spec->steps > 0 ? longest_seconds : usual_seconds;
    double seconds[REPEATS], roughly = 0.0, begun;
    int64_t wanted, skipped;
    int repeats;

    TRY(warm_up(session, experiment, &roughly));
    wanted = steps_within(limit, roughly, spec->steps > 0 ? spec->steps : MOST_STEPS);
    repeats = wanted < REPEATS ? (int)wanted : REPEATS;
    skipped = experiment->facts.skipped;
    begun = clock_seconds();
    /* A machine that has become slower meanwhile does fewer. */
    for (int i = 0; i < repeats && (i == 0 || clock_seconds() - begun < 2.0 * limit); i++) {
        int64_t steps = wanted * (i + 1) / repeats - wanted * i / repeats;

        TRY(take_steps(session, experiment, steps, &seconds[i]));
        facts->steps += steps;
        facts->repeats++;
    }
    facts->skipped = experiment->facts.skipped - skipped;
    facts->seconds = median(seconds, facts->repeats);
    return ok();
}

/* Only fp16 needs a scale: the learner's own, or else the usual one. */
static Settings settings_for(const Settings *present, const BenchSpec *spec)
{
    Settings settings = *present;

    settings.autocast = spec->format;
    settings.probes = spec->probes;
    if (failed(policy_check(&settings.policy, spec->format, autocast_result(spec->format))))
        settings.policy = (Policy){0}; /* nothing can be kept from it, or forced into it */
    if (spec->format != FORMAT_FP16)
        settings.scaler.mode = SCALE_OFF;
    else if (settings.scaler.mode == SCALE_OFF)
        settings.scaler = scaler_spec_default();
    return settings;
}

Status session_room_beside(const Session *session, const Settings *settings, const char *what)
{
    const BackendClass *class = session->here.class;
    int64_t all = experiment_size(class, settings, runs_used(session)->data->set) +
                  runs_size(session) + beside_size(session);

    if (all > experiment_most(class))
        return fail(STATUS_MEMORY,
                    "this run, the one behind undo and the one to be %s need %lld MiB together; "
                    "%lld MiB is the most, so try a smaller network or batch",
                    what, (long long)(all >> 18), (long long)(experiment_most(class) >> 18));
    return ok();
}

static Status bench_job(Session *session, void *argument)
{
    BenchAsked *bench = argument;
    const BenchSpec *spec = bench->spec;
    BenchFacts *facts = bench->facts;
    Experiment *current = runs_used(session), *experiment;
    Settings settings = settings_for(&current->settings, spec);
    Status status;

    if (bench->on != NULL && bench->on != session->here.backend)
        return fail(STATUS_DEVICE, "what was to be timed is lost; bench again times the cpu");
    bench->on = session->here.backend;
    TRY(settings_check(&settings));
    TRY(session_room_beside(session, &settings, "timed"));
    TRY(experiment_new(session->here.class, session->here.backend, current->data, &settings,
                       &experiment));
    *facts = (BenchFacts){
        .format = spec->format,
        .probes = spec->probes,
        .batch = settings_examples(&settings),
        .flops = program_flops(&experiment->program),
        .memory = experiment->facts.memory,
    };
    status = time_steps(session, experiment, spec, facts);
    experiment_free(experiment);
    for (int i = 0; i < session->runs.count; i++)
        experiment_forget_orders(session->runs.all[i]);
    return status;
}

Status session_bench_begin(Session *session, const BenchSpec *spec, BenchFacts *facts)
{
    if (session_training(session))
        return fail(STATUS_USAGE, "a training is under way and would share the machine; say pause");
    TRY(session->problem);
    TRY(worker_between_steps(session));
    atomic_store(&session->interrupt, false);
    session->bench = (BenchAsked){.spec = spec, .facts = facts};
    worker_post(session, bench_job, &session->bench);
    return ok();
}

bool session_bench_ended(Session *session, double seconds, Status *status)
{
    if (!worker_answered(session, seconds, status))
        return false;
    if (status->code == STATUS_INTERRUPTED)
        *status = fail(STATUS_INTERRUPTED, "bench was ended; the run is as it was before");
    return true;
}
