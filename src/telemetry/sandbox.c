#include "telemetry/sandbox.h"

#include "base/memory.h"
#include "base/number.h"
#include "telemetry/sandbox_lua.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MEMORY_MOST = 16 << 20,
    MEMORY_SPARE = 1 << 18, /* for compiling, so that a full script can still be told t = nil */
    REFUSALS_MOST = 16,
    HOOK_STEP = 1000,
    LOADED = 1, /* the stack slot of the compiled chunk */
};

/* Lua puts it before its messages, followed by the number of the line. */
#define CHUNK_NAME "=@"
#define PLACE      "@:"

int sandbox_raise(lua_State *lua, Status status)
{
    Sandbox *sandbox = sandbox_of(lua);

    sandbox->failure = status;
    lua_pushlightuserdata(lua, sandbox);
    return lua_error(lua);
}

int sandbox_raise_here(lua_State *lua, Status status)
{
    lua_Debug place;

    if (sandbox_of(lua)->many_lines && lua_getstack(lua, 1, &place) == 1 &&
        lua_getinfo(lua, "l", &place) != 0 && place.currentline > 0)
        status = fail(status.code, "line %d: %.170s", place.currentline, status.text);
    return sandbox_raise(lua, status);
}

void sandbox_spend(lua_State *lua, int64_t instructions)
{
    Sandbox *sandbox = sandbox_of(lua);

    sandbox->budget -= instructions;
    if (sandbox->budget < 0)
        sandbox_raise(lua,
                      fail(STATUS_USAGE,
                           "no end after %" PRId64 " instructions; is there a loop without one?",
                           sandbox->host.instructions));
    if (sandbox->interrupted != NULL && sandbox->interrupted())
        sandbox_raise(lua, fail(STATUS_INTERRUPTED, "interrupted"));
}

static void on_count(lua_State *lua, lua_Debug *unused)
{
    (void)unused;
    sandbox_spend(lua, HOOK_STEP);
}

/* Near the limit each refusal costs a full collection; after a few of them the run is over. */
static void *allocate(void *context, void *old, size_t old_size, size_t size)
{
    Sandbox *sandbox = context;
    size_t held = old == NULL ? 0 : old_size;

    if (size > held &&
        (sandbox->refusals > REFUSALS_MOST || sandbox->used - held + size > sandbox->most)) {
        sandbox->refusals++;
        return NULL;
    }
    sandbox->used += size - held;
    if (size > 0)
        return xresize(old, size, 1);
    free(old);
    return NULL;
}

Sandbox *sandbox_new(const SandboxHost *host)
{
    Sandbox *sandbox = xcalloc(1, sizeof *sandbox);

    sandbox->host = *host;
    sandbox->most = MEMORY_MOST;
    sandbox->lua = lua_newstate(allocate, sandbox);
    *(Sandbox **)lua_getextraspace(sandbox->lua) = sandbox;
    things_open(sandbox->lua);
    words_open(sandbox->lua);
    return sandbox;
}

void sandbox_free(Sandbox *sandbox)
{
    if (sandbox == NULL)
        return;
    lua_close(sandbox->lua);
    text_release(&sandbox->line);
    free(sandbox);
}

/* Lua's words, less the place where there is but one line. */
static Status plain_failure(const Sandbox *sandbox, const char *message)
{
    const char *words = message;
    char *end;
    long line = 0;

    if (strncmp(message, PLACE, strlen(PLACE)) == 0) {
        line = strtol(message + strlen(PLACE), &end, 10);
        words = *end == ':' ? end + 1 + strspn(end + 1, " ") : message;
    }
    if (strcmp(words, "unexpected symbol near <eof>") == 0)
        words = "it stops short: something must follow at its end";
    if (strcmp(words, "attempt to index a nil value (field '?')") == 0)
        words = "a list was asked beyond its end; count(LIST) says how many it has";
    if (strstr(words, "stack overflow") != NULL)
        words = "it is nested too deep, or a function calls itself without end";
    if (line > 0 && sandbox->many_lines)
        return fail(STATUS_USAGE, "line %ld: %.160s", line, words);
    return fail(STATUS_USAGE, "%.180s", words);
}

/* The failure that lies on top of the stack. */
static Status failure_of(Sandbox *sandbox, int code)
{
    lua_State *lua = sandbox->lua;
    char number[NUMBER_TEXT];

    if (code == LUA_ERRMEM)
        return fail(STATUS_USAGE, "it needs more than %d MiB of memory; keep less at a time",
                    MEMORY_MOST >> 20);
    if (lua_type(lua, -1) == LUA_TLIGHTUSERDATA)
        return sandbox->failure;
    if (lua_type(lua, -1) == LUA_TSTRING)
        return plain_failure(sandbox, lua_tostring(lua, -1));
    if (lua_type(lua, -1) == LUA_TNUMBER)
        return fail(STATUS_USAGE, "error %s", number_shortest(lua_tonumber(lua, -1), number));
    return fail(STATUS_USAGE, "error, without a text that says which");
}

/* A Status is one line, whatever was quoted in it. */
static Status one_line(Status status)
{
    for (char *at = status.text; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\r')
            *at = ' ';
    }
    return status;
}

static void begin(Sandbox *sandbox, bool (*interrupted)(void))
{
    sandbox->refusals = 0;
    sandbox->budget = sandbox->host.instructions;
    sandbox->interrupted = interrupted;
}

Status sandbox_load(Sandbox *sandbox, const char *lua)
{
    size_t length = strlen(lua);
    Status status = ok();
    int code;

    if (length > SANDBOX_CHUNK)
        return fail(STATUS_USAGE, "it is longer than %d characters; split it", SANDBOX_CHUNK);
    begin(sandbox, NULL);
    lua_settop(sandbox->lua, 0);
    sandbox->many_lines = strchr(lua, '\n') != NULL;
    sandbox->most = MEMORY_MOST + MEMORY_SPARE;
    code = luaL_loadbufferx(sandbox->lua, lua, length, CHUNK_NAME, "t");
    sandbox->most = MEMORY_MOST;
    if (code != LUA_OK) {
        status = one_line(failure_of(sandbox, code));
        lua_settop(sandbox->lua, 0);
    }
    return status;
}

static SandboxKind kind_of(lua_State *lua, int i)
{
    switch (lua_type(lua, i)) {
    case LUA_TNONE:
        return SANDBOX_NOTHING;
    case LUA_TBOOLEAN:
        return lua_toboolean(lua, i) ? SANDBOX_TRUE : SANDBOX_FALSE;
    case LUA_TNUMBER:
        return SANDBOX_NUMBER;
    default:
        return is_thing(lua, i, THING_NONE) ? SANDBOX_NONE : SANDBOX_OTHER;
    }
}

Status sandbox_run(Sandbox *sandbox, bool (*interrupted)(void), SandboxKind *first, Text *line)
{
    lua_State *lua = sandbox->lua;
    Status status = ok();
    int code;

    begin(sandbox, interrupted);
    lua_sethook(lua, on_count, LUA_MASKCOUNT, HOOK_STEP);
    lua_pushvalue(lua, LOADED);
    code = lua_pcall(lua, 0, LUA_MULTRET, 0);
    if (code != LUA_OK) {
        status = one_line(failure_of(sandbox, code));
    } else {
        *first = kind_of(lua, LOADED + 1);
        append_values(lua, LOADED + 1, line);
    }
    lua_settop(lua, LOADED);
    return status;
}
