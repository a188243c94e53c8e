#include "base/memory.h"
#include "telemetry/expr.h"
#include "telemetry/rewrite.h"
#include "telemetry/sandbox.h"

#include <stdlib.h>

enum { INSTRUCTIONS = 100000000 };

struct Script {
    ScriptDoors doors;
    Sandbox *sandbox;
    Snapshot *snapshot; /* what was last looked at, while it is good */
    bool looked;
    ExprNeeds needs; /* that it was looked at with */
    bool running;
    Text line;
};

static void forget(Script *script)
{
    snapshot_release(script->snapshot);
    script->looked = false;
    script->needs = (ExprNeeds){0};
}

static Status look(Script *script, const Metric *metric)
{
    ExprNeeds needs = script->needs;

    needs.accuracy |= metric->need == NEED_ACCURACY;
    needs.moved |= metric->need == NEED_MOVED;
    if (script->looked && needs.accuracy == script->needs.accuracy &&
        needs.moved == script->needs.moved)
        return ok();
    forget(script);
    *script->snapshot = (Snapshot){0};
    TRY(script->doors.look(script->doors.context, needs, script->snapshot));
    script->looked = true;
    script->needs = needs;
    return ok();
}

static Status read_metric(void *context, const Metric *metric, const char *tensor, Measure *measure)
{
    Script *script = context;

    TRY(look(script, metric));
    return metric_read(metric, script->snapshot, tensor, measure);
}

static Status read_past(void *context, const Past **past)
{
    Script *script = context;

    TRY(look(script, metric_find("step")));
    *past = script->snapshot->past;
    return ok();
}

static Status run_command(void *context, const char *line)
{
    Script *script = context;

    forget(script);
    return script->doors.command(script->doors.context, line);
}

static void print_line(void *context, const char *line)
{
    const Script *script = context;

    script->doors.print(script->doors.context, line);
}

Script *script_new(const ScriptDoors *doors)
{
    Script *script = xcalloc(1, sizeof *script);
    SandboxHost host = {
        .context = script,
        .instructions = INSTRUCTIONS,
        .metric = read_metric,
        .past = read_past,
        .command = run_command,
        .print = print_line,
    };

    script->doors = *doors;
    script->snapshot = xcalloc(1, sizeof *script->snapshot);
    script->sandbox = sandbox_new(&host);
    return script;
}

void script_free(Script *script)
{
    if (script == NULL)
        return;
    sandbox_free(script->sandbox);
    forget(script);
    free(script->snapshot);
    text_release(&script->line);
    free(script);
}

/* As an expression where it is one, else as statements. */
static Status load(Script *script, const char *chunk, const Tokens *tokens)
{
    Text lua = {0};
    Status status;

    text_append(&lua, "return ");
    rewrite_append(chunk, tokens, &lua);
    status = sandbox_load(script->sandbox, text_chars(&lua));
    if (failed(status))
        status = sandbox_load(script->sandbox, text_chars(&lua) + sizeof "return " - 1);
    text_release(&lua);
    return status;
}

static Status compile(Script *script, const char *chunk)
{
    RewriteRules rules = {.script = true};
    ExprNeeds unused = {0};
    Tokens tokens = {0};
    Status status = tokens_read(chunk, &tokens);

    if (!failed(status))
        status = rewrite_check(&tokens, &rules, &unused);
    if (!failed(status))
        status = load(script, chunk, &tokens);
    tokens_release(&tokens);
    return status;
}

static Status run(Script *script, bool (*interrupted)(void))
{
    SandboxKind first;

    text_clear(&script->line);
    TRY(sandbox_run(script->sandbox, interrupted, &first, &script->line));
    if (first != SANDBOX_NOTHING)
        print_line(script, text_chars(&script->line));
    return ok();
}

Status script_run(Script *script, const char *chunk, bool (*interrupted)(void))
{
    Status status;

    if (script->running)
        return fail(STATUS_USAGE, "a script is running already, and cannot run another");
    script->running = true;
    status = compile(script, chunk);
    if (!failed(status))
        status = run(script, interrupted);
    forget(script);
    script->running = false;
    return status;
}
