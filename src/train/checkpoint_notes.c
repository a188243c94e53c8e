/* What a saved run needs besides its tensors, as notes of the file, and back. */
#include "train/checkpoint_notes.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char version[] = "1";

enum { NOTE_TEXT = 512, SKIP_WORDS = 11 };

static void note_count(TensorFile *file, const char *key, int64_t count)
{
    char text[NUMBER_TEXT];

    snprintf(text, sizeof text, "%lld", (long long)count);
    tensor_file_add_note(file, key, text);
}

static void note_float(TensorFile *file, const char *key, float value)
{
    char text[NUMBER_TEXT];

    tensor_file_add_note(file, key, float_shortest(value, text));
}

/* The newest steps, so that the mean loss goes on: loss/scale/skipped, oldest first. */
static void note_recent(TensorFile *file, const History *history)
{
    int64_t first = history->steps - LOSS_WINDOW + 1;
    char loss[NUMBER_TEXT], scale[NUMBER_TEXT];
    Text text = {0};

    for (int64_t step = first > 1 ? first : 1; step <= history->steps; step++) {
        const Bucket *bucket = history_bucket(history, 0, step - 1);

        if (bucket != NULL)
            text_printf(&text, "%s%s/%s/%d", text.length == 0 ? "" : " ",
                        float_shortest(history->recent[step % LOSS_WINDOW], loss),
                        float_shortest(bucket->scale_last, scale), bucket->skipped > 0);
    }
    tensor_file_add_note(file, "recent", text_chars(&text));
    text_release(&text);
}

static void note_skip(TensorFile *file, const char *key, const SkipFacts *skip)
{
    char amax[NUMBER_TEXT], used[NUMBER_TEXT], next[NUMBER_TEXT], begun[NUMBER_TEXT];
    char text[NOTE_TEXT];

    if (skip->step == 0)
        return;
    snprintf(text, sizeof text, "%lld %s %s %d %lld %lld %s %s %s %lld %s%s%s",
             (long long)skip->step, skip->tensor, format_name(skip->format), skip->forward,
             (long long)skip->nonfinite, (long long)skip->count, float_shortest(skip->amax, amax),
             float_shortest(skip->scale_used, used), float_shortest(skip->scale_next, next),
             (long long)skip->in_a_row, float_shortest(skip->scale_begun, begun),
             skip->injected[0] == '\0' ? "" : " ", skip->injected);
    tensor_file_add_note(file, key, text);
}

static void note_injected(TensorFile *file, const InjectedFacts *injected)
{
    char text[NOTE_TEXT];

    if (injected->step == 0 || injected->late)
        return;
    snprintf(text, sizeof text, "%lld %s", (long long)injected->step, injected->what);
    tensor_file_add_note(file, "injected", text);
}

static void note_settings(TensorFile *file, const Settings *settings)
{
    Text text = {0};

    settings_print(settings, "\n", &text);
    tensor_file_add_note(file, "settings", text_chars(&text));
    tensor_file_add_note(file, "optimizer", settings->optim.kind);
    text_release(&text);
}

void notes_write(const Checkpoint *checkpoint, TensorFile *file)
{
    const Snapshot *facts = &checkpoint->facts;

    tensor_file_add_note(file, "format", "pt"); /* what PyTorch's readers look for */
    tensor_file_add_note(file, "halfstep", version);
    note_settings(file, &checkpoint->settings);
    note_count(file, "seed", (int64_t)checkpoint->settings.seed);
    note_count(file, "step", checkpoint->scalars.step);
    note_count(file, "taken", checkpoint->scalars.taken);
    note_count(file, "position", checkpoint->scalars.position);
    note_float(file, "scale", checkpoint->scalars.scale);
    note_count(file, "tracker", checkpoint->scalars.tracker);
    note_count(file, "spent", checkpoint->scalars.spent);
    note_count(file, "skipped", facts->skipped);
    note_count(file, "skips_in_a_row", checkpoint->skips_in_a_row);
    note_count(file, "growths", facts->scaler.growths);
    note_count(file, "backoffs", facts->scaler.backoffs);
    note_recent(file, &facts->history);
    note_skip(file, "last_skip", &facts->last_skip);
    note_skip(file, "first_taken", &facts->first_taken);
    note_injected(file, &facts->injected);
    if (checkpoint->characters.length > 0)
        tensor_file_add_note(file, "characters", text_chars(&checkpoint->characters));
}

static Status odd(const char *key)
{
    return fail(STATUS_IO, "its note '%.40s' is missing, or is not what halfstep writes", key);
}

static bool parse_count(const char *text, int64_t least, int64_t most, int64_t *count)
{
    return text != NULL && !failed(count_parse(text, count)) && *count >= least && *count <= most;
}

static bool parse_float(const char *text, float *value)
{
    double number;

    if (failed(number_parse(text, &number)))
        return false;
    *value = (float)number;
    return true;
}

typedef struct Count {
    const char *key;
    int64_t most;
    int64_t *into;
} Count;

static Status read_counts(const TensorFile *file, Checkpoint *made)
{
    const int64_t most = (int64_t)1 << 53;
    Scalars *scalars = &made->scalars;
    Snapshot *facts = &made->facts;
    int64_t tracker = 0, spent = 0;
    const Count counts[] = {
        {"step", most, &scalars->step},
        {"taken", most, &scalars->taken},
        {"position", most, &scalars->position},
        {"tracker", INT32_MAX, &tracker},
        {"skipped", most, &facts->skipped},
        {"skips_in_a_row", most, &made->skips_in_a_row},
        {"growths", most, &facts->scaler.growths},
        {"backoffs", most, &facts->scaler.backoffs},
    };

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (!parse_count(tensor_file_note(file, counts[i].key), 0, counts[i].most, counts[i].into))
            return odd(counts[i].key);
    if (tensor_file_note(file, "spent") != NULL && /* files older than hysteresis have none */
        !parse_count(tensor_file_note(file, "spent"), 0, INT32_MAX, &spent))
        return odd("spent");
    if (scalars->taken > scalars->step || facts->skipped > scalars->step)
        return odd("taken");
    scalars->tracker = (int32_t)tracker;
    scalars->spent = (int32_t)spent;
    facts->step = scalars->step;
    return ok();
}

/* Cuts the next word off; NULL where there is none. */
static char *cut(char **rest, char stop)
{
    char *word = *rest, *end = word == NULL ? NULL : strchr(word, stop);

    if (end != NULL)
        *end++ = '\0';
    *rest = end;
    return word;
}

static bool read_step(char *text, StepRecord *record)
{
    const char *loss = cut(&text, '/'), *scale = cut(&text, '/'), *skipped = cut(&text, '/');

    if (loss == NULL || scale == NULL || skipped == NULL || text != NULL)
        return false;
    record->skipped = strcmp(skipped, "1") == 0;
    return parse_float(loss, &record->loss) && parse_float(scale, &record->scale_used);
}

static Status read_recent(const TensorFile *file, Snapshot *facts)
{
    const char *note = tensor_file_note(file, "recent");
    char *copy, *rest, *word;
    int64_t count = note != NULL && *note != '\0', skipped = facts->skipped;
    StepRecord record = {.step = 0};
    bool good = note != NULL;

    for (const char *c = note; c != NULL && *c != '\0'; c++)
        count += *c == ' ';
    if (!good || count > LOSS_WINDOW || count > facts->step)
        return odd("recent");
    record.step = facts->step - count;
    rest = copy = xstrdup(note);
    while (good && count > 0 && (word = cut(&rest, ' ')) != NULL) {
        record.step++;
        good = read_step(word, &record);
        history_add(&facts->history, &record);
    }
    free(copy);
    if (!good || (count > 0 && record.step != facts->step))
        return odd("recent");
    facts->history.skipped = skipped;
    facts->loss = facts->batch_loss = facts->grad_norm = facts->clip_coef = (Measure){.none = true};
    if (count > 0) {
        facts->loss = (Measure){.value = history_loss(&facts->history)};
        facts->batch_loss = (Measure){.value = (double)record.loss};
    }
    return ok();
}

static bool is_plain(const char *text, char least)
{
    for (; *text != '\0'; text++)
        if (*text < least || *text > '~')
            return false;
    return true;
}

static bool read_words(const char *words, char injected[INJECTED_TEXT])
{
    if (words == NULL || strlen(words) >= INJECTED_TEXT || !is_plain(words, ' '))
        return false;
    text_copy(injected, INJECTED_TEXT, words);
    return true;
}

static bool read_skip(char *words[SKIP_WORDS], int64_t step, SkipFacts *skip)
{
    const int64_t most = (int64_t)1 << 53;

    if (words[9] == NULL || strlen(words[1]) >= sizeof skip->tensor || !is_plain(words[1], '!'))
        return false;
    text_copy(skip->tensor, sizeof skip->tensor, words[1]);
    skip->forward = strcmp(words[3], "1") == 0;
    return parse_count(words[0], 1, step, &skip->step) &&
           !failed(format_parse(words[2], &skip->format)) &&
           parse_count(words[4], 0, most, &skip->nonfinite) &&
           parse_count(words[5], 1, most, &skip->count) && parse_float(words[6], &skip->amax) &&
           parse_float(words[7], &skip->scale_used) && parse_float(words[8], &skip->scale_next) &&
           parse_count(words[9], 0, step, &skip->in_a_row) &&
           (words[10] == NULL || parse_float(words[10], &skip->scale_begun)); /* it is younger */
}

static Status read_last(const TensorFile *file, const char *key, int64_t steps, SkipFacts *skip)
{
    const char *note = tensor_file_note(file, key);
    char *words[SKIP_WORDS] = {NULL}, *copy, *rest;
    bool good;

    if (note == NULL)
        return ok();
    rest = copy = xstrdup(note);
    for (int i = 0; i < SKIP_WORDS; i++)
        words[i] = cut(&rest, ' ');
    good = read_skip(words, steps, skip) && (rest == NULL || read_words(rest, skip->injected));
    free(copy);
    return good ? ok() : odd(key);
}

static Status read_injected(const TensorFile *file, Snapshot *facts)
{
    static const char key[] = "injected";
    const char *note = tensor_file_note(file, key);
    char *copy, *rest;
    bool good;

    if (note == NULL)
        return ok();
    rest = copy = xstrdup(note);
    good = parse_count(cut(&rest, ' '), 1, facts->step, &facts->injected.step) &&
           read_words(rest, facts->injected.what);
    free(copy);
    return good ? ok() : odd(key);
}

/* It may have fallen to 0. */
static Status read_scale(const TensorFile *file, Scalars *scalars)
{
    const char *note = tensor_file_note(file, "scale");

    if (note == NULL || !parse_float(note, &scalars->scale) || !isfinite(scalars->scale) ||
        scalars->scale < 0.0f)
        return odd("scale");
    return ok();
}

Status notes_read(const TensorFile *file, Checkpoint *made)
{
    const char *ours = tensor_file_note(file, "halfstep");
    const char *settings = tensor_file_note(file, "settings");

    made->weights_only = ours == NULL;
    if (ours == NULL)
        return ok();
    if (strcmp(ours, version) != 0)
        return fail(STATUS_UNSUPPORTED,
                    "it was written by another halfstep (format %.10s; this one reads %s)", ours,
                    version);
    if (settings == NULL)
        return odd("settings");
    TRY(settings_read(settings, &made->settings));
    if (tensor_file_note(file, "characters") != NULL)
        text_append(&made->characters, tensor_file_note(file, "characters"));
    TRY(read_scale(file, &made->scalars));
    TRY(read_counts(file, made));
    TRY(read_recent(file, &made->facts));
    TRY(read_last(file, "last_skip", made->facts.step, &made->facts.last_skip));
    TRY(read_last(file, "first_taken", made->facts.step, &made->facts.first_taken));
    return read_injected(file, &made->facts);
}
