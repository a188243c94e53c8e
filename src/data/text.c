/* text: a file of characters, each of which is to be told from those before it.
 *
 * The vocabulary is the characters (Unicode's code points) that occur, in order. The first nine tenths are
 * to train, the last tenth is held out. An example is `context` characters; its targets are the same one
 * further on. The text stays as long as it is: data_order says where examples begin. An epoch has as many
 * as lie side by side, one less, so that each may begin up to `context` - 1 characters later.
 */
#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "data/build.h"
#include "data/kinds.h"

#include <stdlib.h>

enum { CONTEXT = 128, PARTS = 10, MOST_BYTES = 1 << 28, MOST_CHARACTERS = 8192, CODES = 0x110000 };

static Status no_character(const char *path, const char *text, const char *at)
{
    int64_t line = 1;

    for (const char *c = text; c < at; c++)
        line += *c == '\n';
    return fail(STATUS_IO,
                "%.100s is not UTF-8: line %lld has a byte that starts no character; save it as "
                "UTF-8",
                path, (long long)line);
}

/* A character, or the mark for none where it stands in the file itself. */
static bool is_whole(uint32_t rune, const char *from, const char *behind)
{
    return rune != 0 && (rune != RUNE_BROKEN || behind - from == 3);
}

/* Characters as code points. The text ends in NUL, and `codes` has room for each of its bytes. */
static Status decode(const char *path, const char *text, size_t bytes, uint32_t *codes,
                     int64_t *count)
{
    const char *at = text, *end = text + bytes;

    *count = 0;
    while (at < end) {
        const char *from = at;
        uint32_t rune = rune_next(&at);

        if (!is_whole(rune, from, at))
            return no_character(path, text, from);
        if (rune != 0xFEFF || from != text) /* a byte order mark */
            codes[(*count)++] = rune;
    }
    return ok();
}

/* Sets characters and class_count; `places` has room for all codes, and becomes 1 + each one's place. */
static Status find_characters(const char *path, const uint32_t *codes, Dataset *dataset,
                              int32_t *places)
{
    for (int64_t i = 0; i < dataset->text_count; i++)
        places[codes[i]] = 1;
    for (int32_t code = 0; code < CODES; code++)
        if (places[code] != 0)
            places[code] = (int32_t)++dataset->class_count;
    if (dataset->class_count > MOST_CHARACTERS)
        return fail(STATUS_IO,
                    "%.100s has %lld different characters, and a text may have %d; take one of a "
                    "single language",
                    path, (long long)dataset->class_count, MOST_CHARACTERS);
    if (dataset->class_count < 2)
        return fail(STATUS_IO, "%.100s is one character over and over; there is nothing to tell",
                    path);
    dataset->characters = xcalloc((size_t)dataset->class_count, sizeof *dataset->characters);
    for (uint32_t code = 0; code < CODES; code++)
        if (places[code] != 0)
            dataset->characters[places[code] - 1] = code;
    return ok();
}

/* The held-out part has a window and the character behind it, and all else follows. */
static Status check_length(const char *path, int64_t count, int64_t context)
{
    int64_t most = count / PARTS - 1;

    if (most >= context)
        return ok();
    if (most < 1)
        return fail(STATUS_IO, "%.100s has %lld characters; a text has %d at least", path,
                    (long long)count, 2 * PARTS);
    return fail(STATUS_IO,
                "%.100s has %lld characters, and examples of %lld want %lld of them; say "
                "context=%lld",
                path, (long long)count, (long long)context, (long long)(context + 1) * PARTS,
                (long long)most);
}

static Status fill(const char *path, int64_t context, const uint32_t *codes, Dataset *dataset)
{
    int32_t *places = xcalloc(CODES, sizeof *places);
    int64_t count = dataset->text_count, train = count - count / PARTS;
    Status status = find_characters(path, codes, dataset, places);

    if (!failed(status)) {
        dataset_set_features(dataset, context);
        dataset->train_count = train / context - 1;
        dataset->held_out_from = train;
        dataset->test_count = (count - train - 1) / context;
        dataset->inputs = xaligned((size_t)count, sizeof *dataset->inputs);
        for (int64_t i = 0; i < count; i++)
            dataset->inputs[i] = (float)(places[codes[i]] - 1);
    }
    free(places);
    return status;
}

static Status read_text(const char *path, int64_t context, Dataset *dataset)
{
    Bytes bytes = {0};
    uint32_t *codes;
    Status status;

    TRY(file_read(path, MOST_BYTES, &bytes));
    bytes.data = xresize(bytes.data, bytes.count + 1, 1);
    bytes.data[bytes.count] = '\0'; /* where a character is cut short it ends here */
    codes = xcalloc(bytes.count + 1, sizeof *codes);
    status = decode(path, (const char *)bytes.data, bytes.count, codes, &dataset->text_count);
    if (!failed(status))
        status = check_length(path, dataset->text_count, context);
    if (!failed(status))
        status = fill(path, context, codes, dataset);
    free(codes);
    bytes_release(&bytes);
    return status;
}

static Status check_options(const DataSpec *spec)
{
    if (spec->size != 0)
        return fail(STATUS_USAGE,
                    "size=%lld averages images, and a text has none; leave it out, or say "
                    "context=64 for shorter examples",
                    (long long)spec->size);
    if (spec->gain != 1.0 || spec->target_input)
        return fail(STATUS_USAGE,
                    "%s is about numbers, and a text has characters, which tell the next ones; "
                    "leave it out",
                    spec->target_input ? "target=input" : "gain");
    return ok();
}

static Status text_load(const DataSpec *spec, Dataset *dataset)
{
    int64_t context = spec->context == 0 ? CONTEXT : spec->context;
    Text path = {0};
    Status status;

    TRY(check_options(spec));
    if (spec->path[0] != '\0')
        return read_text(spec->path, context, dataset);
    status = datasets_folder("austen", &path);
    if (!failed(status)) {
        text_append(&path, "/pride-and-prejudice.txt");
        status = read_text(text_chars(&path), context, dataset);
    }
    text_release(&path);
    return status;
}

const DataKind text_kind = {
    .name = "text",
    .usage = "text[:PATH]",
    .summary = "a text to go on writing, character by character: a novel, or any file in UTF-8",
    .takes_path = true,
    .path_optional = true,
    .takes_context = true,
    .load = text_load,
};
