/* Feeds random bytes and mutated valid files to the readers of csv and idx, and random words to
 * the readers of numbers. Usage: readers ITERATIONS SEED
 *
 * A reader passes when it neither crashes nor breaks its promise: a failure has one printable
 * sentence and leaves nothing behind; a data set that loads is whole and within its bounds.
 */
#include "blob.h"

#include "base/file.h"
#include "base/number.h"
#include "base/random.h"
#include "base/text.h"
#include "data/data.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

typedef struct Fuzz {
    Random random;
    uint64_t drawn;
    char folder[64];
    long passed, failed;
} Fuzz;

static uint32_t draw(Fuzz *fuzz, uint32_t below)
{
    return random_bits(&fuzz->random, fuzz->drawn++) % below;
}

static Blob random_blob(Fuzz *fuzz, size_t most)
{
    Blob blob = {.count = draw(fuzz, (uint32_t)most)};

    for (size_t i = 0; i < blob.count; i++)
        blob.bytes[i] = (uint8_t)draw(fuzz, 256);
    return blob;
}

static void mutate_once(Fuzz *fuzz, Blob *blob)
{
    static const char *const pieces[] = {
        ",",  "\n",  "\r\n", ",,", "-",  "e",   "1e39", "nan",  "inf",          " ",
        "\t", "0x1", "\"",   ".",  "+-", "1e-", "#",    "-1\n", "1,2,3,4,5,6,", "\xff\xfe",
    };
    size_t at = blob->count == 0 ? 0 : draw(fuzz, (uint32_t)blob->count);

    switch (draw(fuzz, 5)) {
    case 0:
        blob->bytes[at] ^= (uint8_t)(1u << draw(fuzz, 8));
        break;
    case 1:
        blob->bytes[at] = (uint8_t)draw(fuzz, 256);
        break;
    case 2:
        blob->count = at;
        break;
    case 3:
        blob_insert(blob, at, pieces[draw(fuzz, sizeof pieces / sizeof *pieces)]);
        break;
    default:
        for (size_t i = at; i < at + 4 && i < blob->count; i++)
            blob->bytes[i] = draw(fuzz, 2) ? 0xff : 0;
    }
}

/* One blob in eight is noise; the rest are the valid file with up to seven changes. */
static Blob mutated(Fuzz *fuzz, const Blob *valid)
{
    Blob blob = *valid;

    if (draw(fuzz, 8) == 0)
        return random_blob(fuzz, 300);
    for (uint32_t changes = draw(fuzz, 8); changes > 0; changes--)
        mutate_once(fuzz, &blob);
    return blob;
}

static void path_of(const Fuzz *fuzz, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", fuzz->folder, name);
}

static void must(bool done, const char *what)
{
    if (done)
        return;
    perror(what);
    abort();
}

static void put(const Fuzz *fuzz, const char *name, const Blob *blob)
{
    char path[256];
    FILE *file;

    path_of(fuzz, name, path);
    file = fopen(path, "wb");
    must(file != NULL, path);
    must(fwrite(blob->bytes, 1, blob->count, file) == blob->count, path);
    must(fclose(file) == 0, path);
}

/* The blob packed, so that the packed bytes are what is mutated. */
static Blob packed(const Fuzz *fuzz, const Blob *blob)
{
    char path[256];
    Blob result = {.count = 0};
    gzFile file;
    FILE *raw;

    path_of(fuzz, "packed", path);
    file = gzopen(path, "wb");
    must(file != NULL && gzwrite(file, blob->bytes, (unsigned)blob->count) >= 0, path);
    must(gzclose(file) == Z_OK, path);
    raw = fopen(path, "rb");
    must(raw != NULL, path);
    result.count = fread(result.bytes, 1, MOST, raw);
    must(fclose(raw) == 0, path);
    return result;
}

static void add_row(Fuzz *fuzz, Blob *blob, uint32_t columns, bool numbers)
{
    char cell[32];

    for (uint32_t column = 1; column < columns; column++) {
        snprintf(cell, sizeof cell, "%g,", draw(fuzz, 100000) / 1000.0 - 50.0);
        blob_insert(blob, blob->count, cell);
    }
    snprintf(cell, sizeof cell, "%g\n", draw(fuzz, 5) + (numbers ? 0.5 : 0.0));
    blob_insert(blob, blob->count, cell);
}

static Blob valid_csv(Fuzz *fuzz)
{
    uint32_t rows = 2 + draw(fuzz, 12), columns = 2 + draw(fuzz, 5);
    bool numbers = draw(fuzz, 2) == 1;
    Blob blob = {.count = 0};

    if (draw(fuzz, 2))
        blob_insert(&blob, 0, "name,other\n");
    for (uint32_t row = 0; row < rows; row++)
        add_row(fuzz, &blob, columns, numbers);
    return blob;
}

static void put_sizes(Blob *blob, const uint32_t *sizes, uint8_t dims)
{
    blob->bytes[2] = 8;
    blob->bytes[3] = dims;
    for (int i = 0; i < dims; i++)
        blob->bytes[7 + 4 * i] = (uint8_t)sizes[i];
    blob->count = 4 + 4 * (size_t)dims;
}

static Blob valid_idx(Fuzz *fuzz, const uint32_t *sizes, uint8_t dims)
{
    Blob blob = {.count = 0};
    size_t total = 1;

    put_sizes(&blob, sizes, dims);
    for (int i = 0; i < dims; i++)
        total *= sizes[i];
    for (size_t i = 0; i < total; i++)
        blob.bytes[blob.count++] = (uint8_t)draw(fuzz, dims == 1 ? 10 : 256);
    return blob;
}

static bool is_sentence(const Status *status)
{
    size_t length = strlen(status->text);

    if (status->code != STATUS_IO && status->code != STATUS_USAGE)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (status->text[i] < ' ' || status->text[i] > '~')
            return false;
    }
    return length > 10 && status->text[length - 1] != '.';
}

static bool values_are_sound(const Dataset *dataset)
{
    int64_t count = dataset->train_count + dataset->test_count;

    for (int64_t i = 0; i < count * dataset->features; i++) {
        if (!isfinite(dataset->inputs[i]))
            return false;
    }
    for (int64_t i = 0; dataset->labels != NULL && i < count; i++) {
        if (dataset->labels[i] < 0 || dataset->labels[i] >= dataset->class_count)
            return false;
    }
    for (int64_t i = 0; dataset->targets != NULL && i < count * dataset->target_width; i++) {
        if (!isfinite(dataset->targets[i]))
            return false;
    }
    return true;
}

static bool is_sound(const Dataset *dataset)
{
    if (dataset->train_count < 1 || dataset->test_count < 1 || dataset->features < 1)
        return false;
    if ((dataset->labels == NULL) == (dataset->targets == NULL))
        return false;
    if ((dataset->class_count >= 2) != (dataset->labels != NULL))
        return false;
    return values_are_sound(dataset);
}

static void judge(Fuzz *fuzz, bool passed, const char *what, const char *text)
{
    if (passed) {
        fuzz->passed++;
        return;
    }
    fuzz->failed++;
    fprintf(stderr, "%s at number %" PRIu64 " of seed %" PRIu64 ": %s\n", what, fuzz->drawn,
            fuzz->random.seed, text);
}

static void load(Fuzz *fuzz, const char *kind, const char *name)
{
    DataSpec spec = data_spec_default();
    Dataset *dataset = NULL;
    Status status;

    text_copy(spec.kind, sizeof spec.kind, kind);
    path_of(fuzz, name, spec.path);
    spec.seed = draw(fuzz, 100);
    spec.limit = draw(fuzz, 4);
    spec.size = draw(fuzz, 8) == 0 ? draw(fuzz, 4) : 0;
    spec.target_input = draw(fuzz, 8) == 0;
    status = data_load(&spec, &dataset);
    if (failed(status))
        judge(fuzz, dataset == NULL && is_sentence(&status), kind, status.text);
    else
        judge(fuzz, is_sound(dataset), kind, "an unsound data set was loaded");
    data_free(dataset);
}

static void fuzz_csv(Fuzz *fuzz)
{
    Blob blob = valid_csv(fuzz);

    if (draw(fuzz, 4) == 0)
        blob = packed(fuzz, &blob);
    blob = mutated(fuzz, &blob);
    put(fuzz, "a.csv", &blob);
    load(fuzz, "csv", "a.csv");
}

/* One of the two files is changed, at times both: else the first would always be to blame. */
static void put_idx_pair(Fuzz *fuzz, const char *part)
{
    uint32_t sizes[3] = {1 + draw(fuzz, 12), 1 + draw(fuzz, 4), 1 + draw(fuzz, 4)};
    Blob images = valid_idx(fuzz, sizes, 3), labels = valid_idx(fuzz, sizes, 1);
    uint32_t which = draw(fuzz, 4);
    char name[64];

    if (draw(fuzz, 4) == 0) {
        images = packed(fuzz, &images);
        labels = packed(fuzz, &labels);
    }
    if (which & 1)
        images = mutated(fuzz, &images);
    if (which & 2)
        labels = mutated(fuzz, &labels);
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", part);
    put(fuzz, name, &images);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", part);
    put(fuzz, name, &labels);
}

static void clear(const Fuzz *fuzz)
{
    static const char *const names[] = {
        "a.csv",
        "packed",
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    };
    char path[256];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        path_of(fuzz, names[i], path);
        unlink(path);
    }
}

static void fuzz_idx(Fuzz *fuzz)
{
    clear(fuzz);
    put_idx_pair(fuzz, "train");
    if (draw(fuzz, 2))
        put_idx_pair(fuzz, "t10k");
    load(fuzz, "idx", "");
}

static void random_word(Fuzz *fuzz, char word[32])
{
    static const char letters[] = "0123456789012345678901234567890..++--eE^^%kMGxninfa \t,";
    uint32_t length = draw(fuzz, 12);

    for (uint32_t i = 0; i < length; i++) {
        word[i] = letters[draw(fuzz, sizeof letters - 1)];
        if (draw(fuzz, 40) == 0)
            word[i] = (char)(1 + draw(fuzz, 127));
    }
    word[length] = '\0';
}

static void fuzz_number(Fuzz *fuzz)
{
    char word[32], text[NUMBER_TEXT];
    double number = 0.0, back = 0.0;
    int64_t count = 0;
    bool good = true;

    random_word(fuzz, word);
    if (!failed(number_parse(word, &number))) {
        good = !failed(number_parse(number_shortest(number, text), &back)) &&
               (back == number || (isnan(back) && isnan(number)));
        good = good && strlen(number_friendly(number, text)) < NUMBER_TEXT;
    }
    if (!failed(count_parse(word, &count)))
        good = good && (double)count == number;
    judge(fuzz, good, "number", word);
}

int main(int argc, char **argv)
{
    Fuzz fuzz = {.random = {1, RANDOM_DATA, 0}, .folder = "/tmp/halfstep-fuzz-XXXXXX"};
    int64_t iterations = 2000, seed = 1;

    if ((argc > 1 && failed(count_parse(argv[1], &iterations))) ||
        (argc > 2 && failed(count_parse(argv[2], &seed)))) {
        fprintf(stderr, "usage: %s [ITERATIONS] [SEED]\n", argv[0]);
        return 2;
    }
    must(mkdtemp(fuzz.folder) != NULL, "mkdtemp");
    fuzz.random.seed = (uint64_t)seed;
    for (int64_t i = 0; i < iterations; i++) {
        fuzz_csv(&fuzz);
        fuzz_idx(&fuzz);
        fuzz_number(&fuzz);
    }
    clear(&fuzz);
    must(rmdir(fuzz.folder) == 0, fuzz.folder);
    printf("%ld passed, %ld failed\n", fuzz.passed, fuzz.failed);
    return fuzz.failed > 0;
}
