/* Feeds the readers of lessons, translations and progress mutated files. Usage: lessons ITERATIONS SEED
 *
 * A reader passes when it neither crashes nor breaks its promise: what is wrong is one sentence that begins
 * with file and line, and a lesson that is taken can be judged and written as a sidecar.
 */
#include "blob.h"

#include "base/file.h"
#include "base/random.h"
#include "lesson/judge.h"
#include "lesson/progress.h"
#include "lesson/sidecar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char valid[] =
    "# a comment\n@lesson  tiny\n@version 3\n@lang    en\n@minutes 5\n@needs   other\n"
    "@title   A small lesson\n@goal    Know\n@source  own  measured\n\n@step why read\n@text\n"
    "One. [own]\n@@two\n\n@step guess predict\n@ask\nWhich?\n@choice  a  this\n@choice* b  that\n"
    "@why\nSo.\n\n@step act do\n@setup\nbatch 32\n@task\nDo it.\n@budget 2s\n@check\n"
    "learnt  loss < 1%   -- train on\nlong    any(runs, function(r) return r.step >= 10 end)  -- "
    "on\n"
    "@hint\nThink.\n@solution\ntrain 20\n@also\ntrain 30\n@wrong learnt long\ntrain 1\n@debrief\n"
    "Loss {loss:%.2f} {scale}.\n\n@step number quiz\n@ask\nHow many?\n@answer 2^19\n"
    "@verify isfinite(fp16(2^19 * 0.0625))\n@demo 5min\n@say Look.\ntrain 5\n";

static const char record[] = "# halfstep lessons 1\nlang zh\nat tiny act\n"
                             "step tiny act done attempts=3 hints=1 solution=0 version=7\n"
                             "step tiny why skipped attempts=0 hints=0 solution=1 version=7\n";

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

static void mutate_once(Fuzz *fuzz, Blob *blob)
{
    static const char *const pieces[] = {
        "@",          "@@",           "\n",   "{", "}", ":%", "[own]", " -- ", "@step ",
        "@choice* c", "\xe4\xb8\xad", "\xff", "=", "^", "\t", "((((",  "#",    "@text\n"};
    size_t at = blob->count == 0 ? 0 : draw(fuzz, (uint32_t)blob->count);

    switch (draw(fuzz, 4)) {
    case 0:
        blob->bytes[at] ^= (uint8_t)(1u << draw(fuzz, 8));
        break;
    case 1:
        blob->bytes[at] = (uint8_t)draw(fuzz, 256);
        break;
    case 2:
        blob->count = at;
        break;
    default:
        blob_insert(blob, at, pieces[draw(fuzz, sizeof pieces / sizeof *pieces)]);
    }
}

static Blob mutated(Fuzz *fuzz, const char *text)
{
    Blob blob = {.count = 0};

    blob_insert(&blob, 0, text);
    for (uint32_t changes = draw(fuzz, 6); changes > 0; changes--)
        mutate_once(fuzz, &blob);
    return blob;
}

static bool names_line(const char *sentence)
{
    static const char path[] = "tiny.lesson:";
    char *end;

    if (strncmp(sentence, path, strlen(path)) != 0)
        return false;
    return strtol(sentence + strlen(path), &end, 10) >= 1 && *end == ':';
}

/* Whatever was taken can be used. */
static void use(Lesson *lesson)
{
    Snapshot *snapshot = calloc(1, sizeof *snapshot);
    Text text = {0};

    for (size_t i = 0; i < lesson->step_count; i++)
        (void)judge(&lesson->steps[i], snapshot);
    sidecar_print(lesson, "zh", &text);
    text_release(&text);
    free(snapshot);
}

static bool try_lesson(Fuzz *fuzz)
{
    Blob blob = mutated(fuzz, valid);
    Lesson *lesson = NULL;
    Status status = lesson_parse("tiny.lesson", (const char *)blob.bytes, blob.count, &lesson);

    if (failed(status))
        return names_line(status.text);
    use(lesson);
    lesson_free(lesson);
    return true;
}

static bool try_record(Fuzz *fuzz)
{
    Blob blob = mutated(fuzz, record);
    Ledger ledger = {.count = 0}, again = {.count = 0};
    Text trouble = {0};
    char path[128];
    bool good;

    snprintf(path, sizeof path, "%s/p.txt", fuzz->folder);
    good = !failed(file_write(path, blob.bytes, blob.count)) &&
           !failed(ledger_open(path, &ledger, &trouble));
    /* What was set aside once is not damaged any more. */
    text_clear(&trouble);
    good = good && !failed(ledger_open(path, &again, &trouble)) && trouble.length == 0 &&
           again.count == ledger.count;
    ledger_release(&ledger);
    ledger_release(&again);
    text_release(&trouble);
    return good;
}

int main(int count, char **words)
{
    long iterations = count > 1 ? strtol(words[1], NULL, 10) : 1000;
    uint64_t seed = count > 2 ? strtoull(words[2], NULL, 10) : 1;
    Fuzz fuzz = {.random = {.seed = seed}, .folder = "/tmp/halfstep-fuzz-XXXXXX"};
    char command[128];

    if (mkdtemp(fuzz.folder) == NULL)
        return EXIT_FAILURE;
    for (long i = 0; i < iterations; i++) {
        bool good = i % 8 == 7 ? try_record(&fuzz) : try_lesson(&fuzz);

        fuzz.passed += good;
        fuzz.failed += !good;
        if (!good)
            printf("iteration %ld of seed %llu breaks its promise\n", i, (unsigned long long)seed);
    }
    snprintf(command, sizeof command, "rm -r %s", fuzz.folder);
    if (system(command) != 0)
        return EXIT_FAILURE;
    printf("%ld passed, %ld failed\n", fuzz.passed, fuzz.failed);
    return fuzz.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
