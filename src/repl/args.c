#include "repl/args.h"

#include "base/memory.h"
#include "repl/arg_check.h"

#include <stdlib.h>
#include <string.h>

static bool is_positional(const ArgSpec *spec)
{
    return !spec->key && spec->kind != ARG_FLAG && spec->kind != ARG_RAW_AFTER;
}

/* Where the reader of one command stands. */
typedef struct Reader {
    Args *args;
    Lexer *lexer;
    int next; /* positional spec to fill */
} Reader;

/* No word that may be any stands for nothing: silence about it would be a guess. */
static Status check_empty(const Args *args, int i, const char *text)
{
    ArgKind kind = command_args(args->command)[i].kind;

    if (text[0] != '\0' || (kind != ARG_WORD && kind != ARG_WORDS))
        return ok();
    return fail(STATUS_USAGE, "there is nothing between the quotes; `help %s` shows what it takes",
                args->command->name);
}

static Status give(Args *args, int i, const char *text, Mark mark)
{
    ArgValue *value = &args->values[i];

    args->blame = mark;
    TRY(check_empty(args, i, text));
    free(value->text);
    *value = (ArgValue){.given = true, .mark = mark, .text = xstrdup(text)};
    return arg_check(&command_args(args->command)[i], value);
}

/* What could have been meant: the keys of the command, or its flags. */
static int list_keys(const Command *command, bool flags, const char *names[ARGS_MOST + 1])
{
    const ArgSpec *specs = command_args(command);
    int count = 0;

    for (int i = 0; specs[i].kind != ARG_END; i++) {
        if (flags ? specs[i].kind == ARG_FLAG : specs[i].key)
            names[count++] = specs[i].name;
    }
    names[count] = NULL;
    return count;
}

static Status no_such_key(const Command *command, const char *key, bool flag)
{
    const char *names[ARGS_MOST + 1], *near, *before = flag ? "--" : "", *behind = flag ? "" : "=";
    int count = list_keys(command, flag, names);
    Text list = {0};
    Status status;

    near = text_nearest(key, names);
    for (int i = 0; i < count; i++)
        text_printf(&list, "%s%s%s%s", i == 0 ? "" : ", ", before, names[i], behind);
    if (near != NULL)
        status = fail(STATUS_USAGE, "%s has no option %s%.40s%s; did you mean %s%s%s?",
                      command->name, before, key, behind, before, near, behind);
    else if (count > 0)
        status = fail(STATUS_USAGE, "%s has no option %s%.40s%s; it takes %s", command->name,
                      before, key, behind, text_chars(&list));
    else
        status = fail(STATUS_USAGE, "%s has no option %s%.40s%s; `help %s` shows what it takes",
                      command->name, before, key, behind, command->name);
    text_release(&list);
    return status;
}

static Status take_flag(Args *args, const Word *word)
{
    int i = args_find(args->command, word->text + 2);

    args->blame = word->mark;
    if (i < 0 || command_args(args->command)[i].kind != ARG_FLAG)
        return no_such_key(args->command, word->text + 2, true);
    return give(args, i, "", word->mark);
}

static Status take_key(Args *args, const Word *word)
{
    Mark value_mark = {word->mark.start + word->key + 1, word->mark.end};
    char key[64];
    int i;

    text_copy(key, word->key + 1 < sizeof(key) ? word->key + 1 : sizeof(key), word->text);
    i = args_find(args->command, key);
    args->blame = word->mark;
    if (i < 0 || !command_args(args->command)[i].key)
        return no_such_key(args->command, key, false);
    if (args->values[i].given)
        return fail(STATUS_USAGE, "%s= is given twice; leave one out", key);
    if (value_mark.start == value_mark.end)
        return fail(STATUS_USAGE, "%s= lacks its value; write %s=VALUE without blanks", key, key);
    return give(args, i, word->text + word->key + 1, value_mark);
}

static Status too_much(const Args *args, const Word *word)
{
    Text usage = {0};
    Status status;

    usage_print(args->command, &usage);
    if (args->command->args == NULL)
        status = fail(STATUS_USAGE, "%s takes nothing behind it; leave '%.40s' out",
                      args->command->name, word->text);
    else
        status = fail(STATUS_USAGE, "'%.40s' is more than %s takes; try %.100s", word->text,
                      args->command->name, text_chars(&usage));
    text_release(&usage);
    return status;
}

static void append_word(ArgValue *value, const Word *word)
{
    Text text = {0};

    text_printf(&text, "%s %s", value->text, word->text);
    free(value->text);
    value->text = text.chars;
    value->mark.end = word->mark.end;
}

/* A condition in place of the first word, where the command takes one behind a word of its own:
 * `break loss < 0.9`. Else what failed is said as it is. */
static Status meant_condition(const Reader *reader, const Word *word, Status failure)
{
    const ArgSpec *specs = command_args(reader->args->command);
    Lexer rest = {.line = reader->lexer->line, .at = word->mark.start};
    char metric[40];
    size_t length = strspn(word->text, "abcdefghijklmnopqrstuvwxyz_");
    Mark raw;

    text_copy(metric, length + 1 < sizeof metric ? length + 1 : sizeof metric, word->text);
    for (; specs->kind != ARG_END; specs++) {
        if (specs->kind != ARG_RAW_AFTER || !names_has(specs->names, NULL, metric))
            continue;
        raw = lexer_raw(&rest, false);
        return fail(STATUS_USAGE, "a condition stands behind `%s`; try %s %s %.*s", specs->name,
                    reader->args->command->name, specs->name, (int)(raw.end - raw.start),
                    rest.line + raw.start);
    }
    return failure;
}

static Status take_positional(Reader *reader, const Word *word)
{
    Args *args = reader->args;
    const ArgSpec *spec = &command_args(args->command)[reader->next];
    Status status;

    args->blame = word->mark;
    if (spec->kind == ARG_END)
        return too_much(args, word);
    if (spec->kind == ARG_WORDS && args->values[reader->next].given) {
        TRY(check_empty(args, reader->next, word->text));
        append_word(&args->values[reader->next], word);
        return ok();
    }
    status = give(args, reader->next, word->text, word->mark);
    if (failed(status))
        return meant_condition(reader, word, status);
    if (spec->kind != ARG_WORDS)
        reader->next++;
    return ok();
}

/* Steps over specs that are not filled by place. */
static const ArgSpec *next_positional(Reader *reader)
{
    const ArgSpec *specs = command_args(reader->args->command);

    while (specs[reader->next].kind != ARG_END && !is_positional(&specs[reader->next]))
        reader->next++;
    return &specs[reader->next];
}

static Status nothing_after(const Args *args, int i)
{
    const ArgSpec *spec = &command_args(args->command)[i];

    if (spec->kind != ARG_RAW_AFTER)
        return ok();
    return fail(STATUS_USAGE, "nothing follows '%s'; try %s", spec->name,
                args->command->examples[0]);
}

static Status take_raw(Reader *reader, int i)
{
    bool whole = command_args(reader->args->command)[i].kind == ARG_LINE;
    Mark mark = lexer_raw(reader->lexer, whole);
    Text text = {0};
    Status status;

    if (mark.start == mark.end)
        return nothing_after(reader->args, i);
    text_append_bytes(&text, reader->lexer->line + mark.start, mark.end - mark.start);
    status = give(reader->args, i, text_chars(&text), mark);
    text_release(&text);
    return status;
}

/* -1 where this word does not open raw text. */
static int raw_after(const Args *args, const Word *word)
{
    int i = word->quoted ? -1 : args_find(args->command, word->text);

    return i >= 0 && command_args(args->command)[i].kind == ARG_RAW_AFTER ? i : -1;
}

static Status take_word(Reader *reader, const Word *word)
{
    int raw = raw_after(reader->args, word);

    if (raw >= 0) {
        reader->args->blame = word->mark;
        return take_raw(reader, raw);
    }
    if (!word->quoted && text_starts(word->text, "--"))
        return take_flag(reader->args, word);
    if (word->key > 0)
        return take_key(reader->args, word);
    next_positional(reader);
    return take_positional(reader, word);
}

static Status take_all(Reader *reader)
{
    bool got = true;

    while (got) {
        ArgKind kind = next_positional(reader)->kind;
        Word word = {0};
        Status status;

        if (kind == ARG_RAW || kind == ARG_LINE)
            return take_raw(reader, reader->next);
        status = lexer_word(reader->lexer, &word, &got);
        if (failed(status))
            reader->args->blame = reader->lexer->fault;
        else if (got)
            status = take_word(reader, &word);
        word_release(&word);
        TRY(status);
    }
    return ok();
}

static Status check_complete(const Args *args)
{
    const ArgSpec *specs = command_args(args->command);

    for (int i = 0; specs[i].kind != ARG_END; i++) {
        Text usage = {0};
        Status status;

        if (specs[i].optional || !is_positional(&specs[i]) || args->values[i].given)
            continue;
        usage_print(args->command, &usage);
        status = fail(STATUS_USAGE, "%s lacks its %s; try %.120s", args->command->name,
                      specs[i].name, text_chars(&usage));
        text_release(&usage);
        return status;
    }
    return ok();
}

Status args_read(const Command *command, Mark verb, Lexer *lexer, Args *args)
{
    Reader reader = {.args = args, .lexer = lexer};

    *args = (Args){.command = command, .verb = verb, .blame = verb};
    TRY(take_all(&reader));
    args->blame = verb;
    return check_complete(args);
}

void args_release(Args *args)
{
    for (int i = 0; i < ARGS_MOST; i++)
        free(args->values[i].text);
    *args = (Args){0};
}
