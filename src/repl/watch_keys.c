/* The keys of the open view. */
#include "repl/watch_state.h"

#include "repl/interrupt.h"
#include "repl/watch.h"

#include <string.h>

static const double step_wait = 0.005; /* seconds */
static const double fastest = 4000.0, slowest = 0.25;

double watch_pace(double pace, bool up)
{
    if (up)
        return pace == 0.0 || pace * 2.0 > fastest ? 0.0 : pace * 2.0;
    if (pace == 0.0)
        return fastest / 2.0;
    return pace / 2.0 < slowest ? pace : pace / 2.0;
}

const char *watch_neighbour(const Snapshot *snapshot, const char *name, int steps)
{
    int count = snapshot->tensor_count, at = 0;

    if (count == 0)
        return NULL;
    while (at < count && strcmp(snapshot->tensors[at].name, name) != 0)
        at++;
    if (at == count)
        return snapshot->tensors[0].name;
    return snapshot->tensors[((at + steps) % count + count) % count].name;
}

void watch_set_pace(Watch *watch, double pace)
{
    Settings wanted = *session_settings(watch->session);
    int64_t step;

    wanted.pace = pace;
    watch->trouble = session_apply(watch->session, &wanted, &step);
}

static void pause_or_go(Watch *watch)
{
    Goal goal = {.at_pace = true};

    if (session_training(watch->session))
        session_pause(watch->session);
    else
        watch->trouble = session_start(watch->session, &goal);
}

static void one_step(Watch *watch)
{
    Goal goal = {.steps = 1};

    session_pause(watch->session);
    watch->trouble = session_start(watch->session, &goal);
    while (!failed(watch->trouble) && !session_wait(watch->session, step_wait) &&
           !interrupt_pending())
        ;
}

static void look_at(Watch *watch, int steps)
{
    Gaze *gaze = &watch->view->gaze;
    const TensorFacts *present = gaze_tensor(gaze, &watch->taken[0]);
    const char *name =
        watch_neighbour(&watch->taken[0], present == NULL ? "" : present->name, steps);

    if (name != NULL)
        text_copy(gaze->tensor, sizeof gaze->tensor, name);
}

/* While a command measures, the session is its own. */
static void act_on_training(Watch *watch, ViewKey key)
{
    double pace = session_settings(watch->session)->pace;

    if (watch->busy && !session_training(watch->session))
        return;
    if (key == VIEW_KEY_PAUSE)
        pause_or_go(watch);
    if (key == VIEW_KEY_STEP)
        one_step(watch);
    if (key == VIEW_KEY_FASTER || key == VIEW_KEY_SLOWER)
        watch_set_pace(watch, watch_pace(pace, key == VIEW_KEY_FASTER));
}

void watch_key(Watch *watch, ViewKey key)
{
    watch->trouble = ok();
    watch->message = NULL;
    act_on_training(watch, key);
    if (key == VIEW_KEY_NEXT || key == VIEW_KEY_PREVIOUS)
        look_at(watch, key == VIEW_KEY_NEXT ? 1 : -1);
    if (key == VIEW_KEY_PAGE_UP || key == VIEW_KEY_PAGE_DOWN)
        answers_scroll(watch->answers, key == VIEW_KEY_PAGE_UP ? -1 : 1);
    if (key == VIEW_KEY_REPAINT)
        screen_repaint(watch->screen);
    if (failed(watch->trouble))
        watch->message = watch->trouble.text;
    watch->drawn = -1;
}
