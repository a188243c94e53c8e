#include "repl/names.h"

#include "base/memory.h"
#include "base/text.h"
#include "repl/commands.h"
#include "repl/stories.h"
#include "repl/terms.h"
#include "telemetry/metric.h"
#include "view/settings.h"

#include <stdlib.h>
#include <string.h>

/* What `show` takes besides panels, and the lists that `help` has. */
static const CatalogEntry more_shown[] = {
    {"program", "the step as a list of instructions"},
    {"net", "the layers, with the shape, format and parameters of each"},
    {"settings", "the experiment as commands that make it again"},
    {"autocast", "which operation runs in which format, and why"},
};
static const CatalogEntry topics[] = {
    {"metrics", "the numbers that print and until may name"},
    {"terms", "the words of the field, one sentence each"},
    {"panels", "what show draws"},
    {"tensors", "the tensors of this network"},
    {"stories", "what can go wrong, and why tells of"},
    {"layers", "what a net is made of"},
    {"formats", "the floating-point formats"},
    {"ops", "the instructions of a step"},
    {"expressions", "what may be computed with metrics"},
};
static const CatalogEntry langs[] = {{"en", "English"}, {"zh", "Chinese"}};
enum { LANGS = sizeof(langs) / sizeof(langs[0]) };
enum { MORE_SHOWN = sizeof(more_shown) / sizeof(more_shown[0]) };
enum { TOPICS = sizeof(topics) / sizeof(topics[0]) };

static bool get_command(int i, CatalogEntry *entry)
{
    for (int at = 0; command_table[at] != NULL; at++) {
        if (at == i) {
            *entry = (CatalogEntry){command_table[at]->name, command_table[at]->summary};
            return true;
        }
    }
    return false;
}

static bool get_metric(int i, CatalogEntry *entry)
{
    for (int at = 0; metric_table[at].name != NULL; at++) {
        if (at == i) {
            *entry = (CatalogEntry){metric_table[at].name, metric_table[at].text};
            return true;
        }
    }
    return false;
}

static int panel_count(void)
{
    int count = 0;

    while (panel_table[count] != NULL)
        count++;
    return count;
}

static bool get_panel(int i, CatalogEntry *entry)
{
    if (i >= panel_count())
        return false;
    *entry = (CatalogEntry){panel_table[i]->name, panel_table[i]->summary};
    return true;
}

static bool get_story(int i, CatalogEntry *entry)
{
    for (int at = 0; story_table[at] != NULL; at++) {
        if (at == i) {
            *entry = (CatalogEntry){story_table[at]->name, story_table[at]->text};
            return true;
        }
    }
    return false;
}

static bool get_list(int i, CatalogEntry *entry)
{
    if (i >= MORE_SHOWN)
        return false;
    *entry = more_shown[i];
    return true;
}

static bool get_lang(int i, CatalogEntry *entry)
{
    if (i >= LANGS)
        return false;
    *entry = langs[i];
    return true;
}

static bool get_shown(int i, CatalogEntry *entry)
{
    return get_panel(i, entry) || get_list(i - panel_count(), entry);
}

static bool get_tensor(const Snapshot *known, int i, CatalogEntry *entry)
{
    if (known == NULL || i < 0 || i >= known->tensor_count)
        return false;
    *entry = (CatalogEntry){known->tensors[i].name, ""};
    return true;
}

static bool get_run(const Snapshot *known, int i, CatalogEntry *entry)
{
    if (known == NULL || i >= known->run_count)
        return false;
    *entry = (CatalogEntry){known->runs[i], ""};
    return true;
}

static bool get_mark(const Snapshot *known, int i, CatalogEntry *entry)
{
    if (known == NULL || i >= known->mark_count)
        return false;
    *entry = (CatalogEntry){known->marks[i], ""};
    return true;
}

static bool get_option(int i, CatalogEntry *entry)
{
    for (int at = 0; view_options[at].name != NULL; at++) {
        if (at == i) {
            *entry = (CatalogEntry){view_options[at].name, view_options[at].text};
            return true;
        }
    }
    return false;
}

/* Whether an earlier option has the word too. */
static bool had_value(int before, const char *value)
{
    for (int at = 0; at < before; at++) {
        for (int v = 0; view_options[at].values[v] != NULL; v++) {
            if (strcmp(view_options[at].values[v], value) == 0)
                return true;
        }
    }
    return false;
}

/* The words of all options, each once; panels and tensors are values too. */
static bool get_value(const Snapshot *known, int i, CatalogEntry *entry)
{
    for (int at = 0; view_options[at].name != NULL; at++) {
        for (int v = 0; view_options[at].values[v] != NULL; v++) {
            if (had_value(at, view_options[at].values[v]) || i-- > 0)
                continue;
            *entry = (CatalogEntry){view_options[at].values[v], ""};
            return true;
        }
    }
    return get_panel(i, entry) || get_tensor(known, i - panel_count(), entry);
}

static bool get_topic(int i, CatalogEntry *entry)
{
    static const Names parts[] = {NAMES_COMMANDS, NAMES_METRICS,    NAMES_PANELS, NAMES_TERMS,
                                  NAMES_NETS,     NAMES_OPTIMIZERS, NAMES_LOSSES, NAMES_FORMATS,
                                  NAMES_DATA,     NAMES_BACKENDS};

    if (i < TOPICS) {
        *entry = topics[i];
        return true;
    }
    i -= TOPICS;
    for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
        int count = 0;

        while (names_get(parts[part], NULL, count, entry)) {
            if (count++ == i)
                return true;
        }
        i -= count;
    }
    return false;
}

static bool get_catalog(Names names, int i, CatalogEntry *entry)
{
    switch (names) {
    case NAMES_DATA:
        return catalog_get(CATALOG_DATA, i, entry);
    case NAMES_LAYERS:
        return catalog_get(CATALOG_LAYERS, i, entry);
    case NAMES_NETS:
        return catalog_get(CATALOG_NETS, i, entry);
    case NAMES_ACTIVATIONS:
        return catalog_get(CATALOG_ACTIVATIONS, i, entry);
    case NAMES_LOSSES:
        return catalog_get(CATALOG_LOSSES, i, entry);
    case NAMES_OPTIMIZERS:
        return catalog_get(CATALOG_OPTIMIZERS, i, entry);
    case NAMES_AUTOCAST:
        return catalog_get(CATALOG_AUTOCAST, i, entry);
    case NAMES_KEPT:
        return catalog_get(CATALOG_KEPT, i, entry);
    case NAMES_FORCED:
        return catalog_get(CATALOG_FORCED, i, entry);
    case NAMES_FORMATS:
        return catalog_get(CATALOG_FORMATS, i, entry);
    case NAMES_OPS:
        return catalog_get(CATALOG_OPS, i, entry);
    case NAMES_BACKENDS:
        return catalog_get(CATALOG_BACKENDS, i, entry);
    default:
        return false;
    }
}

bool names_get(Names names, const Snapshot *known, int i, CatalogEntry *entry)
{
    switch (names) {
    case NAMES_COMMANDS:
        return get_command(i, entry);
    case NAMES_METRICS:
        return get_metric(i, entry);
    case NAMES_PANELS:
        return get_panel(i, entry);
    case NAMES_SHOWN:
        return get_shown(i, entry);
    case NAMES_LISTS:
        return get_list(i, entry);
    case NAMES_TERMS:
        return term_get(i, entry);
    case NAMES_STORIES:
        return get_story(i, entry);
    case NAMES_TENSORS:
        return get_tensor(known, i, entry);
    case NAMES_RUNS:
        return get_run(known, i, entry);
    case NAMES_MARKS:
        return get_mark(known, i, entry);
    case NAMES_VIEW:
        return get_option(i, entry);
    case NAMES_VIEWED:
        return get_value(known, i, entry);
    case NAMES_LESSONS:
        return lesson_word(i, entry);
    case NAMES_LANGS:
        return get_lang(i, entry);
    case NAMES_TOPICS:
        return get_topic(i, entry);
    default:
        return get_catalog(names, i, entry);
    }
}

bool names_has(Names names, const Snapshot *known, const char *word)
{
    CatalogEntry entry;

    for (int i = 0; names_get(names, known, i, &entry); i++) {
        if (strcmp(entry.name, word) == 0)
            return true;
    }
    return false;
}

const char *names_nearest(Names names, const Snapshot *known, const char *word)
{
    const char **list = NULL;
    const char *nearest;
    CatalogEntry entry;
    size_t count = 0, room = 0;

    for (int i = 0; names_get(names, known, i, &entry); i++) {
        list = grow(list, count, &room, sizeof(*list));
        list[count++] = entry.name;
    }
    list = grow(list, count, &room, sizeof(*list));
    list[count] = NULL;
    nearest = text_nearest(word, list);
    free(list);
    return nearest;
}
