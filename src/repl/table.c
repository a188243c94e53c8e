#include "repl/commands.h"

#include "base/text.h"

#include <string.h>

const Command *const command_table[] = {
#define COMMAND_ROW(name) &name##_command,
    COMMANDS(COMMAND_ROW)
#undef COMMAND_ROW
        NULL,
};

const Command *command_find(const char *name)
{
    for (const Command *const *command = command_table; *command != NULL; command++) {
        if (strcmp((*command)->name, name) == 0 ||
            ((*command)->alias != NULL && strcmp((*command)->alias, name) == 0))
            return *command;
    }
    return NULL;
}

static int count_beginning(const char *word, const Command **first)
{
    int count = 0;

    for (const Command *const *command = command_table; *command != NULL; command++) {
        if (!text_starts((*command)->name, word))
            continue;
        if (count++ == 0)
            *first = *command;
    }
    return count;
}

static Status ambiguous(const char *word, int count)
{
    Text list = {0};
    Status status;

    for (const Command *const *command = command_table; *command != NULL; command++) {
        if (!text_starts((*command)->name, word))
            continue;
        text_append(&list, list.length == 0 ? "" : count == 1 ? " or " : ", ");
        text_append(&list, (*command)->name);
        count--;
    }
    status = fail(STATUS_USAGE, "'%.20s' may be %s; type one more letter", word, text_chars(&list));
    text_release(&list);
    return status;
}

static Status unknown(const char *word)
{
    const char *near = names_nearest(NAMES_COMMANDS, NULL, word);

    if (near != NULL)
        return fail(STATUS_USAGE, "there is no command '%.40s'; did you mean %s?", word, near);
    return fail(STATUS_USAGE, "there is no command '%.40s'; `help` lists them", word);
}

Status command_resolve(const char *word, bool short_too, const Command **command)
{
    const Command *only = command_find(word);
    int count;

    if (only != NULL) {
        *command = only;
        return ok();
    }
    count = word[0] == '\0' ? 0 : count_beginning(word, &only);
    if (count == 0)
        return unknown(word);
    if (count > 1)
        return ambiguous(word, count);
    if (!short_too)
        return fail(STATUS_USAGE, "'%.20s' is short for %s; a script writes it whole", word,
                    only->name);
    *command = only;
    return ok();
}
