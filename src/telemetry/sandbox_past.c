/* What has happened, as Lua sees it: lists of runs, numbers and sums, and what may be asked of lists. */
#include "telemetry/rewrite.h"
#include "telemetry/sandbox_lua.h"

#include <math.h>
#include <string.h>

enum { RUN_START = -1 };

/* Of a run only its number is kept: scripts keep values longer than a Past keeps runs. */
typedef struct Run {
    Thing kind;
    lua_Integer number; /* RUN_START: the state at the start */
} Run;

static const Past *past_of(lua_State *lua)
{
    Sandbox *sandbox = sandbox_of(lua);
    const Past *past = NULL;
    Status status = sandbox->host.past(sandbox->host.context, &past);

    if (!failed(status) && past == NULL)
        status = fail(STATUS_USAGE,
                      "runs, last_run, looked, sums and start are known at the prompt and in "
                      "lessons, and not while a training goes on");
    if (failed(status))
        sandbox_raise_here(lua, status);
    return past;
}

int push_measure(lua_State *lua, const Measure *measure)
{
    if (measure->none)
        return push_none(lua);
    if (measure->word != NULL)
        lua_pushlstring(lua, measure->word, strcspn(measure->word, " "));
    else
        lua_pushnumber(lua, measure->value);
    return 1;
}

static void push_run(lua_State *lua, lua_Integer number)
{
    Run *run;

    push_thing(lua, THING_NONE); /* for its events */
    lua_getmetatable(lua, -1);
    run = lua_newuserdatauv(lua, sizeof *run, 0);
    *run = (Run){.kind = THING_RUN, .number = number};
    lua_insert(lua, -2);
    lua_setmetatable(lua, -2);
    lua_replace(lua, -2);
}

/* Makes the table on top refuse names that it has not: Lua itself would say nil. */
static void refuse_others(lua_State *lua, const char *what, lua_CFunction refuse)
{
    if (luaL_newmetatable(lua, what)) {
        lua_pushcfunction(lua, refuse);
        lua_setfield(lua, -2, "__index");
    }
    lua_setmetatable(lua, -2);
}

/* A number behind the last is nil, at which ipairs ends. */
static int on_list_field(lua_State *lua)
{
    if (lua_type(lua, 2) != LUA_TSTRING)
        return 0;
    return sandbox_raise_here(
        lua, fail(STATUS_USAGE,
                  "a list has no '%.40s'; ask one of it, as in runs[1].loss or sums[1].value",
                  lua_tostring(lua, 2)));
}

static void push_list(lua_State *lua)
{
    lua_newtable(lua);
    refuse_others(lua, "list", on_list_field);
}

/* All that it has: the nearest to loss would be lost, which is not what was meant. */
static Status no_field_of_sum(const char *name)
{
    Text list = {0};
    Status status;

    text_list(&list, past_sum_fields);
    status = fail(STATUS_USAGE, "a sum has no '%.30s'; it has %s", name, text_chars(&list));
    text_release(&list);
    return status;
}

static int on_sum_field(lua_State *lua)
{
    return sandbox_raise_here(lua, no_field_of_sum(luaL_checkstring(lua, 2)));
}

static int get_runs(lua_State *lua)
{
    const Past *past = past_of(lua);
    lua_Integer place = 0;

    push_list(lua);
    for (int64_t i = past_first_run(past); i < past->run_count; i++) {
        push_run(lua, i);
        lua_rawseti(lua, -2, ++place);
    }
    return 1;
}

static int get_looked(lua_State *lua)
{
    const Past *past = past_of(lua);
    int64_t held = past->looked_count < PAST_LOOKED ? past->looked_count : PAST_LOOKED;

    push_list(lua);
    for (int64_t i = 0; i < held; i++) {
        lua_pushnumber(lua, past->looked[i]);
        lua_rawseti(lua, -2, i + 1);
    }
    return 1;
}

static void push_sum(lua_State *lua, const PastSum *sum)
{
    lua_createtable(lua, 0, PAST_SUM_FIELDS);
    for (int i = 0; i < PAST_SUM_FIELDS; i++) {
        push_measure(lua, &sum->of[i]);
        lua_setfield(lua, -2, past_sum_fields[i]);
    }
    refuse_others(lua, "sum", on_sum_field);
}

static int get_sums(lua_State *lua)
{
    const Past *past = past_of(lua);
    int64_t held = past->sum_count < PAST_SUMS ? past->sum_count : PAST_SUMS;

    push_list(lua);
    for (int64_t i = 0; i < held; i++) {
        push_sum(lua, &past->sums[i]);
        lua_rawseti(lua, -2, i + 1);
    }
    return 1;
}

static int get_start(lua_State *lua)
{
    const Past *past = past_of(lua);

    if (past->start == NULL)
        return push_none(lua);
    push_run(lua, RUN_START);
    return 1;
}

static int get_last_run(lua_State *lua)
{
    const Past *past = past_of(lua);

    if (past->run_count == 0)
        return push_none(lua);
    push_run(lua, past->run_count - 1);
    return 1;
}

lua_CFunction past_word(const char *name)
{
    if (strcmp(name, "runs") == 0)
        return get_runs;
    if (strcmp(name, "looked") == 0)
        return get_looked;
    if (strcmp(name, "sums") == 0)
        return get_sums;
    if (strcmp(name, "last_run") == 0)
        return get_last_run;
    return strcmp(name, "start") == 0 ? get_start : NULL;
}

static const Snapshot *snapshot_of(lua_State *lua, const Run *run)
{
    const Past *past = past_of(lua);
    const Snapshot *snapshot = run->number == RUN_START ? past->start : past_run(past, run->number);

    if (snapshot == NULL)
        sandbox_raise_here(lua, fail(STATUS_USAGE, "this run is too long ago, and is not kept any "
                                                   "more"));
    return snapshot;
}

static int push_of(lua_State *lua, const Run *run, const Metric *metric, const char *tensor)
{
    Measure measure;
    Status status = metric_read(metric, snapshot_of(lua, run), tensor, &measure);

    if (failed(status))
        return sandbox_raise_here(lua, status);
    return push_measure(lua, &measure);
}

static int call_of_run(lua_State *lua)
{
    return push_of(lua, lua_touserdata(lua, lua_upvalueindex(1)),
                   lua_touserdata(lua, lua_upvalueindex(2)), luaL_checkstring(lua, 1));
}

int on_run_field(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 2);
    const Metric *metric = metric_find(name);

    if (is_thing(lua, 1, THING_NONE))
        return push_none(lua);
    if (!is_thing(lua, 1, THING_RUN))
        return luaL_error(lua, "it has no fields");
    if (metric == NULL)
        return sandbox_raise_here(lua, rewrite_unknown(name, false));
    if (metric->of_run != NULL)
        return push_of(lua, lua_touserdata(lua, 1), metric, NULL);
    lua_pushvalue(lua, 1);
    lua_pushlightuserdata(lua, (void *)metric);
    lua_pushcclosure(lua, call_of_run, 2);
    return 1;
}

/* Calls the function at 2 with element i of the list at 1; false behind the last. Its value, or the
 * element itself where there is no function, lies on the stack. */
static bool next_value(lua_State *lua, lua_Integer i)
{
    bool mapped = lua_gettop(lua) >= 2 && lua_isfunction(lua, 2);

    if (mapped)
        lua_pushvalue(lua, 2);
    if (lua_rawgeti(lua, 1, i) == LUA_TNIL) {
        lua_settop(lua, 2);
        return false;
    }
    if (mapped)
        lua_call(lua, 1, 1);
    return true;
}

static void check_list(lua_State *lua, bool function)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    if (function)
        luaL_checktype(lua, 2, LUA_TFUNCTION);
    lua_settop(lua, 2);
}

static bool is_true(lua_State *lua)
{
    bool holds = lua_type(lua, -1) == LUA_TBOOLEAN && lua_toboolean(lua, -1);

    lua_settop(lua, 2);
    return holds;
}

int call_any(lua_State *lua)
{
    bool found = false;

    check_list(lua, true);
    for (lua_Integer i = 1; !found && next_value(lua, i); i++)
        found = is_true(lua);
    lua_pushboolean(lua, found);
    return 1;
}

int call_count(lua_State *lua)
{
    bool all = lua_gettop(lua) < 2;
    lua_Number count = 0;

    check_list(lua, !all);
    for (lua_Integer i = 1; next_value(lua, i); i++)
        count += is_true(lua) || all;
    lua_pushnumber(lua, count);
    return 1;
}

/* Of the values that are numbers. */
static double add_up(lua_State *lua, double middle, int power, double *count)
{
    double sum = 0.0;

    *count = 0.0;
    check_list(lua, false);
    for (lua_Integer i = 1; next_value(lua, i); i++) {
        if (lua_type(lua, -1) == LUA_TNUMBER) {
            sum += pow(lua_tonumber(lua, -1) - middle, power);
            *count += 1.0;
        }
        lua_settop(lua, 2);
    }
    return sum;
}

int call_mean(lua_State *lua)
{
    double count, sum = add_up(lua, 0.0, 1, &count);

    if (count == 0.0)
        return push_none(lua);
    lua_pushnumber(lua, sum / count);
    return 1;
}

/* Of a sample: over one less than there are. */
int call_sd(lua_State *lua)
{
    double count, mean = add_up(lua, 0.0, 1, &count), squares;

    if (count < 2.0)
        return push_none(lua);
    mean /= count;
    squares = add_up(lua, mean, 2, &count);
    lua_pushnumber(lua, sqrt(squares / (count - 1.0)));
    return 1;
}

/* Of the values that are numbers; none where there are none. A nan is neither. */
static int extreme_of(lua_State *lua, double sign)
{
    double best = (double)NAN;

    check_list(lua, false);
    for (lua_Integer i = 1; next_value(lua, i); i++) {
        if (lua_type(lua, -1) == LUA_TNUMBER && !isnan(lua_tonumber(lua, -1)) &&
            !(sign * lua_tonumber(lua, -1) >= sign * best))
            best = lua_tonumber(lua, -1);
        lua_settop(lua, 2);
    }
    if (isnan(best))
        return push_none(lua);
    lua_pushnumber(lua, best);
    return 1;
}

int call_least(lua_State *lua)
{
    return extreme_of(lua, 1.0);
}

int call_most(lua_State *lua)
{
    return extreme_of(lua, -1.0);
}
