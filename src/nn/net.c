#include "nn/net.h"

#include "base/number.h"
#include "base/text.h"
#include "nn/layer.h"

#include <stdio.h>
#include <string.h>

enum { WORD = 40 };

/* Copies the next word before a blank, comma or the end; false when there is none. */
static bool next_word(const char **text, const char *stops, char word[WORD])
{
    size_t length;

    *text += strspn(*text, " \t");
    length = strcspn(*text, stops);
    if (length == 0)
        return false;
    if (length >= WORD)
        length = WORD - 1;
    memcpy(word, *text, length);
    word[length] = '\0';
    *text += strcspn(*text, stops);
    return true;
}

static Status add_layer(NetSpec *spec, const char *kind, int64_t width)
{
    LayerSpec *layer = &spec->layers[spec->count];

    if (spec->count == NET_LAYERS)
        return fail(STATUS_USAGE, "a network takes at most %d layers", NET_LAYERS);
    *layer = (LayerSpec){.width = width};
    text_copy(layer->kind, sizeof layer->kind, kind);
    spec->count++;
    return ok();
}

static Status read_width(const char *word, int64_t *width)
{
    TRY(count_parse(word, width));
    if (*width < 1 || *width > NET_WIDEST)
        return fail(STATUS_USAGE, "a width of '%.20s' does not work; take 1 to %d", word,
                    NET_WIDEST);
    return ok();
}

static Status unknown_layer(const char *word)
{
    const char *names[NET_LAYERS + 1] = {0}, *near;
    Text list = {0};
    Status status;

    for (int i = 0; layer_table[i] != NULL; i++) {
        names[i] = layer_table[i]->name;
        text_printf(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    near = text_nearest(word, names);
    if (near != NULL)
        status = fail(STATUS_USAGE, "there is no layer '%s'; did you mean %s?", word, near);
    else
        status =
            fail(STATUS_USAGE, "there is no layer '%s'; there are %s", word, text_chars(&list));
    text_release(&list);
    return status;
}

/* linear 128 | relu */
static Status read_layer(const char *text, NetSpec *spec)
{
    const LayerKind *kind;
    char word[WORD] = "";
    int64_t width = 0;

    next_word(&text, " \t,", word);
    kind = layer_find(word);
    if (kind == NULL)
        return unknown_layer(word);
    if (kind->takes_width) {
        if (!next_word(&text, " \t,", word))
            return fail(STATUS_USAGE, "%s needs a width; say %s 128", kind->name, kind->name);
        TRY(read_width(word, &width));
    }
    if (next_word(&text, " \t,", word))
        return fail(STATUS_USAGE, "'%s' is too much after %s; layers are separated by commas", word,
                    kind->name);
    return add_layer(spec, kind->name, width);
}

static Status read_list(const char *text, NetSpec *spec)
{
    for (;;) {
        char layer[2 * WORD];
        size_t length = strcspn(text, ",");

        text_copy(layer, length + 1 < sizeof layer ? length + 1 : sizeof layer, text);
        TRY(read_layer(layer, spec));
        if (text[length] == '\0')
            return ok();
        text += length + 1;
    }
}

/* The first width is that of the input; an activation stands before every layer but the first. */
static Status add_width(NetSpec *spec, int64_t width, const char *act)
{
    if (spec->inputs == 0) {
        spec->inputs = width;
        return ok();
    }
    if (spec->count > 1)
        TRY(add_layer(spec, act, 0));
    return add_layer(spec, "linear", width);
}

static Status read_widths(const char *text, const char *act, NetSpec *spec)
{
    const LayerKind *activation = layer_find(act);
    int64_t width;
    char word[WORD];

    if (activation == NULL || !activation->activation)
        return fail(STATUS_USAGE, "'%.20s' is no activation; try act=relu, gelu or tanh", act);
    TRY(add_layer(spec, "flatten", 0));
    while (next_word(&text, " \t", word)) {
        TRY(read_width(word, &width));
        TRY(add_width(spec, width, act));
    }
    if (spec->count < 2)
        return fail(STATUS_USAGE, "a network needs inputs and outputs; try net 784 256 128 10");
    return ok();
}

Status net_parse(const char *text, const char *act, NetSpec *spec)
{
    NetSpec made = {0};
    const char *start = text + strspn(text, " \t");

    if (*start >= '0' && *start <= '9')
        TRY(read_widths(start, act, &made));
    else
        TRY(read_list(start, &made));
    *spec = made;
    return ok();
}

/* The activation of a net in the short form's pattern, NULL where it has another. */
static const char *short_form(const NetSpec *spec)
{
    const char *act = "relu";

    if (spec->inputs == 0)
        return NULL;
    for (int i = 1; i < spec->count; i++)
        if (spec->layers[i].width == 0)
            act = spec->layers[i].kind;
    return act;
}

const char *net_print(const NetSpec *spec, char *text, int room)
{
    const char *act = short_form(spec);
    Text line = {0};

    if (act != NULL)
        text_printf(&line, "%lld", (long long)spec->inputs);
    for (int i = act != NULL ? 1 : 0; i < spec->count; i++) {
        const LayerSpec *layer = &spec->layers[i];

        if (act == NULL)
            text_printf(&line, "%s%s", i == 0 ? "\"" : ", ", layer->kind);
        if (layer->width > 0)
            text_printf(&line, " %lld", (long long)layer->width);
    }
    if (act == NULL)
        text_append(&line, "\"");
    else if (strcmp(act, "relu") != 0)
        text_printf(&line, " act=%s", act);
    text_copy(text, (size_t)room, text_chars(&line));
    text_release(&line);
    return text;
}
