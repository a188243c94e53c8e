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

#define TRANSFORMER_BLOCK \
    "residual (layernorm, attention 4), residual (layernorm, linear 512, gelu, linear 128), "

const NetPreset net_presets[] = {
    {"mlp", "784 256 128 10, which halfstep begins with", "784 256 128 10"},
    {"lenet", "two convolutions and three linear layers, for 28 x 28 pictures",
     "conv 6 k=5 pad=2, relu, pool 2, conv 16 k=5, relu, pool 2, flatten, linear 120, relu, "
     "linear 84, relu, linear 10"},
    {"transformer-tiny", "four blocks of attention and linear layers, 128 wide, for data text",
     "embedding 128, position, " TRANSFORMER_BLOCK TRANSFORMER_BLOCK TRANSFORMER_BLOCK
         TRANSFORMER_BLOCK "layernorm, linear"},
    {"resnet-tiny", "three residual blocks with batchnorm, for 28 x 28 pictures",
     "conv 16 pad=1, batchnorm, relu, residual (conv 16 pad=1, batchnorm, relu, conv 16 pad=1, "
     "batchnorm), relu, residual (conv 32 stride=2 pad=1, batchnorm, relu, conv 32 pad=1, "
     "batchnorm | conv 32 k=1 stride=2, batchnorm), relu, residual (conv 64 stride=2 pad=1, "
     "batchnorm, relu, conv 64 pad=1, batchnorm | conv 64 k=1 stride=2, batchnorm), relu, avgpool "
     "7, flatten, linear 10"},
    {NULL, NULL, NULL},
};

static Status add_layer(NetSpec *spec, const LayerSpec *layer)
{
    if (spec->count == NET_LAYERS)
        return fail(STATUS_USAGE, "a network takes at most %d layers", NET_LAYERS);
    spec->layers[spec->count++] = *layer;
    return ok();
}

static LayerSpec layer_of(const char *kind, int64_t width)
{
    LayerSpec layer = {.width = width};

    text_copy(layer.kind, sizeof layer.kind, kind);
    return layer;
}

static Status read_number(const char *word, const char *what, int64_t least, int64_t *number)
{
    TRY(count_parse(word, number));
    if (*number < least || *number > NET_WIDEST)
        return fail(STATUS_USAGE, "a %s of '%.20s' does not work; take %lld to %d", what, word,
                    (long long)least, NET_WIDEST);
    return ok();
}

static Status unknown_layer(const char *word)
{
    const char *names[NET_LAYERS + 1] = {0}, *near;
    Text list = {0};
    Status status;
    int count = 0;

    if (word[0] == '\0')
        return fail(STATUS_USAGE, "a layer is missing; take a comma or a mark away, or name one");
    for (; layer_table[count] != NULL; count++) {
        names[count] = layer_table[count]->name;
        text_printf(&list, "%s%s", count == 0 ? "" : ", ", names[count]);
    }
    for (const NetPreset *preset = net_presets; preset->name != NULL; preset++)
        names[count++] = preset->name;
    near = text_nearest(word, names);
    if (near != NULL)
        status = fail(STATUS_USAGE, "there is no layer '%s'; did you mean %s?", word, near);
    else
        status =
            fail(STATUS_USAGE, "there is no layer '%s'; there are %s", word, text_chars(&list));
    text_release(&list);
    return status;
}

static Status read_rate(const char *word, double *rate)
{
    TRY(number_parse(word, rate));
    if (!(*rate >= 0.0 && *rate < 1.0))
        return fail(STATUS_USAGE, "a share of '%.20s' cannot be dropped; take 0 to less than 1",
                    word);
    return ok();
}

/* k=3 | stride=2 | pad=1 */
static Status read_key(const char *word, const LayerKind *kind, LayerSpec *layer)
{
    const struct {
        const char *name;
        int64_t least, *number;
    } keys[] = {
        {"k=", 1, &layer->kernel}, {"stride=", 1, &layer->stride}, {"pad=", 0, &layer->pad}};

    for (size_t i = 0; i < sizeof keys / sizeof *keys && kind->slides; i++)
        if (text_starts(word, keys[i].name)) {
            size_t length = strlen(keys[i].name);
            char name[WORD];

            text_copy(name, length, keys[i].name);
            return read_number(word + length, name, keys[i].least, keys[i].number);
        }
    if (kind->slides)
        return fail(STATUS_USAGE, "%s takes k=, stride= and pad=, and no '%s'", kind->name, word);
    return fail(STATUS_USAGE, "'%s' is too much after %s; layers are separated by commas", word,
                kind->name);
}

/* conv 32 k=3 | linear 128 | relu */
static Status read_layer(const char *text, NetSpec *spec)
{
    const LayerKind *kind;
    char word[WORD] = "";
    LayerSpec layer;

    next_word(&text, " \t,", word);
    kind = layer_find(word);
    if (kind == NULL)
        return unknown_layer(word);
    if (kind->block)
        return fail(STATUS_USAGE, "'%s' takes layers; say %s (linear 64, relu)", word, word);
    layer = layer_of(kind->name, 0);
    if (kind->slides) {
        layer.kernel = 3;
        layer.stride = 1;
    }
    if (kind->drops) {
        if (!next_word(&text, " \t,", word))
            return fail(STATUS_USAGE, "%s needs a share; say %s 0.1", kind->name, kind->name);
        TRY(read_rate(word, &layer.rate));
    }
    if (kind->number != NULL) {
        bool given = next_word(&text, " \t,", word);

        if (!given && kind->ends)
            return add_layer(spec, &layer);
        if (!given)
            return fail(STATUS_USAGE, "%s needs a %s; say %s %s", kind->name, kind->number,
                        kind->name, kind->usual);
        TRY(read_number(word, kind->number, 1, &layer.width));
    }
    while (next_word(&text, " \t,", word))
        TRY(read_key(word, kind, &layer));
    return add_layer(spec, &layer);
}

/* Only the last may leave to the data how many numbers it gives. */
static Status check_widths(const NetSpec *spec)
{
    for (int i = 0; i + 1 < spec->count; i++) {
        const LayerKind *kind = layer_find(spec->layers[i].kind);

        if (kind->ends && spec->layers[i].width == 0)
            return fail(STATUS_USAGE,
                        "%s needs a %s; say %s %s (the last one may go without, and gives as many "
                        "as the data wants)",
                        kind->name, kind->number, kind->name, kind->usual);
    }
    return ok();
}

/* residual ( */
static Status begin_block(const char *text, NetSpec *spec)
{
    const LayerKind *kind;
    char word[WORD] = "", more[WORD];
    LayerSpec layer;

    next_word(&text, " \t", word);
    kind = layer_find(word);
    if (kind == NULL)
        return unknown_layer(word);
    if (!kind->block)
        return fail(STATUS_USAGE, "'%s' takes no layers in parentheses; residual does", word);
    if (next_word(&text, " \t", more))
        return fail(STATUS_USAGE, "'%s' is too much between %s and its layers", more, word);
    if (net_depth(spec, spec->count) == NET_DEPTH)
        return fail(STATUS_USAGE, "at most %d blocks stand within each other", NET_DEPTH);
    layer = layer_of(kind->name, 0);
    layer.part = BLOCK_BEGIN;
    return add_layer(spec, &layer);
}

/* | or ): the open block goes on with its shortcut, or ends. */
static Status go_on_block(char mark, NetSpec *spec)
{
    int begin = net_begin(spec, spec->count);
    LayerSpec layer;

    if (begin < 0)
        return fail(STATUS_USAGE, "'%c' belongs to a block, as in residual (linear 64, relu)",
                    mark);
    if (mark == '|' && net_shortcut(spec, spec->count) >= 0)
        return fail(STATUS_USAGE, "a block has one '|', behind which its only shortcut stands");
    layer = spec->layers[begin];
    layer.part = mark == '|' ? BLOCK_SHORTCUT : BLOCK_END;
    return add_layer(spec, &layer);
}

/* What stands behind a layer, up to where the next begins. */
static Status read_marks(const char **text, NetSpec *spec)
{
    for (*text += strspn(*text, " \t"); **text == ')'; *text += 1 + strspn(*text + 1, " \t"))
        TRY(go_on_block(')', spec));
    if (**text == '|')
        TRY(go_on_block('|', spec));
    else if (**text != ',' && **text != '\0')
        return fail(STATUS_USAGE, "'%.*s' is too much after ')'; layers are separated by commas",
                    (int)strcspn(*text, " ,|()"), *text);
    return ok();
}

/* "residual (", or a layer and what closes blocks behind it. */
static Status read_piece(const char **text, NetSpec *spec)
{
    char layer[2 * WORD];
    size_t length = strcspn(*text, ",|()");

    text_copy(layer, length + 1 < sizeof layer ? length + 1 : sizeof layer, *text);
    *text += length;
    if (**text == '(')
        return begin_block(layer, spec);
    TRY(read_layer(layer, spec));
    return read_marks(text, spec);
}

/* A, B, residual (C, D | E), F */
static Status read_list(const char *text, NetSpec *spec)
{
    TRY(read_piece(&text, spec));
    while (*text != '\0') {
        text++; /* a comma, a bar, or what opens a block */
        TRY(read_piece(&text, spec));
    }
    if (net_begin(spec, spec->count) < 0)
        return check_widths(spec);
    return fail(STATUS_USAGE, "a residual is left open; close it with )");
}

/* The first width is that of the input; an activation stands before every layer but the first. */
static Status add_width(NetSpec *spec, int64_t width, const char *act)
{
    LayerSpec layer;

    if (spec->inputs == 0) {
        spec->inputs = width;
        return ok();
    }
    if (spec->count > 1) {
        LayerSpec activation = layer_of(act, 0);

        TRY(add_layer(spec, &activation));
    }
    layer = layer_of("linear", width);
    return add_layer(spec, &layer);
}

static Status read_widths(const char *text, const char *act, NetSpec *spec)
{
    const LayerKind *activation = layer_find(act);
    LayerSpec flatten = layer_of("flatten", 0);
    int64_t width;
    char word[WORD];

    if (activation == NULL || !activation->activation)
        return fail(STATUS_USAGE, "'%.20s' is no activation; try act=relu, gelu or tanh", act);
    TRY(add_layer(spec, &flatten));
    while (next_word(&text, " \t", word)) {
        TRY(read_number(word, "width", 1, &width));
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

    for (const NetPreset *preset = net_presets; preset->name != NULL; preset++)
        if (strcmp(start, preset->name) == 0)
            start = preset->net;
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

const char *layer_print(const LayerSpec *spec, char *text, int room)
{
    const LayerKind *kind = layer_find(spec->kind);
    char number[NUMBER_TEXT];
    Text words = {0};

    if (spec->part == BLOCK_SHORTCUT || spec->part == BLOCK_END) {
        text_copy(text, (size_t)room, spec->part == BLOCK_END ? ")" : "|");
        return text;
    }
    text_append(&words, spec->kind);
    if (spec->part == BLOCK_BEGIN)
        text_append(&words, " (");
    if (spec->width > 0)
        text_printf(&words, " %lld", (long long)spec->width);
    if (kind != NULL && kind->drops)
        text_printf(&words, " %s", number_shortest(spec->rate, number));
    if (spec->kernel > 0)
        text_printf(&words, " k=%lld", (long long)spec->kernel);
    if (spec->stride > 1)
        text_printf(&words, " stride=%lld", (long long)spec->stride);
    if (spec->pad > 0)
        text_printf(&words, " pad=%lld", (long long)spec->pad);
    text_copy(text, (size_t)room, text_chars(&words));
    text_release(&words);
    return text;
}

static void print_widths(const NetSpec *spec, const char *act, Text *line)
{
    text_printf(line, "%lld", (long long)spec->inputs);
    for (int i = 1; i < spec->count; i++)
        if (spec->layers[i].width > 0)
            text_printf(line, " %lld", (long long)spec->layers[i].width);
    if (strcmp(act, "relu") != 0)
        text_printf(line, " act=%s", act);
}

static const char *between(const NetSpec *spec, int i)
{
    BlockPart part = spec->layers[i].part;

    if (i == 0 || part == BLOCK_END || spec->layers[i - 1].part == BLOCK_BEGIN)
        return "";
    return part == BLOCK_SHORTCUT || spec->layers[i - 1].part == BLOCK_SHORTCUT ? " " : ", ";
}

static void print_list(const NetSpec *spec, Text *line)
{
    char layer[LAYER_TEXT];

    text_append(line, "\"");
    for (int i = 0; i < spec->count; i++)
        text_printf(line, "%s%s", between(spec, i),
                    layer_print(&spec->layers[i], layer, sizeof layer));
    text_append(line, "\"");
}

const char *net_print(const NetSpec *spec, char *text, int room)
{
    const char *act = short_form(spec);
    Text line = {0};

    if (act != NULL)
        print_widths(spec, act, &line);
    else
        print_list(spec, &line);
    text_copy(text, (size_t)room, text_chars(&line));
    text_release(&line);
    return text;
}
