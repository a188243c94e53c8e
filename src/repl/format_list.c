#include "repl/format_list.h"

#include <stdio.h>
#include <string.h>

static void add_format(FormatList *list, Format format)
{
    for (int i = 0; i < list->count; i++)
        if (list->formats[i] == format)
            return;
    list->formats[list->count++] = format;
}

Status format_list_read(const char *words, FormatList *list)
{
    static const char between[] = " ,";
    char name[48];
    Format format;

    for (words += strspn(words, between); *words != '\0'; words += strspn(words, between)) {
        size_t length = strcspn(words, between);

        snprintf(name, sizeof name, "%.*s", (int)length, words);
        TRY(format_parse(name, &format));
        add_format(list, format);
        words += length;
    }
    return ok();
}
