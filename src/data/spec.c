/* A DataSpec as the learner writes it, read and printed. */
#include "data/data.h"

#include "base/number.h"
#include "base/text.h"
#include "data/kinds.h"

#include <string.h>

enum { MOST_KINDS = 16 };

DataSpec data_spec_default(void)
{
    return (DataSpec){.kind = "fashion", .gain = 1.0, .shuffle = true};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "  fashion   full " becomes "fashion full"; what does not fit is cut off. */
static void tidy(const char *text, size_t count, char name[DATA_NAME])
{
    size_t length = 0;

    for (size_t i = 0; i < count && length + 1 < DATA_NAME; i++) {
        if (!is_blank(text[i]))
            name[length++] = text[i];
        else if (length > 0 && name[length - 1] != ' ')
            name[length++] = ' ';
    }
    if (length > 0 && name[length - 1] == ' ')
        length--;
    name[length] = '\0';
}

static Status unknown_kind(const char *name)
{
    const char *names[MOST_KINDS + 1] = {NULL}, *nearest;
    Text usages = {0};
    Status status;

    for (int i = 0; i < MOST_KINDS && data_kinds[i] != NULL; i++) {
        names[i] = data_kinds[i]->name;
        text_printf(&usages, "%s%s", i == 0 ? "" : ", ", data_kinds[i]->usage);
    }
    nearest = text_nearest(name, names);
    if (nearest != NULL)
        status = fail(STATUS_USAGE, "there is no data set '%.31s'; did you mean %s?", name,
                      data_kind_find(nearest)->usage);
    else
        status = fail(STATUS_USAGE, "there is no data set '%.31s'; choose one of %s", name,
                      text_chars(&usages));
    text_release(&usages);
    return status;
}

static Status check_path(const DataKind *kind, const char *path)
{
    if (kind->takes_path && !kind->path_optional && (path == NULL || path[0] == '\0'))
        return fail(STATUS_USAGE, "%s needs a path after the colon: %s", kind->name, kind->usage);
    if (!kind->takes_path && path != NULL)
        return fail(STATUS_USAGE, "%s takes no path; try %s alone, or csv:PATH", kind->name,
                    kind->name);
    if (path != NULL && strlen(path) >= DATA_PATH)
        return fail(STATUS_USAGE, "the path of %s is longer than %d characters", kind->name,
                    DATA_PATH - 1);
    return ok();
}

/* "csv data.csv": the blank should have been a colon. */
static const DataKind *path_kind_of(const char *name)
{
    char word[DATA_NAME];
    const DataKind *kind;

    text_copy(word, sizeof word, name);
    word[strcspn(word, " ")] = '\0';
    kind = data_kind_find(word);
    return kind != NULL && kind->takes_path ? kind : NULL;
}

Status data_spec_parse(const char *text, DataSpec *spec)
{
    size_t name_length = strcspn(text, ":");
    const char *path = text[name_length] == ':' ? text + name_length + 1 : NULL;
    const DataKind *kind;
    char name[DATA_NAME];

    tidy(text, name_length, name);
    kind = data_kind_find(name);
    if (kind == NULL)
        kind = path_kind_of(name);
    if (kind == NULL)
        return unknown_kind(name);
    if (strcmp(kind->name, name) != 0 && kind->path_optional)
        return fail(STATUS_USAGE, "the path of %s stands behind a colon: %s", kind->name,
                    kind->usage);
    if (strcmp(kind->name, name) != 0)
        path = NULL;
    TRY(check_path(kind, path));
    text_copy(spec->kind, sizeof spec->kind, kind->name);
    text_copy(spec->path, sizeof spec->path, path == NULL ? "" : path);
    return ok();
}

static void print_source(const DataSpec *spec, Text *out)
{
    Text word = {0};

    if (spec->path[0] == '\0') {
        text_append(out, spec->kind);
        return;
    }
    text_printf(&word, "%s:%s", spec->kind, spec->path);
    text_append_word(out, text_chars(&word));
    text_release(&word);
}

void data_spec_print(const DataSpec *spec, char *text, int room)
{
    char number[NUMBER_TEXT];
    Text out = {0};

    print_source(spec, &out);
    if (spec->limit != 0)
        text_printf(&out, " limit=%lld", (long long)spec->limit);
    if (spec->size != 0)
        text_printf(&out, " size=%lld", (long long)spec->size);
    if (spec->features != 0)
        text_printf(&out, " features=%lld", (long long)spec->features);
    if (spec->classes != 0)
        text_printf(&out, " classes=%lld", (long long)spec->classes);
    if (spec->context != 0)
        text_printf(&out, " context=%lld", (long long)spec->context);
    if (spec->gain != 1.0)
        text_printf(&out, " gain=%s", number_shortest(spec->gain, number));
    if (spec->target_input)
        text_append(&out, " target=input");
    if (!spec->shuffle)
        text_append(&out, " shuffle=off");
    text_copy(text, room > 0 ? (size_t)room : 0, text_chars(&out));
    text_release(&out);
}
