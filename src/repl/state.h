/* The insides of a Repl, for the files that run lines; commands use repl/repl.h. */
#ifndef REPL_STATE_H
#define REPL_STATE_H

#include "repl/repl.h"
#include "telemetry/expr.h"
#include "telemetry/past.h"
#include "train/travel.h"
#include "view/settings.h"

struct Repl {
    Session *session;    /* borrowed */
    struct Watch *watch; /* the view; NULL: it is closed */
    Script *script;      /* Lua's globals live as long as the Repl; NULL until `lua` is used */
    Settings fresh;      /* of a session in which nothing was typed */
    ViewSettings view;
    Past past; /* what was made happen: since the program, or a step of a lesson, began */
    ExprNeeds past_needs;    /* what is measured when a training ends */
    int64_t trainings;       /* that had ended when that was looked at */
    struct Teacher *teacher; /* the lesson; NULL: none was begun */
    bool quiet;              /* results and messages are not shown */
    bool prompt;
    bool quitting;
    bool check_due;    /* session_problem is to be told behind this line */
    bool reported;     /* the failure on its way up was shown where it happened */
    bool in_lua;       /* a script runs: its state cannot be entered again */
    bool back;         /* `rewind` went back, and something is kept ahead */
    Ahead ahead;       /* what that is */
    int depth;         /* of nested scripts: files and Lua */
    bool for_all;      /* the present command concerns all runs */
    const char *label; /* of the run that speaks, where all do in turn; NULL: none */
};

#endif
