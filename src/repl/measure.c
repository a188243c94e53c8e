#include "repl/measure.h"

#include "repl/interrupt.h"

Status measure(Session *session, ExprNeeds needs, Snapshot *snapshot)
{
    Status status;

    if (!needs.accuracy && !needs.moved) {
        session_snapshot(session, snapshot);
        return ok();
    }
    interrupt_direct(session);
    status = session_measure(session, needs, snapshot);
    interrupt_direct(NULL);
    return status;
}
