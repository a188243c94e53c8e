/* What a network writes: characters, each drawn from what the network gives for those before it. */
#include "train/worker.h"

#include "base/memory.h"
#include "base/random.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A network at work on one example, whose characters beyond `count` are still to come. */
typedef struct Writer {
    Experiment *run;
    const SampleSpec *spec;
    Program program;
    Plan *plan;
    Net net;
    float *window, *logits;
    int64_t context, classes;
    int64_t count; /* characters in the window; those behind them are not looked back at */
} Writer;

/* -1: the text has none of these. */
static int64_t place_of(const Dataset *set, uint32_t rune)
{
    int64_t first = 0, last = set->class_count;

    while (first < last) {
        int64_t middle = (first + last) / 2;

        if (set->characters[middle] == rune)
            return middle;
        if (set->characters[middle] < rune)
            first = middle + 1;
        else
            last = middle;
    }
    return -1;
}

/* Where the window is full its first character goes. */
static void push(Writer *writer, int64_t place)
{
    if (writer->count == writer->context)
        memmove(writer->window, writer->window + 1,
                (size_t)--writer->count * sizeof *writer->window);
    writer->window[writer->count++] = (float)place;
}

static Status push_all(Writer *writer, const char *from, Text *text)
{
    const Dataset *set = writer->run->data->set;
    const char *at = from;

    for (uint32_t rune = rune_next(&at); rune != 0; rune = rune_next(&at)) {
        int64_t place = place_of(set, rune);
        char bytes[RUNE_BYTES];

        if (place < 0)
            return fail(STATUS_USAGE,
                        "'%s' is no character of the text that the network learns from; begin with "
                        "others",
                        rune_bytes(rune, bytes));
        push(writer, place);
    }
    text_append(text, from);
    return ok();
}

/* A newline, or the first character of all. */
static void push_beginning(Writer *writer)
{
    int64_t newline = place_of(writer->run->data->set, '\n');

    push(writer, newline < 0 ? (int64_t)writer->run->data->set->inputs[0] : newline);
}

static Status open_writer(Writer *writer)
{
    Experiment *run = writer->run;
    Builder builder = settings_builder(&run->settings, &writer->program);
    ExampleShape shape = example_shape(run->data->set);

    writer->program.batch = 1;
    nn_emit_forward(&builder, &run->settings.net, &shape, &writer->net);
    writer->context = run->data->set->features;
    writer->classes = value_cols(&writer->program.values[writer->net.logits]);
    writer->window = xcalloc((size_t)writer->context, sizeof *writer->window);
    writer->logits = xcalloc((size_t)(writer->context * writer->classes), sizeof *writer->logits);
    TRY(program_verify(&writer->program));
    TRY(run->class->plan_new(run->backend, &writer->program, run->store, run->data->device,
                             &writer->plan));
    /* The casts of the weights, and the gather, whose example is written over. */
    return run->class->plan_run(writer->plan, 0,
                                program_phase(&writer->program, PHASE_FORWARD) + 1);
}

static void close_writer(Writer *writer)
{
    writer->run->class->plan_free(writer->plan);
    program_release(&writer->program);
    free(writer->window);
    free(writer->logits);
}

/* What the network gives for the character behind those in the window. Borrowed. */
static Status ask(const Writer *writer, const float **logits)
{
    const BackendClass *class = writer->run->class;
    int first = program_phase(&writer->program, PHASE_FORWARD) + 1;

    TRY(class->value_write(writer->plan, writer->net.x, writer->window));
    TRY(class->plan_run(writer->plan, first, writer->program.instr_count));
    TRY(class->value_read(writer->plan, writer->net.logits, writer->logits));
    *logits = writer->logits + (writer->count - 1) * writer->classes;
    return ok();
}

static Status find_largest(const Writer *writer, const float *logits, int64_t *largest)
{
    *largest = 0;
    for (int64_t i = 0; i < writer->classes; i++) {
        if (!(logits[i] < INFINITY))
            return fail(STATUS_UNSUPPORTED,
                        "the network gives %s for what comes next, so nothing can be written; `why "
                        "nan` tells of such things",
                        isnan(logits[i]) ? "nan" : "inf");
        if (logits[i] > logits[*largest])
            *largest = i;
    }
    return ok();
}

/* exp of the logit's distance from the largest. */
static double share(const Writer *writer, const float *logits, int64_t largest, int64_t i)
{
    return exp(((double)logits[i] - (double)logits[largest]) / writer->spec->temperature);
}

/* The n-th number of the stream chooses the n-th character. */
static int64_t draw(const Writer *writer, const float *logits, int64_t largest, int64_t n)
{
    Random random = {.seed = writer->spec->seed, .stream = RANDOM_SAMPLE};
    double all = 0.0, left = random_unit(&random, (uint64_t)n);

    if (writer->spec->temperature == 0.0)
        return largest;
    for (int64_t i = 0; i < writer->classes; i++)
        all += share(writer, logits, largest, i);
    left *= all;
    for (int64_t i = 0; i < writer->classes; i++) {
        left -= share(writer, logits, largest, i);
        if (left < 0.0)
            return i;
    }
    return largest; /* the sum was rounded */
}

static Status write_on(Writer *writer, Text *text)
{
    const uint32_t *characters = writer->run->data->set->characters;

    for (int64_t n = 0; n < writer->spec->count; n++) {
        const float *logits;
        int64_t largest, next;
        char bytes[RUNE_BYTES];

        TRY(ask(writer, &logits));
        TRY(find_largest(writer, logits, &largest));
        next = draw(writer, logits, largest, n);
        text_append(text, rune_bytes(characters[next], bytes));
        push(writer, next);
    }
    return ok();
}

typedef struct Sample {
    const SampleSpec *spec;
    Text *text;
} Sample;

static Status sample_job(Session *session, void *argument)
{
    const Sample *sample = argument;
    Writer writer = {.run = runs_used(session), .spec = sample->spec};
    const Settings *settings = &writer.run->settings;
    Status status;

    if (writer.run->data->set->text_count == 0)
        return fail(STATUS_UNSUPPORTED,
                    "only a network that learns from a text can write, and this one has %s; say "
                    "data text",
                    settings->data.kind);
    TRY(writer.run->problem);
    status = open_writer(&writer);
    if (!failed(status) && sample->spec->from != NULL)
        status = push_all(&writer, sample->spec->from, sample->text);
    if (!failed(status) && writer.count == 0)
        push_beginning(&writer);
    if (!failed(status))
        status = write_on(&writer, sample->text);
    close_writer(&writer);
    return status;
}

Status session_sample(Session *session, const SampleSpec *spec, Text *text)
{
    Sample sample = {.spec = spec, .text = text};

    if (!session_training(session))
        atomic_store(&session->interrupt, false);
    return worker_ask(session, sample_job, &sample);
}
