#include "repl/format_list.h"

#include "base/text.h"
#include "train/catalog.h"

#include <stdio.h>
#include <string.h>

static void add_format(FormatList *list, Format format)
{
    for (int i = 0; i < list->count; i++)
        if (list->formats[i] == format)
            return;
    list->formats[list->count++] = format;
}

static Status parse_step(const char *name, Format *format)
{
    CatalogEntry entry;

    if (!catalog_has(CATALOG_AUTOCAST, name)) {
        Text names = {0};
        Status status;

        for (int i = 0; catalog_get(CATALOG_AUTOCAST, i, &entry); i++)
            text_printf(&names, "%s%s", i == 0 ? "" : ", ", entry.name);
        status = fail(STATUS_USAGE, "no step is computed in '%.40s'; there are %s", name,
                      text_chars(&names));
        text_release(&names);
        return status;
    }
    *format = FORMAT_FP32;
    if (strcmp(name, "off") == 0)
        return ok();
    *format = FORMAT_E4M3;
    return strcmp(name, "fp8") == 0 ? ok() : format_parse(name, format);
}

static Status read_list(const char *words, Status (*parse)(const char *name, Format *format),
                        FormatList *list)
{
    static const char between[] = " ,";
    char name[48];
    Format format;

    for (words += strspn(words, between); *words != '\0'; words += strspn(words, between)) {
        size_t length = strcspn(words, between);

        snprintf(name, sizeof name, "%.*s", (int)length, words);
        format = FORMAT_FP32;
        TRY(parse(name, &format));
        add_format(list, format);
        words += length;
    }
    return ok();
}

Status format_list_read(const char *words, FormatList *list)
{
    return read_list(words, format_parse, list);
}

Status step_list_read(const char *words, FormatList *list)
{
    return read_list(words, parse_step, list);
}
