/* Ways out of the sandbox, and ways to keep it busy: each must end, and be a Status. */
#include "telemetry/expr.h"

#include <criterion/criterion.h>
#include <string.h>

static Status ask(const char *text)
{
    static const Snapshot nothing;
    Text line = {0};
    Expr *expr = NULL;
    Status status = expr_read(text, NULL, &expr);

    if (failed(status))
        return status;
    status = expr_print(expr, &nothing, &line);
    text_release(&line);
    expr_free(expr);
    return status;
}

static void refuses(const char *text, const char *words)
{
    Status status = ask(text);

    cr_expect_eq(status.code, STATUS_USAGE, "%.60s is taken", text);
    cr_expect_not_null(strstr(status.text, words), "%.60s: %s", text, status.text);
}

/* begin, then `middle` over and over, then end. */
static void refuses_long(const char *begin, const char *middle, int count, const char *end,
                         const char *words)
{
    Text text = {0};

    text_append(&text, begin);
    for (int i = 0; i < count; i++)
        text_append(&text, middle);
    text_append(&text, end);
    refuses(text_chars(&text), words);
    text_release(&text);
}

Test(sandbox, nothing_reaches_the_machine, .timeout = 20)
{
    const char *const words[] = {"io",       "os",        "debug",      "require",        "load",
                                 "loadfile", "dofile",    "loadstring", "pcall",          "xpcall",
                                 "rawset",   "rawget",    "rawequal",   "setmetatable",   "string",
                                 "table",    "coroutine", "package",    "getmetatable",   "_G",
                                 "utf8",     "next",      "select",     "collectgarbage", "command",
                                 "print",    "rawlen",    "warn"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        refuses(words[i], "there is no '");
    refuses("_ENV", "the name '_ENV' is taken");
    refuses("(function() local _ENV = {} return x end)()", "the name '_ENV' is taken");
    refuses("__it .. 1", "the name '__it' is taken");
}

Test(sandbox, texts_have_no_methods, .timeout = 20)
{
    refuses("(\"a\"):rep(3000):find(\".-.-.-.-b\")", "attempt to index a string value");
    refuses("('x').format", "attempt to index a string value");
    refuses("(\"%d\"):format(1)", "attempt to index a string value");
}

Test(sandbox, a_loop_without_end_is_ended, .timeout = 20)
{
    refuses("(function() while true do end end)()", "no end after 1000000 instructions");
    refuses("(function() repeat until false end)()", "no end after");
    refuses("(function() ::a:: goto a end)()", "there is no 'a' here");
    refuses("(function() local function f() return f() end return f() end)()", "no end after");
    refuses("(function() while true do pcall(function() while true do end end) end end)()",
            "there is no 'pcall' here");
}

Test(sandbox, texts_cannot_grow_without_end, .timeout = 20)
{
    refuses("(function() local s = 'a' while true do s = s .. s end end)()",
            "a text may have 4096 characters at most");
    refuses("(function() local s = 'a' for i = 1, 12 do s = s .. s end "
            "while true do local t = s .. '' end end)()",
            "no end after");
}

Test(sandbox, long_texts_compared_over_and_over_come_to_an_end, .timeout = 20)
{
    refuses("(function() local s = 'aaaa' for i = 1, 10 do s = s .. s end local t = s .. '' "
            "while s <= t and s == t do end end)()",
            "no end after");
}

Test(sandbox, memory_is_bounded, .timeout = 20)
{
    refuses("(function() local t = {} for i = 1, 1e9 do t[i] = {i} end end)()",
            "it needs more than 16 MiB of memory");
}

Test(sandbox, deep_recursion_is_a_status, .timeout = 20)
{
    refuses("(function() local function f() return f() + 1 end return f() end)()",
            "it needs more than 16 MiB of memory");
    refuses_long("", "(", 1000, "1", "nested too deep");
    refuses_long("", "{", 1000, "1", "nested too deep");
    refuses_long("1", "^1", 1000, "", "nested too deep");
    refuses_long("1", " .. 1", 600, "", "nested too deep");
    refuses_long("", "- ", 1000, "1", "nested too deep");
    refuses_long("", "not ", 900, "1", "nested too deep");
}

Test(sandbox, an_expression_has_a_longest_length, .timeout = 20)
{
    refuses_long("1", "+1", 3000, "", "it is longer than 4096 characters");
}

Test(sandbox, many_arguments_do_not_exist, .timeout = 20)
{
    refuses("(function(...) return ... end)(1)", "'...' means nothing here");
}

Test(sandbox, an_expression_sets_no_global, .timeout = 20)
{
    refuses("(function() x = 1 end)()", "an expression sets nothing; write local before 'x'");
    refuses("(function() loss = 1 end)()", "an expression sets nothing");
    refuses("(function() function abs() end end)()", "an expression sets nothing");
}

Test(sandbox, an_error_need_not_be_a_text, .timeout = 20)
{
    refuses("error({})", "error, without a text that says which");
    refuses("error(12)", "error 12");
    refuses("error(none)", "error, without a text that says which");
    refuses("error('not so')", "not so");
    refuses("error('not\\nso')", "not so");
    refuses("assert(1 > 2, 'not so')", "not so");
}
