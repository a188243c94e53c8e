#include "base/number.h"
#include "telemetry/sandbox_lua.h"

enum { CHARS_PER_INSTRUCTION = 16 };

void push_thing(lua_State *lua, Thing kind)
{
    Thing *thing = lua_newuserdatauv(lua, sizeof *thing, 1);

    *thing = kind;
    lua_rawgetp(lua, LUA_REGISTRYINDEX, sandbox_of(lua));
    lua_setmetatable(lua, -2);
}

bool is_thing(lua_State *lua, int i, Thing kind)
{
    return lua_type(lua, i) == LUA_TUSERDATA && *(const Thing *)lua_touserdata(lua, i) == kind;
}

bool any_none(lua_State *lua)
{
    for (int i = 1; i <= lua_gettop(lua); i++) {
        if (is_thing(lua, i, THING_NONE))
            return true;
    }
    return false;
}

int push_none(lua_State *lua)
{
    push_thing(lua, THING_NONE);
    return 1;
}

void append_value(lua_State *lua, int i, Text *text)
{
    char number[NUMBER_TEXT];
    const char *chars;
    size_t length;

    switch (lua_type(lua, i)) {
    case LUA_TSTRING:
        chars = lua_tolstring(lua, i, &length);
        text_append_bytes(text, chars, length);
        return;
    case LUA_TNUMBER:
        text_append(text, number_shortest(lua_tonumber(lua, i), number));
        return;
    case LUA_TBOOLEAN:
        text_append(text, lua_toboolean(lua, i) ? "true" : "false");
        return;
    default:
        text_append(text, is_thing(lua, i, THING_NONE) ? "none" : luaL_typename(lua, i));
    }
}

void append_values(lua_State *lua, int from, Text *text)
{
    for (int i = from; i <= lua_gettop(lua) && text->length <= SANDBOX_TEXT; i++) {
        if (i > from)
            text_append(text, "\t");
        append_value(lua, i, text);
    }
}

int push_line(lua_State *lua)
{
    const Text *line = &sandbox_of(lua)->line;

    if (line->length > SANDBOX_TEXT)
        return sandbox_raise_here(
            lua, fail(STATUS_USAGE, "a text may have %d characters at most", SANDBOX_TEXT));
    sandbox_spend(lua, (int64_t)line->length / CHARS_PER_INSTRUCTION);
    lua_pushlstring(lua, text_chars(line), line->length);
    return 1;
}

static int box(lua_State *lua, int i)
{
    push_thing(lua, THING_BOX);
    lua_pushvalue(lua, i);
    lua_setiuservalue(lua, -2, 1);
    return 1;
}

/* a .. marker .. b is, since .. takes the right side first, a .. box(b). */
static int on_concat(lua_State *lua)
{
    Text *line = &sandbox_of(lua)->line;

    if (is_thing(lua, 1, THING_MARKER))
        return box(lua, 2);
    if (!is_thing(lua, 2, THING_BOX))
        return luaL_error(lua, "attempt to join two values");
    lua_getiuservalue(lua, 2, 1);
    lua_replace(lua, 2);
    for (int i = 1; i <= 2; i++) {
        if (lua_type(lua, i) == LUA_TNIL || lua_type(lua, i) == LUA_TTABLE ||
            lua_type(lua, i) == LUA_TFUNCTION)
            return sandbox_raise_here(lua,
                                      fail(STATUS_USAGE, "a %s cannot be joined to a text with ..",
                                           luaL_typename(lua, i)));
    }
    text_clear(line);
    append_value(lua, 1, line);
    append_value(lua, 2, line);
    return push_line(lua);
}

/* a != b has become a | marker | b. A comparison with none is false, != among them. */
static int on_bor(lua_State *lua)
{
    int boxed = is_thing(lua, 1, THING_BOX) ? 1 : 2;

    if (is_thing(lua, 1, THING_MARKER) || is_thing(lua, 2, THING_MARKER))
        return box(lua, is_thing(lua, 1, THING_MARKER) ? 2 : 1);
    if (!is_thing(lua, boxed, THING_BOX))
        return push_none(lua);
    lua_getiuservalue(lua, boxed, 1);
    lua_replace(lua, boxed);
    lua_pushboolean(lua, !any_none(lua) && !lua_compare(lua, 1, 2, LUA_OPEQ));
    return 1;
}

static int on_comparison(lua_State *lua)
{
    lua_pushboolean(lua, 0);
    return 1;
}

/* No __eq: each none is a value of its own, so that == between two is false already. */
static const luaL_Reg thing_events[] = {
    {"__add", push_none},    {"__sub", push_none},      {"__mul", push_none},
    {"__div", push_none},    {"__idiv", push_none},     {"__mod", push_none},
    {"__pow", push_none},    {"__unm", push_none},      {"__concat", on_concat},
    {"__bor", on_bor},       {"__index", on_run_field}, {"__call", push_none},
    {"__lt", on_comparison}, {"__le", on_comparison},   {NULL, NULL},
};

void things_open(lua_State *lua)
{
    lua_newtable(lua);
    luaL_setfuncs(lua, thing_events, 0);
    lua_pushliteral(lua, "none");
    lua_setfield(lua, -2, "__name");
    lua_rawsetp(lua, LUA_REGISTRYINDEX, sandbox_of(lua));
}
