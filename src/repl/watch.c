#include "repl/watch.h"

#include "repl/interrupt.h"
#include "repl/phrase.h"
#include "repl/state.h"
#include "view/layout.h"
#include "view/screen.h"

#include <stdio.h>
#include <string.h>

enum { KEYS = 128 };

static const double frame = 1.0 / 30.0; /* seconds */
static const double first_pace = 60.0, fastest = 4000.0, slowest = 0.25;

typedef struct Watch {
    Repl *repl;
    Session *session;
    Screen *screen;
    Snapshot snapshot;
    ViewSettings *view;
    const char *message; /* NULL: the keys are shown */
    Status trouble;      /* of a key; its text is shown */
    bool theirs;         /* the training was under way before the view */
    bool done, gone;     /* q; the terminal has closed */
} Watch;

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

static void set_pace(Watch *watch, double pace)
{
    Settings wanted = *session_settings(watch->session);
    int64_t step;

    wanted.pace = pace;
    watch->trouble = session_apply(watch->session, &wanted, &step);
}

static void go(Watch *watch)
{
    Goal goal = {.at_pace = true};

    watch->theirs = false;
    watch->trouble = session_start(watch->session, &goal);
}

static void pause_or_go(Watch *watch)
{
    if (session_training(watch->session))
        session_pause(watch->session);
    else
        go(watch);
}

static void one_step(Watch *watch)
{
    Goal goal = {.steps = 1};

    session_pause(watch->session);
    watch->theirs = false;
    watch->trouble = session_start(watch->session, &goal);
    while (!failed(watch->trouble) && !session_wait(watch->session, frame) && !interrupt_pending())
        ;
}

static void look_at(Watch *watch, int steps)
{
    const TensorFacts *now = gaze_tensor(&watch->view->gaze, &watch->snapshot);
    const char *name = watch_neighbour(&watch->snapshot, now == NULL ? "" : now->name, steps);

    if (name != NULL)
        text_copy(watch->view->gaze.tensor, sizeof(watch->view->gaze.tensor), name);
}

static void take_letter(Watch *watch, int key)
{
    double pace = session_settings(watch->session)->pace;

    switch (key) {
    case ' ':
        pause_or_go(watch);
        break;
    case 's':
        one_step(watch);
        break;
    case '+':
    case '=':
    case '-':
        set_pace(watch, watch_pace(pace, key != '-'));
        break;
    case 'n':
    case 'p':
        look_at(watch, key == 'n' ? 1 : -1);
        break;
    case 'w':
        watch->view->gaze.tensor[0] = '\0';
        break;
    case 't':
        watch->view->gaze.true_values = !watch->view->gaze.true_values;
        break;
    default:
        break;
    }
}

enum { CONTROL_C = 3 };

static void take_key(Watch *watch, int key)
{
    if (key != KEY_NONE && key != KEY_RESIZED)
        watch->message = NULL;
    watch->gone = key == KEY_GONE;
    watch->done = watch->gone || key == 'q' || key == KEY_ESCAPE || key == CONTROL_C;
    if (watch->done)
        return;
    if (key == KEY_MOVE_LEFT || key == KEY_MOVE_RIGHT)
        look_at(watch, key == KEY_MOVE_RIGHT ? 1 : -1);
    else
        take_letter(watch, key);
    if (failed(watch->trouble))
        watch->message = watch->trouble.text;
}

static const char *keys_words(const Watch *watch, char *text, size_t room)
{
    snprintf(text, room, "space %s  s step  + - pace  n/p/w tensor  t %s values  q prompt",
             watch->snapshot.training ? "pause" : "run",
             watch->view->gaze.true_values ? "stored" : "true");
    return text;
}

static void draw(Watch *watch)
{
    char keys[KEYS];
    int rows, cols;
    Canvas *canvas;

    gaze_settle(&watch->view->gaze, &watch->snapshot);
    screen_size(watch->screen, &rows, &cols);
    canvas = canvas_new(rows, cols, view_glyphs(watch->view, screen_glyphs(watch->screen)));
    screen_theme(watch->screen, watch->view->theme);
    layout_draw(&(Scene){.left = &watch->snapshot, .differ = -1}, &watch->view->gaze,
                watch->message != NULL ? watch->message : keys_words(watch, keys, sizeof keys), 0,
                canvas);
    screen_show(watch->screen, canvas);
    canvas_free(canvas);
}

static void look_on(Watch *watch)
{
    int64_t drawn = -1;

    while (!watch->done) {
        int key;

        session_snapshot(watch->session, &watch->snapshot);
        if (watch->snapshot.sequence != drawn)
            draw(watch);
        drawn = watch->snapshot.sequence;
        key = screen_key(watch->screen, frame);
        if (key != KEY_NONE)
            drawn = -1;
        take_key(watch, key);
        if (interrupt_pending())
            watch->done = true;
    }
}

static void begin(Watch *watch)
{
    watch->theirs = session_training(watch->session);
    if (!watch->theirs && !watch->repl->watched)
        go(watch);
    else if (!watch->theirs)
        watch->message = "space starts, q returns to the prompt";
    watch->repl->watched = true;
    if (failed(watch->trouble))
        watch->message = watch->trouble.text;
}

static void tell_end(Watch *watch)
{
    char number[NUMBER_TEXT];

    session_snapshot(watch->session, &watch->snapshot);
    if (session_training(watch->session))
        repl_note(watch->repl, "the training goes on; `pause` stops it, `watch` looks again");
    else
        repl_note(watch->repl, "paused after step %s; train, run or watch goes on",
                  phrase_count(watch->snapshot.step, number));
}

Status watch_run(Repl *repl)
{
    Watch watch = {.repl = repl, .session = repl_session(repl), .view = repl_view(repl)};
    bool at_max = session_settings(watch.session)->pace == 0.0;

    TRY(session_problem(watch.session));
    TRY(screen_open(&watch.screen));
    if (at_max)
        set_pace(&watch, first_pace);
    begin(&watch);
    look_on(&watch);
    screen_close(watch.screen);
    if (!watch.theirs)
        session_pause(watch.session);
    if (at_max)
        set_pace(&watch, 0.0);
    tell_end(&watch);
    snapshot_release(&watch.snapshot);
    if (watch.gone)
        repl_quit(repl);
    return ok();
}
