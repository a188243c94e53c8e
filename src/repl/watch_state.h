/* The insides of the open view, for the files that draw it and take its keys. */
#ifndef REPL_WATCH_STATE_H
#define REPL_WATCH_STATE_H

#include "repl/answers.h"
#include "repl/line_inside.h"
#include "repl/repl.h"
#include "view/screen.h"
#include "view/settings.h"

typedef struct Watch Watch;

struct Watch {
    Repl *repl;
    Session *session;
    Screen *screen;
    Answers *answers;
    Canvas *canvas;     /* as it was shown last */
    ViewSettings *view; /* what was chosen to be shown; borrowed */
    Snapshot taken[2];  /* of the runs that are shown */
    Scene scene;        /* of these; left NULL: none was taken yet */
    bool remote;        /* the terminal is at the other end of a network */
    double due;         /* when the next frame may come */
    int64_t drawn;      /* the snapshot of the picture; -1: draw it in any case */
    int picture_rows;
    bool dirty;          /* below the picture something changed */
    const char *message; /* in place of the keys; NULL: none */
    Status trouble;      /* of a key; its text is shown */
    Text waiting;        /* a line typed while a command was at work */
    Text again;          /* the last `step`, for Enter on an empty line */
    LineNews news;       /* of the line that waits */
    bool slowed;         /* the pace was max, and the view made it less */
    bool busy;           /* a command is at work: ^C is its to take */
    bool gone;           /* the terminal has closed */
};

/* Shows what is new, if anything is and the terminal takes it. Keys are shown at once; the picture keeps
 * to its frames. */
void watch_look(Watch *watch);

/* The size of the screen may have changed; then all is drawn anew. */
void watch_fit(Watch *watch);

void watch_key(Watch *watch, ViewKey key);
void watch_set_pace(Watch *watch, double pace);

/* Seconds, of a clock that only goes on. */
double watch_now(void);

#endif
