/* Random and mutated texts, read as expressions and run as scripts: whatever they are, each ends in
 * time with a value or with a Status of one line, and both states stay usable.
 *
 * expressions [iterations] [seed]
 */
#include "base/memory.h"
#include "base/random.h"
#include "telemetry/expr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_ROOM = 400, PIECES_MOST = 24 };

static const char *const pieces[] = {
    "loss",
    "step",
    "accuracy",
    "scale",
    "underflow",
    "zeros(\"fc1.weight\")",
    "moved 'fc1.weight'",
    "none",
    "nan",
    "inf",
    "math",
    "abs",
    "min",
    "mod",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "[[",
    "]]",
    "[=[",
    "]=]",
    "\"",
    "'",
    "\\",
    "--",
    "--[[",
    "\n",
    "1%",
    "64k",
    "2^16",
    "0x1p4",
    "1e999",
    "1e",
    ".5",
    "..",
    "...",
    ".",
    ":",
    "::",
    "==",
    "~=",
    "!=",
    "<=",
    ">=",
    "<",
    ">",
    "=",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "^",
    "#",
    "&",
    "|",
    "~",
    "<<",
    ">>",
    ",",
    ";",
    "and",
    "or",
    "not",
    "true",
    "false",
    "nil",
    "function",
    "(function()",
    "end)()",
    "end",
    "local",
    "return",
    "for",
    "in",
    "while",
    "do",
    "repeat",
    "until",
    "if",
    "then",
    "else",
    "goto",
    "break",
    "x",
    "y",
    "f",
    "t",
    "i",
    "x =",
    "t[i] =",
    "for i = 1, 9 do",
    "while true do",
    "function f(x)",
    "f(x)",
    "ipairs(t)",
    "command(",
    "command('go')",
    "print(",
    "error(",
    "tostring(",
    "_ENV",
    "__it",
    "\x80",
    "\x1bLua",
    "$",
    "!",
    "&&",
    "||",
    "s = s .. s",
    "t = {t, t}",
};

static const char *const whole[] = {
    "loss < 1% and step >= 2^10",
    "accuracy != 0.5 or is_none(accuracy)",
    "underflow(\"fc1.weight\") > 10%, lost_mass 'fc1.weight'",
    "(function(a, b) local c <const> = a .. b return c end)(1, none)",
    "for k = 0, 24 do command(\"scale \" .. 2^k) end",
    "t = t or {} t[#t + 1] = {step, loss, accuracy} print(#t)",
    "function f(n) if n <= 0 then return 0 end return n + f(n - 1) end print(f(100))",
    "x = 'a' for i = 1, 20 do x = x .. x end",
    "while true do x = {x} end",
};

enum {
    PIECE_COUNT = sizeof pieces / sizeof *pieces,
    WHOLE_COUNT = sizeof whole / sizeof *whole,
};

typedef struct Fuzz {
    Random random;
    uint64_t drawn;
    int64_t calls; /* and characters printed */
    Snapshot *snapshot;
    Script *script;
    int64_t passed, failed;
} Fuzz;

static int draw(Fuzz *fuzz, int below)
{
    return (int)(random_bits(&fuzz->random, fuzz->drawn++) % (uint32_t)below);
}

static void invent(Fuzz *fuzz, Text *text)
{
    int count = 1 + draw(fuzz, PIECES_MOST);

    for (int i = 0; i < count; i++) {
        text_append(text, pieces[draw(fuzz, PIECE_COUNT)]);
        text_append(text, draw(fuzz, 4) == 0 ? "" : " ");
    }
}

static void mutate(Fuzz *fuzz, Text *text)
{
    const char *from = whole[draw(fuzz, WHOLE_COUNT)];
    size_t length = strlen(from);
    int edits = 1 + draw(fuzz, 4);
    char *chars = xcalloc(TEXT_ROOM, 1);

    text_copy(chars, TEXT_ROOM, from);
    for (int i = 0; i < edits && length > 0; i++) {
        size_t at = (size_t)draw(fuzz, (int)length);

        if (draw(fuzz, 2) == 0)
            chars[at] = (char)(1 + draw(fuzz, 255));
        else
            memmove(chars + at, chars + at + 1, length-- - at);
    }
    text_append(text, chars);
    if (draw(fuzz, 3) == 0)
        text_append(text, pieces[draw(fuzz, PIECE_COUNT)]);
    free(chars);
}

/* A Status that a learner can be shown: one line, and not empty. */
static bool is_sound(Status status)
{
    return !failed(status) || (status.text[0] != '\0' && strchr(status.text, '\n') == NULL);
}

static bool expression_is_sound(const Fuzz *fuzz, const char *text)
{
    Expr *expr = NULL;
    Text line = {0};
    bool holds, sound;
    Status status = expr_read(text, fuzz->snapshot, &expr);

    if (failed(status))
        return is_sound(status) && expr == NULL;
    sound = is_sound(expr_test(expr, fuzz->snapshot, &holds)) &&
            is_sound(expr_print(expr, fuzz->snapshot, &line));
    text_release(&line);
    expr_free(expr);
    return sound;
}

static Status command(void *context, const char *line)
{
    Fuzz *fuzz = context;

    if (++fuzz->calls % 16 == 0)
        return fail(STATUS_IO, "no more of %zu characters", strlen(line));
    return ok();
}

static Status look(void *context, ExprNeeds needs, Snapshot *snapshot)
{
    const Fuzz *fuzz = context;

    snapshot_copy(snapshot, fuzz->snapshot);
    snapshot->accuracy.none = !needs.accuracy;
    return ok();
}

static void print(void *context, const char *line)
{
    Fuzz *fuzz = context;

    fuzz->calls += (int64_t)strlen(line);
}

/* Not worth minutes of loops: what the instruction limit does, a unit test tells. */
static bool tired(void)
{
    static int asked;

    return ++asked % 64 == 0;
}

static bool script_is_sound(const Fuzz *fuzz, const char *text)
{
    return is_sound(script_run(fuzz->script, text, tired));
}

/* What went before must not have broken the state: unless it is full, it still adds. */
static bool script_still_adds(Fuzz *fuzz)
{
    int64_t before = fuzz->calls;
    Status status = script_run(fuzz->script, "t = nil x = nil y = nil f = nil", NULL);

    if (!failed(status))
        status = script_run(fuzz->script, "12345 + 1", NULL);
    return !failed(status) && fuzz->calls == before + 5;
}

static void try_one(Fuzz *fuzz)
{
    Text text = {0};
    bool sound;

    if (draw(fuzz, 2) == 0)
        invent(fuzz, &text);
    else
        mutate(fuzz, &text);
    sound = expression_is_sound(fuzz, text_chars(&text)) &&
            script_is_sound(fuzz, text_chars(&text)) && script_still_adds(fuzz);
    if (!sound)
        printf("not sound: %s\n", text_chars(&text));
    fuzz->passed += sound;
    fuzz->failed += !sound;
    text_release(&text);
}

int main(int argc, char **argv)
{
    long iterations = argc > 1 ? strtol(argv[1], NULL, 10) : 2000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    Fuzz fuzz = {.random = {.seed = seed, .stream = RANDOM_DATA}};
    ScriptDoors doors = {.context = &fuzz, .command = command, .look = look, .print = print};

    fuzz.snapshot = xcalloc(1, sizeof *fuzz.snapshot);
    fuzz.snapshot->tensors = xcalloc(1, sizeof *fuzz.snapshot->tensors);
    fuzz.snapshot->tensor_count = 1;
    text_copy(fuzz.snapshot->tensors[0].name, TENSOR_NAME, "fc1.weight");
    fuzz.script = script_new(&doors);
    for (long i = 0; i < iterations; i++)
        try_one(&fuzz);
    script_free(fuzz.script);
    snapshot_release(fuzz.snapshot);
    free(fuzz.snapshot);
    printf("%lld passed, %lld failed\n", (long long)fuzz.passed, (long long)fuzz.failed);
    return fuzz.failed == 0 ? 0 : 1;
}
