#include "telemetry/expr.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* What a script did, in order: commands as they are, prints behind "> ", looks as "look". */
typedef struct World {
    Text log;
    Script *script;
    int64_t step;
} World;

static Status command(void *context, const char *line)
{
    World *world = context;

    text_printf(&world->log, "%s;", line);
    if (strcmp(line, "nonsense") == 0)
        return fail(STATUS_SHAPE, "there is no command 'nonsense'");
    if (strcmp(line, "again") == 0)
        return script_run(world->script, "step", NULL);
    world->step++;
    return ok();
}

static Status look(void *context, ExprNeeds needs, Snapshot *snapshot)
{
    World *world = context;

    text_printf(&world->log, "look%s%s;", needs.accuracy ? " accuracy" : "",
                needs.moved ? " moved" : "");
    if (world->step < 0)
        return fail(STATUS_IO, "nothing is to be seen");
    snapshot->step = world->step;
    snapshot->accuracy = (Measure){.none = !needs.accuracy, .value = 0.75};
    snapshot->tensors = xcalloc(1, sizeof *snapshot->tensors);
    snapshot->tensor_count = 1;
    text_copy(snapshot->tensors[0].name, TENSOR_NAME, "fc1.weight");
    snapshot->tensors[0].kind = TENSOR_WEIGHT;
    snapshot->tensors[0].moved.none = !needs.moved;
    return ok();
}

static void print(void *context, const char *line)
{
    World *world = context;

    text_printf(&world->log, "> %s;", line);
}

static World *world_new(void)
{
    World *world = xcalloc(1, sizeof *world);
    ScriptDoors doors = {.context = world, .command = command, .look = look, .print = print};

    world->script = script_new(&doors);
    return world;
}

static void world_free(World *world)
{
    script_free(world->script);
    text_release(&world->log);
    free(world);
}

/* Runs the chunk in this world; `expected` is what it does, and how it fails. */
static void expect_in(World *world, const char *chunk, const char *expected)
{
    Status status;

    text_clear(&world->log);
    status = script_run(world->script, chunk, NULL);
    if (failed(status))
        text_printf(&world->log, "! %s", status.text);
    cr_expect_str_eq(text_chars(&world->log), expected, "%s: %s", chunk, text_chars(&world->log));
}

static void expect(const char *chunk, const char *expected)
{
    World *world = world_new();

    expect_in(world, chunk, expected);
    world_free(world);
}

Test(script, a_loop_gives_commands)
{
    expect("for k = 0, 24, 8 do command('scale ' .. 2^k) end",
           "scale 1;scale 256;scale 65536;scale 16777216;");
    expect("command('scale ' .. 2^60)", "scale 1.152921504606847e+18;");
    expect("command(3)", "3;");
}

Test(script, an_expression_alone_prints_its_value)
{
    expect("1 + 1, 'x'", "> 2\tx;");
    expect("nil", "> nil;");
    expect("print(1, none, nil, true, 0.1)", "> 1\tnone\tnil\ttrue\t0.1;");
    expect("command('go')", "go;");
    expect("", "");
}

Test(script, globals_persist)
{
    World *world = world_new();

    expect_in(world, "x = 3", "");
    expect_in(world, "function f(a) return a * x end", "");
    expect_in(world, "f(x) + 1", "> 10;");
    expect_in(world, "x = nil", "");
    expect_in(world, "x", "! there is no 'x' here; try step, loss, scale or skipped");
    world_free(world);
}

Test(script, metrics_are_looked_at_when_named_and_again_after_a_command)
{
    expect("print(step, step)", "look;> 0\t0;");
    expect("print(step) command('go') print(step)", "look;> 0;go;look;> 1;");
    expect("print(step, accuracy, step)", "look;look accuracy;> 0\t0.75\t0;");
    expect("print(accuracy, moved('fc1.weight'), accuracy)",
           "look accuracy;look accuracy moved;> 0.75\t0\t0.75;");
    expect("1", "> 1;");
}

Test(script, each_run_looks_afresh)
{
    World *world = world_new();

    expect_in(world, "step", "look;> 0;");
    world->step = 7;
    expect_in(world, "step", "look;> 7;");
    world_free(world);
}

Test(script, the_first_command_that_fails_ends_it)
{
    World *world = world_new();
    Status status =
        script_run(world->script, "command('a') command('nonsense') command('b')", NULL);

    cr_assert_eq(status.code, STATUS_SHAPE);
    cr_assert_str_eq(status.text, "there is no command 'nonsense'");
    cr_assert_str_eq(text_chars(&world->log), "a;nonsense;");
    world_free(world);
}

Test(script, a_look_that_fails_ends_it_too)
{
    World *world = world_new();

    world->step = -1;
    expect_in(world, "print(step)", "look;! nothing is to be seen");
    world_free(world);
}

Test(script, mistakes_tell_the_line_where_there_are_several)
{
    expect("x = 1\nprint(lss)", "! line 2: there is no 'lss' here; did you mean loss?");
    expect("x = 1\n\ny = x + nil", "! line 3: attempt to perform arithmetic on a nil value");
    expect("y = 1 + nil", "! attempt to perform arithmetic on a nil value");
    expect("for k = 1 do end", "! ',' expected near 'do'");
    expect("print(1)\nerror('third')", "> 1;! line 2: third");
    expect("zeros('fc9')\n", "look;! line 1: there is no tensor 'fc9'; there are fc1.weight");
}

Test(script, words_and_metrics_cannot_be_set)
{
    expect("loss = 3", "! 'loss' cannot be set: it is what it is; choose another name");
    expect("abs = 3", "! 'abs' cannot be set: it is what it is; choose another name");
    expect("none = 3", "! 'none' cannot be set: it is what it is; choose another name");
    expect("zeros = 3", "! 'zeros' cannot be set: it is what it is; choose another name");
}

Test(script, it_has_tables_and_no_more_of_lua_than_that)
{
    expect("t = {4, 5} for i, v in ipairs(t) do print(i, v, #t) end", "> 1\t4\t2;> 2\t5\t2;");
    expect("for k, v in pairs({a = 1}) do print(k, v) end", "> a\t1;");
    expect("goto done; print(1) ::done:: print(2)", "> 2;");
    expect("os.exit(1)", "! there is no 'os' here; try step, loss, scale or skipped");
    expect("command()", "! bad argument #1 to 'command' (text expected, got no value)");
}

Test(script, a_binary_chunk_is_refused)
{
    expect("\033Lua", "! attempt to load a binary chunk (mode is 't')");
}

Test(script, no_script_runs_within_a_script)
{
    expect("command('again')", "again;! a script is running already, and cannot run another");
}

static int asked;

static bool at_the_fifth_time(void)
{
    return ++asked == 5;
}

Test(script, an_interruption_ends_a_loop, .timeout = 20)
{
    World *world = world_new();
    Status status = script_run(world->script, "while true do end", at_the_fifth_time);

    cr_assert_eq(status.code, STATUS_INTERRUPTED);
    cr_assert_eq(asked, 5);
    expect_in(world, "1", "> 1;");
    world_free(world);
}

Test(script, an_interruption_is_seen_between_commands)
{
    World *world = world_new();
    Status status =
        script_run(world->script, "for k = 1, 100 do command('go') end", at_the_fifth_time);

    cr_assert_eq(status.code, STATUS_INTERRUPTED);
    cr_assert_str_eq(text_chars(&world->log), "go;go;go;go;go;");
    world_free(world);
}

Test(script, one_that_filled_its_memory_can_be_emptied, .timeout = 20)
{
    World *world = world_new();

    expect_in(world, "t = 0 while true do t = {t} end",
              "! it needs more than 16 MiB of memory; keep less at a time");
    expect_in(world, "t = nil", "");
    expect_in(world, "t = {} for i = 1, 1000 do t[i] = {i} end print(#t)", "> 1000;");
    world_free(world);
}

Test(script, a_loop_without_end_is_ended_even_if_nobody_interrupts, .timeout = 60)
{
    expect("while true do end",
           "! no end after 100000000 instructions; is there a loop without one?");
}
