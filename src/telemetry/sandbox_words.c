#include "base/number.h"
#include "numerics/round.h"
#include "telemetry/rewrite.h"
#include "telemetry/sandbox_lua.h"

#include <lualib.h>
#include <math.h>
#include <string.h>

static int call_log(lua_State *lua)
{
    double x, base;

    if (any_none(lua))
        return push_none(lua);
    x = luaL_checknumber(lua, 1);
    base = luaL_optnumber(lua, 2, 0.0);
    lua_pushnumber(lua, base == 0.0 ? log(x) : base == 2.0 ? log2(x) : log(x) / log(base));
    return 1;
}

/* With the sign of b, as Lua's own. */
static int call_mod(lua_State *lua)
{
    double a, b, rest;

    if (any_none(lua))
        return push_none(lua);
    a = luaL_checknumber(lua, 1);
    b = luaL_checknumber(lua, 2);
    rest = fmod(a, b);
    lua_pushnumber(lua, rest * b < 0.0 ? rest + b : rest);
    return 1;
}

static int extreme(lua_State *lua, bool least)
{
    double best;

    if (any_none(lua))
        return push_none(lua);
    best = luaL_checknumber(lua, 1);
    for (int i = 2; i <= lua_gettop(lua); i++) {
        double x = luaL_checknumber(lua, i);

        if (isnan(x) || (least ? x < best : x > best))
            best = x;
    }
    lua_pushnumber(lua, best);
    return 1;
}

static int call_min(lua_State *lua)
{
    return extreme(lua, true);
}

static int call_max(lua_State *lua)
{
    return extreme(lua, false);
}

static int call_is_none(lua_State *lua)
{
    luaL_checkany(lua, 1);
    lua_pushboolean(lua, is_thing(lua, 1, THING_NONE));
    return 1;
}

static int call_tostring(lua_State *lua)
{
    Text *line = &sandbox_of(lua)->line;

    luaL_checkany(lua, 1);
    text_clear(line);
    append_value(lua, 1, line);
    return push_line(lua);
}

static int call_tonumber(lua_State *lua)
{
    double number;

    luaL_checkany(lua, 1);
    if (lua_type(lua, 1) == LUA_TSTRING && !failed(number_parse(lua_tostring(lua, 1), &number)))
        lua_pushnumber(lua, number);
    else if (lua_type(lua, 1) == LUA_TNUMBER)
        lua_settop(lua, 1);
    else
        return push_none(lua);
    return 1;
}

static int call_print(lua_State *lua)
{
    Sandbox *sandbox = sandbox_of(lua);

    text_clear(&sandbox->line);
    append_values(lua, 1, &sandbox->line);
    sandbox->host.print(sandbox->host.context, text_chars(&sandbox->line));
    return 0;
}

static int call_command(lua_State *lua)
{
    Sandbox *sandbox = sandbox_of(lua);
    Status status;

    if (lua_isstring(lua, 1) == 0)
        return luaL_typeerror(lua, 1, "text");
    text_clear(&sandbox->line);
    append_value(lua, 1, &sandbox->line);
    status = sandbox->host.command(sandbox->host.context, text_chars(&sandbox->line));
    if (failed(status))
        return sandbox_raise(lua, status);
    sandbox_spend(lua, 1);
    return 0;
}

static int call_isfinite(lua_State *lua)
{
    lua_pushboolean(lua, !any_none(lua) && isfinite(luaL_checknumber(lua, 1)));
    return 1;
}

/* As a cast stores it, by way of fp32 as in PyTorch. */
static double stored(Format format, double x)
{
    return (double)round_to(format, OVERFLOW_INFINITY, (float)x);
}

static double as_fp16(double x)
{
    return stored(FORMAT_FP16, x);
}

static double as_bf16(double x)
{
    return stored(FORMAT_BF16, x);
}

static double as_tf32(double x)
{
    return stored(FORMAT_TF32, x);
}

static double as_e4m3(double x)
{
    return stored(FORMAT_E4M3, x);
}

static double as_e5m2(double x)
{
    return stored(FORMAT_E5M2, x);
}

/* One of the four; where all are empty, a constant. */
typedef struct Word {
    const char *name;
    double (*of_number)(double);
    lua_CFunction call;
    bool base;    /* Lua's own function of this name */
    bool special; /* put there by words_open */
    bool script;  /* only scripts have it */
    double constant;
} Word;

static const Word words[] = {
    {"abs", .of_number = fabs},
    {"floor", .of_number = floor},
    {"ceil", .of_number = ceil},
    {"sqrt", .of_number = sqrt},
    {"exp", .of_number = exp},
    {"log2", .of_number = log2},
    {"log", .call = call_log},
    {"mod", .call = call_mod},
    {"min", .call = call_min},
    {"max", .call = call_max},
    {"isfinite", .call = call_isfinite},
    {"fp16", .of_number = as_fp16},
    {"bf16", .of_number = as_bf16},
    {"tf32", .of_number = as_tf32},
    {"e4m3", .of_number = as_e4m3},
    {"e5m2", .of_number = as_e5m2},
    {"any", .call = call_any},
    {"count", .call = call_count},
    {"mean", .call = call_mean},
    {"sd", .call = call_sd},
    {"least", .call = call_least},
    {"most", .call = call_most},
    {"runs", .special = true},
    {"last_run", .special = true},
    {"looked", .special = true},
    {"sums", .special = true},
    {"start", .special = true},
    {"inf", .constant = (double)INFINITY},
    {"huge", .constant = (double)INFINITY},
    {"nan", .constant = (double)NAN},
    {"pi", .constant = 3.141592653589793},
    {"none", .special = true},
    {"is_none", .call = call_is_none},
    {"tostring", .call = call_tostring},
    {"tonumber", .call = call_tonumber},
    {"ipairs", .base = true},
    {"pairs", .base = true, .script = true},
    {"error", .base = true},
    {"assert", .base = true},
    {"math", .special = true},
    {"command", .call = call_command, .script = true},
    {"print", .call = call_print, .script = true},
};

enum { WORD_COUNT = sizeof words / sizeof *words };

const char *sandbox_word(int i, bool script)
{
    for (int at = 0; at < WORD_COUNT; at++) {
        if ((script || !words[at].script) && i-- == 0)
            return words[at].name;
    }
    return NULL;
}

static int call_of_number(lua_State *lua)
{
    const Word *word = lua_touserdata(lua, lua_upvalueindex(1));

    if (any_none(lua))
        return push_none(lua);
    lua_pushnumber(lua, word->of_number(luaL_checknumber(lua, 1)));
    return 1;
}

static int push_metric(lua_State *lua, const Metric *metric, const char *tensor)
{
    Sandbox *sandbox = sandbox_of(lua);
    Measure measure = {.none = true};
    Status status = sandbox->host.metric(sandbox->host.context, metric, tensor, &measure);

    if (failed(status))
        return sandbox_raise_here(lua, status);
    return push_measure(lua, &measure);
}

static int call_metric(lua_State *lua)
{
    const Metric *metric = lua_touserdata(lua, lua_upvalueindex(1));

    return push_metric(lua, metric, luaL_checkstring(lua, 1));
}

/* A global that the script has not set: a word, a metric, or a slip. */
static int on_get(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 2);
    const Metric *metric = metric_find(name);

    if (metric != NULL && metric->of_run != NULL)
        return push_metric(lua, metric, NULL);
    if (strcmp(name, "none") == 0)
        return push_none(lua);
    if (past_word(name) != NULL)
        return past_word(name)(lua);
    lua_pushvalue(lua, 2);
    if (lua_rawget(lua, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    return sandbox_raise_here(lua, rewrite_unknown(name, sandbox_of(lua)->host.command != NULL));
}

/* A global that is set for the first time. */
static int on_set(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 2);
    bool taken = metric_find(name) != NULL || strcmp(name, "none") == 0 || past_word(name) != NULL;

    if (sandbox_of(lua)->host.command == NULL)
        return sandbox_raise_here(lua, fail(STATUS_USAGE,
                                            "an expression sets nothing; write local "
                                            "before '%.40s'",
                                            name));
    lua_pushvalue(lua, 2);
    if (taken || lua_rawget(lua, lua_upvalueindex(1)) != LUA_TNIL)
        return sandbox_raise_here(lua, fail(STATUS_USAGE,
                                            "'%.40s' cannot be set: it is what it is; choose "
                                            "another name",
                                            name));
    lua_settop(lua, 3);
    lua_rawset(lua, 1);
    return 0;
}

/* Pushes the word's value; Lua's own library lies at index `base`. */
static void push_word(lua_State *lua, const Word *word, int base)
{
    if (word->base)
        lua_getfield(lua, base, word->name);
    else if (word->call != NULL)
        lua_pushcfunction(lua, word->call);
    else if (word->of_number != NULL) {
        lua_pushlightuserdata(lua, (void *)word);
        lua_pushcclosure(lua, call_of_number, 1);
    } else {
        lua_pushnumber(lua, word->constant);
    }
}

/* Fills the table on top of the stack. */
static void fill_words(lua_State *lua, int base, bool script)
{
    for (int i = 0; i < WORD_COUNT; i++) {
        if (words[i].special || (words[i].script && !script))
            continue;
        push_word(lua, &words[i], base);
        lua_setfield(lua, -2, words[i].name);
    }
}

static void fill_metrics(lua_State *lua)
{
    for (const Metric *metric = metric_table; metric->name != NULL; metric++) {
        if (metric->of_tensor == NULL)
            continue;
        lua_pushlightuserdata(lua, (void *)metric);
        lua_pushcclosure(lua, call_metric, 1);
        lua_setfield(lua, -2, metric->name);
    }
}

static void set_event(lua_State *lua, int known, lua_CFunction event, const char *name)
{
    lua_pushvalue(lua, known);
    lua_pushcclosure(lua, event, 1);
    lua_setfield(lua, -2, name);
}

void words_open(lua_State *lua)
{
    const int base = 1, known = 2;

    /* Lua's library fills the old globals, which nobody sees again but for the words taken here. */
    lua_settop(lua, 0);
    lua_pushcfunction(lua, luaopen_base);
    lua_call(lua, 0, 1);

    lua_newtable(lua);
    fill_words(lua, base, sandbox_of(lua)->host.command != NULL);
    fill_metrics(lua);
    push_thing(lua, THING_MARKER);
    lua_setfield(lua, known, REWRITE_MARKER);
    lua_newtable(lua);
    fill_words(lua, base, false);
    lua_setfield(lua, known, "math");

    lua_newtable(lua);
    lua_newtable(lua);
    set_event(lua, known, on_get, "__index");
    set_event(lua, known, on_set, "__newindex");
    lua_setmetatable(lua, -2);
    lua_rawseti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_settop(lua, 0);
}
