/* lua CODE: compute with metrics, and run commands in loops. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/execute.h"
#include "repl/interrupt.h"
#include "repl/measure.h"
#include "repl/repl.h"
#include "repl/state.h"

static const ArgSpec lua_args[] = {
    {.name = "code",
     .kind = ARG_LINE,
     .names = NAMES_METRICS,
     .shown = "CODE",
     .text = "Lua 5.4, to the end of the line"},
    {.kind = ARG_END},
};

static const char *const lua_examples[] = {
    "lua 2^16 / 3",
    "lua for k = 8, 12, 2 do command(\"scale static \" .. 2^k); command(\"step\"); print(k, loss) "
    "end",
    NULL,
};

static Status door_command(void *context, const char *line)
{
    return execute_quietly(context, line);
}

static Status door_look(void *context, ExprNeeds needs, Snapshot *snapshot)
{
    return measure(context, needs, snapshot);
}

static void door_print(void *context, const char *line)
{
    repl_print(context, "%s\n", line);
}

static Script *script_of(Repl *repl)
{
    ScriptDoors doors = {repl, door_command, door_look, door_print};

    if (repl->script == NULL)
        repl->script = script_new(&doors);
    return repl->script;
}

static Status lua_run(Repl *repl, Args *args)
{
    Status status;

    if (repl->in_lua)
        return fail(STATUS_USAGE, "Lua runs already; write it all in one lua line");
    args_blame(args, "code");
    repl->in_lua = true;
    status = script_run(script_of(repl), args_text(args, "code"), interrupt_pending);
    repl->in_lua = false;
    return status;
}

const Command lua_command = {
    .name = "lua",
    .summary = "compute with metrics and run commands in loops, in Lua",
    .task = TASK_SESSION,
    .needs = ONE_RUN,
    .args = lua_args,
    .examples = lua_examples,
    .more =
        "Metrics are globals (loss, scale, underflow(\"fc2.out.grad\")); command(\"...\") runs a "
        "command, print(...) prints. An expression alone prints its value. Globals stay until "
        "the program ends.",
    .run = lua_run,
};
