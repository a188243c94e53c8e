/* Reading what args_read took, and the usage line that the same table gives. */
#include "repl/args.h"

#include <assert.h>
#include <string.h>

static const ArgSpec no_args[] = {{.kind = ARG_END}};

const ArgSpec *command_args(const Command *command)
{
    return command->args == NULL ? no_args : command->args;
}

int args_find(const Command *command, const char *name)
{
    const ArgSpec *specs = command_args(command);

    for (int i = 0; specs[i].kind != ARG_END; i++) {
        if (strcmp(specs[i].name, name) == 0)
            return i;
    }
    return -1;
}

bool args_empty(const Args *args)
{
    for (int i = 0; i < ARGS_MOST; i++) {
        if (args->values[i].given)
            return false;
    }
    return true;
}

static const ArgValue *value_of(const Args *args, const char *name)
{
    int i = args_find(args->command, name);

    assert(i >= 0 && i < ARGS_MOST);
    return &args->values[i];
}

bool args_has(const Args *args, const char *name)
{
    return value_of(args, name)->given;
}

const char *args_text(const Args *args, const char *name)
{
    return value_of(args, name)->text;
}

double args_number(const Args *args, const char *name, double otherwise)
{
    const ArgValue *value = value_of(args, name);

    return value->given && value->numeric ? value->number : otherwise;
}

int64_t args_count(const Args *args, const char *name, int64_t otherwise)
{
    const ArgValue *value = value_of(args, name);

    return value->given && value->numeric ? (int64_t)value->number : otherwise;
}

bool args_numeric(const Args *args, const char *name)
{
    return value_of(args, name)->numeric;
}

bool args_is(const Args *args, const char *name, const char *text)
{
    const char *given = args_text(args, name);

    return given != NULL && strcmp(given, text) == 0;
}

void args_blame(Args *args, const char *name)
{
    const ArgValue *value = value_of(args, name);

    args->blame = value->given ? value->mark : args->verb;
}

static void append_choices(const ArgSpec *spec, Text *text)
{
    for (const char *const *choice = spec->choices; *choice != NULL; choice++)
        text_printf(text, "%s%s", choice == spec->choices ? "" : "|", *choice);
}

static void append_value(const ArgSpec *spec, Text *text)
{
    if (spec->shown != NULL) {
        text_append(text, spec->shown);
        return;
    }
    switch (spec->kind) {
    case ARG_COUNT:
    case ARG_NUMBER:
        text_append(text, "N");
        break;
    case ARG_CHOICE:
        append_choices(spec, text);
        break;
    case ARG_CHOICE_OR_NUMBER:
        append_choices(spec, text);
        text_append(text, "|N");
        break;
    default:
        text_append(text, spec->key ? "VALUE" : spec->name);
    }
}

void usage_argument(const ArgSpec *spec, Text *text)
{
    if (spec->kind == ARG_FLAG) {
        text_printf(text, "--%s", spec->name);
        return;
    }
    if (spec->key)
        text_printf(text, "%s=", spec->name);
    if (spec->kind == ARG_RAW_AFTER)
        text_printf(text, "%s ", spec->name);
    append_value(spec, text);
}

void usage_print(const Command *command, Text *text)
{
    const ArgSpec *specs = command_args(command);

    text_append(text, command->name);
    for (int i = 0; specs[i].kind != ARG_END; i++) {
        bool optional = specs[i].optional || specs[i].key || specs[i].kind == ARG_FLAG ||
                        specs[i].kind == ARG_RAW_AFTER;

        text_append(text, optional ? " [" : " ");
        usage_argument(&specs[i], text);
        text_append(text, optional ? "]" : "");
    }
}
