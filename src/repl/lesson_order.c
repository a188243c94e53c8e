#include "repl/lesson_order.h"

#include "base/memory.h"
#include "repl/lesson_commands.h"

#include <stdlib.h>
#include <string.h>

typedef struct Setting {
    const char *command;
    const char *thing; /* that it sets; of one thing the last word counts */
} Setting;

static const Setting settings[] = {
    {"data", "data"},
    {"net", "net"},
    {"loss", "loss"},
    {"optim", "optim"},
    {"lr", "optim"},
    {"batch", "batch"},
    {"accumulate", "accumulate"},
    {"seed", "seed"},
    {"fp8", "fp8"},
    {"autocast", "autocast"},
    {"master", "master"},
    {"round", "master"},
    {"scale", "scale"},
    {"clip", "clip"},
    {"probe", "probe"},
};

typedef struct Item {
    char *text;
    const char *thing; /* NULL: not to be moved, and nothing past it */
} Item;

typedef struct Items {
    Item *all;
    size_t count, room;
} Items;

/* NULL: it is no setting, or says of which run. */
static const char *thing_of(const LessonCommands *commands)
{
    if (commands->command == NULL || commands->named)
        return NULL;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (strcmp(settings[i].command, commands->command->name) == 0)
            return settings[i].thing;
    return NULL;
}

static void gather(const char *text, Items *items)
{
    LessonCommands commands = {.at = text};
    bool trained = false;

    while (lesson_commands_next(&commands)) {
        trained |= commands.command != NULL && commands.command->task == TASK_TRAIN;
        items->all = grow(items->all, items->count, &items->room, sizeof *items->all);
        items->all[items->count++] =
            (Item){xstrdup(text_chars(&commands.text)), trained ? NULL : thing_of(&commands)};
    }
    lesson_commands_release(&commands);
}

static void append(const Item *item, Text *other)
{
    text_append(other, item->text);
    text_append(other, "\n");
}

/* The first of its thing. */
static bool is_first(const Item *items, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(items[j].thing, items[i].thing) == 0)
            return false;
    return true;
}

/* Those that stand together: the thing that came last comes first. True where there are two. */
static bool append_turned(const Item *items, size_t count, Text *other)
{
    int things = 0;

    for (size_t i = count; i-- > 0;) {
        if (!is_first(items, i))
            continue;
        things++;
        for (size_t j = i; j < count; j++)
            if (strcmp(items[j].thing, items[i].thing) == 0)
                append(&items[j], other);
    }
    return things > 1;
}

bool order_other(const char *commands, Text *other)
{
    Items items = {0};
    bool changed = false;
    size_t end;

    gather(commands, &items);
    for (size_t i = 0; i < items.count; i = end) {
        end = i;
        while (end < items.count && items.all[end].thing != NULL)
            end++;
        changed |= append_turned(items.all + i, end - i, other);
        if (end < items.count)
            append(&items.all[end++], other);
    }
    for (size_t i = 0; i < items.count; i++)
        free(items.all[i].text);
    free(items.all);
    return changed;
}
