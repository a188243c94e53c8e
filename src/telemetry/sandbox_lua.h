/* What the parts of the sandbox share. Only sandbox*.c include it, and only it includes Lua's headers.
 *
 * Every lua_CFunction may leave by a jump: it owns nothing while it calls Lua; texts are gathered in
 * Sandbox.line, which outlives the jump.
 */
#ifndef TELEMETRY_SANDBOX_LUA_H
#define TELEMETRY_SANDBOX_LUA_H

#include "telemetry/sandbox.h"

#include <lauxlib.h>
#include <lua.h>

struct Sandbox {
    lua_State *lua;
    SandboxHost host;
    bool (*interrupted)(void);
    int64_t budget;    /* instructions left in this run */
    size_t used, most; /* bytes */
    int refusals;      /* of memory, in this run */
    bool many_lines;   /* the loaded chunk has */
    Status failure;    /* what raise() carries past Lua */
    Text line;
};

/* Every full userdata in the state is one of ours and begins with its kind. */
typedef enum Thing {
    THING_NONE,
    THING_MARKER, /* REWRITE_MARKER: turns `..` and != into operations of ours */
    THING_BOX,    /* an operand that has met the marker: its user value */
    THING_RUN,    /* one of Past: a Run */
} Thing;

static inline Sandbox *sandbox_of(lua_State *lua)
{
    return *(Sandbox **)lua_getextraspace(lua);
}

/* Ends the run with this Status; the second names the line, where there are several. Neither
 * returns. */
int sandbox_raise(lua_State *lua, Status status);
int sandbox_raise_here(lua_State *lua, Status status);

/* Takes from the budget, and looks whether the learner interrupts; may raise. */
void sandbox_spend(lua_State *lua, int64_t instructions);

/* What every thing can do; once for each state, before the first push_thing. */
void things_open(lua_State *lua);
void push_thing(lua_State *lua, Thing kind);
int push_none(lua_State *lua);
bool is_thing(lua_State *lua, int i, Thing kind);

/* Whether one of the arguments is none. */
bool any_none(lua_State *lua);

/* Value i as people read it; the second: all values from i up, tab-separated, as far as a
 * text goes. They need no memory of Lua's. */
void append_value(lua_State *lua, int i, Text *text);
void append_values(lua_State *lua, int from, Text *text);

/* What was gathered in Sandbox.line becomes a value; it costs what its length costs. */
int push_line(lua_State *lua);

/* The value of a metric; raises what reading it fails with. */
int push_measure(lua_State *lua, const Measure *measure);

/* `runs`, `looked`, `sums` and `start`: NULL where the name is another. And the functions over lists. */
lua_CFunction past_word(const char *name);
int call_any(lua_State *lua);
int call_count(lua_State *lua);
int call_mean(lua_State *lua);
int call_sd(lua_State *lua);
int call_least(lua_State *lua);
int call_most(lua_State *lua);

/* A field of a THING_RUN: __index. */
int on_run_field(lua_State *lua);

/* Sets up the globals: words and metrics. */
void words_open(lua_State *lua);

#endif
