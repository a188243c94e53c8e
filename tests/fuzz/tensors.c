/* Feeds noise and mutated files to the reader of saved runs. Usage: tensors ITERATIONS SEED
 *
 * It passes when it neither crashes nor breaks its promise: a failure has one sentence and hands out
 * nothing; what it hands out is whole, within bounds, and can be written and read again.
 */
#include "blob.h"

#include "train/checkpoint_file.h"

#include "base/random.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VALID = 16 };

typedef struct Fuzz {
    Random random;
    uint64_t drawn;
    char path[64], again[64];
    long passed, failed, taken;
} Fuzz;

static uint32_t draw(Fuzz *fuzz, uint32_t below)
{
    return random_bits(&fuzz->random, fuzz->drawn++) % below;
}

static void must(bool done, const char *what)
{
    if (done)
        return;
    perror(what);
    abort();
}

static void add_array(Fuzz *fuzz, Checkpoint *run, const char *name, int64_t rows, int64_t columns)
{
    KeptArray *array = &run->arrays[run->array_count++];
    int64_t count = rows * columns;

    *array = (KeptArray){.rank = 2, .shape = {rows, columns}};
    text_copy(array->name, sizeof array->name, name);
    array->values = malloc((size_t)count * sizeof(float));
    for (int64_t i = 0; i < count; i++)
        array->values[i] = (float)draw(fuzz, 100) / 7.0f;
    if (!run->own_start || strchr(name, '.') != strrchr(name, '.'))
        return;
    array->start = malloc((size_t)count * sizeof(float));
    memcpy(array->start, array->values, (size_t)count * sizeof(float));
}

static void add_steps(Fuzz *fuzz, Checkpoint *run)
{
    StepRecord record = {.scale_used = 1024.0f};

    for (record.step = 1; record.step <= run->scalars.step; record.step++) {
        record.loss = draw(fuzz, 20) == 0 ? NAN : (float)draw(fuzz, 1000) / 999.0f;
        history_add(&run->facts.history, &record);
    }
}

/* A run as save would write it. */
static Blob valid_file(Fuzz *fuzz)
{
    Checkpoint *run = calloc(1, sizeof *run);
    Blob blob;
    FILE *file;

    must(run != NULL, "calloc");
    run->settings = settings_default();
    run->own_start = draw(fuzz, 2) == 1;
    run->scalars = (Scalars){.scale = 1024.0f, .step = draw(fuzz, 30)};
    run->facts.step = run->scalars.step;
    run->facts.last_skip =
        (SkipFacts){.step = run->scalars.step, .tensor = "a.grad", .count = 3, .in_a_row = 1};
    run->arrays = calloc(4, sizeof *run->arrays);
    add_array(fuzz, run, "a.weight", 2, 3);
    add_array(fuzz, run, "a.bias", 1, 3);
    add_array(fuzz, run, "a.weight.exp_avg", 2, 3);
    add_steps(fuzz, run);
    must(!failed(checkpoint_write(run, fuzz->path)), fuzz->path);
    checkpoint_free(run);
    file = fopen(fuzz->path, "rb");
    must(file != NULL, fuzz->path);
    blob.count = fread(blob.bytes, 1, MOST, file);
    must(blob.count < MOST && fclose(file) == 0, fuzz->path);
    return blob;
}

static void mutate_once(Fuzz *fuzz, Blob *blob)
{
    static const char *const pieces[] = {
        "{",           "}",       "[",       "]",    ",",    ":", "\"",
        "\\",          "\\u0041", "\\ud83d", "\xc3", "0",    "-", "1e9",
        "nan",         " ",       "\\n",     "F16",  "BF16", "=", "\xf4\x90\x80\x80",
        "99999999999", "/",       ".start",
    };
    size_t at = blob->count == 0 ? 0 : draw(fuzz, (uint32_t)blob->count);

    switch (draw(fuzz, 6)) {
    case 0:
        blob->bytes[at] ^= (uint8_t)(1u << draw(fuzz, 8));
        break;
    case 1:
        blob->bytes[at] = (uint8_t)('0' + draw(fuzz, 10));
        break;
    case 2:
        blob->count = at;
        break;
    case 3:
        blob->bytes[at] = (uint8_t)draw(fuzz, 256);
        break;
    default:
        blob_insert(blob, at, pieces[draw(fuzz, sizeof pieces / sizeof *pieces)]);
        if (draw(fuzz, 4) > 0) /* so that the header is looked into */
            blob->bytes[0] = (uint8_t)(blob->bytes[0] + 1);
    }
}

static void put(const Fuzz *fuzz, const Blob *blob)
{
    FILE *file = fopen(fuzz->path, "wb");

    must(file != NULL, fuzz->path);
    must(fwrite(blob->bytes, 1, blob->count, file) == blob->count, fuzz->path);
    must(fclose(file) == 0, fuzz->path);
}

static bool is_sentence(const Status *status)
{
    size_t length = strlen(status->text);

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)status->text[i] < ' ')
            return false;
    return length > 10 && status->text[length - 1] != '.';
}

/* Touches every number, so that AddressSanitizer sees what is missing. */
static bool arrays_are_whole(const Checkpoint *run)
{
    volatile float last = 0.0f;

    for (int i = 0; i < run->array_count; i++) {
        const KeptArray *array = &run->arrays[i];

        if (checkpoint_find(run, array->name) != array || kept_count(array) < 1)
            return false;
        for (int64_t n = 0; n < kept_count(array); n++)
            last = array->values[n];
        for (int64_t n = 0; array->start != NULL && n < kept_count(array); n++)
            last = array->start[n];
    }
    (void)last;
    return true;
}

static bool is_sound(const Checkpoint *run)
{
    const Scalars *scalars = &run->scalars;

    if (!arrays_are_whole(run) || failed(settings_check(&run->settings)))
        return false;
    return scalars->step >= 0 && scalars->taken >= 0 && scalars->taken <= scalars->step &&
           scalars->position >= 0 && scalars->tracker >= 0 && scalars->scale >= 0.0f &&
           isfinite(scalars->scale) && run->facts.skipped <= scalars->step &&
           run->facts.last_skip.step <= scalars->step;
}

/* Seldom: each writing waits for the disk. */
static bool comes_back(Fuzz *fuzz, const Checkpoint *run)
{
    Settings settings = settings_default();
    Checkpoint *back = NULL;
    bool same;

    if (draw(fuzz, 16) > 0 || run->weights_only || failed(checkpoint_write(run, fuzz->again)))
        return true;
    if (failed(checkpoint_read(fuzz->again, &settings, &back)))
        return false;
    same = back->array_count == run->array_count &&
           memcmp(&back->scalars, &run->scalars, sizeof run->scalars) == 0 &&
           back->facts.skipped == run->facts.skipped;
    checkpoint_free(back);
    return same;
}

static void read_once(Fuzz *fuzz)
{
    Settings settings = settings_default();
    Checkpoint *run = NULL;
    Status status = checkpoint_read(fuzz->path, &settings, &run);
    bool good = failed(status) ? run == NULL && is_sentence(&status)
                               : is_sound(run) && comes_back(fuzz, run);

    fuzz->taken += !failed(status);
    checkpoint_free(run);
    if (good) {
        fuzz->passed++;
        return;
    }
    fuzz->failed++;
    fprintf(stderr, "at number %" PRIu64 " of seed %" PRIu64 ": %s\n", fuzz->drawn,
            fuzz->random.seed, failed(status) ? status.text : "an unsound run was handed out");
}

static void fuzz_once(Fuzz *fuzz, const Blob *valid)
{
    Blob blob = *valid;

    if (draw(fuzz, 16) == 0)
        for (blob.count = draw(fuzz, 300); draw(fuzz, 300) > 0;)
            blob.bytes[draw(fuzz, 300)] = (uint8_t)draw(fuzz, 256);
    for (uint32_t changes = draw(fuzz, 5); changes > 0; changes--)
        mutate_once(fuzz, &blob);
    put(fuzz, &blob);
    read_once(fuzz);
}

int main(int argc, char **argv)
{
    Fuzz fuzz = {.random = {1, RANDOM_DATA, 0}};
    int64_t iterations = 2000, seed = 1;
    char folder[] = "/tmp/halfstep-fuzz-XXXXXX";
    static Blob valid[VALID];

    if ((argc > 1 && failed(count_parse(argv[1], &iterations))) ||
        (argc > 2 && failed(count_parse(argv[2], &seed)))) {
        fprintf(stderr, "usage: %s [ITERATIONS] [SEED]\n", argv[0]);
        return 2;
    }
    must(mkdtemp(folder) != NULL, "mkdtemp");
    snprintf(fuzz.path, sizeof fuzz.path, "%s/run", folder);
    snprintf(fuzz.again, sizeof fuzz.again, "%s/again", folder);
    fuzz.random.seed = (uint64_t)seed;
    for (int i = 0; i < VALID; i++)
        valid[i] = valid_file(&fuzz);
    for (int64_t i = 0; i < iterations; i++)
        fuzz_once(&fuzz, &valid[i % VALID]);
    unlink(fuzz.path);
    unlink(fuzz.again);
    must(rmdir(folder) == 0, folder);
    /* A fuzzer whose files are never taken tests nothing behind the first check. */
    fuzz.failed += iterations >= 1000 && fuzz.taken < iterations / 100;
    printf("%ld passed, %ld failed\n", fuzz.passed, fuzz.failed);
    return fuzz.failed > 0;
}
