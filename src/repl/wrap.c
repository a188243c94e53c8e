#include "repl/wrap.h"

#include <string.h>

static size_t present_column(const Text *text)
{
    const char *chars = text_chars(text);
    const char *newline = strrchr(chars, '\n');

    return newline == NULL ? text->length : text->length - (size_t)(newline - chars) - 1;
}

void wrap(const char *words, size_t indent, Text *text)
{
    bool first = true;

    while (*words != '\0') {
        size_t length = strcspn(words, " ");

        if (!first && present_column(text) + 1 + length > PAGE_WIDTH) {
            text_append(text, "\n");
            text_pad(text, indent);
        } else if (!first) {
            text_append(text, " ");
        }
        text_append_bytes(text, words, length);
        words += length + strspn(words + length, " ");
        first = false;
    }
    text_append(text, "\n");
}

void wrap_row(const char *name, const char *words, size_t column, Text *text)
{
    text_printf(text, "  %s", name);
    if (present_column(text) + 2 > column)
        text_append(text, "\n");
    text_pad(text, column);
    wrap(words, column, text);
}
