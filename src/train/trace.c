#include "train/trace.h"

#include "base/file.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { WRITTEN_AT = 1 << 16 }; /* bytes that are gathered before they are written */

/* One list of columns, below, makes the header, the rows and the objects. */
typedef enum Manner { MANNER_HEADER, MANNER_CSV, MANNER_JSON } Manner;

typedef struct Row {
    Text *text;
    Manner manner;
    bool begun;
} Row;

/* A file and what is to be added to it, whole rows always. */
typedef struct Sheet {
    Draft draft;
    Text rows;
} Sheet;

struct Trace {
    char *path;
    bool json;
    Sheet steps, tensors; /* tensors: empty where the trace is JSON */
    struct {
        int64_t run, step;     /* of the session, as last written; 0: none yet */
        int64_t number;        /* of that run in the rows */
    } lanes[RUNS_MOST];        /* one for each run that is under way */
    int64_t numbers;           /* given so far */
    int64_t gathered, written; /* steps */
};

static void put(Row *row, const char *name, const char *value)
{
    text_append(row->text, row->begun ? "," : "");
    row->begun = true;
    if (row->manner == MANNER_JSON)
        text_printf(row->text, "\"%s\":%s", name, value);
    else
        text_append(row->text, row->manner == MANNER_HEADER ? name : value);
}

static void put_word(Row *row, const char *name, const char *word)
{
    Text quoted = {0};

    text_printf(&quoted, row->manner == MANNER_JSON ? "\"%s\"" : "%s", word);
    put(row, name, text_chars(&quoted));
    text_release(&quoted);
}

/* JSON has no inf and no nan. */
static void put_number(Row *row, const char *name, const char *number)
{
    if (strpbrk(number, "in") != NULL)
        put_word(row, name, number);
    else
        put(row, name, number);
}

static void put_float(Row *row, const char *name, float value)
{
    char number[NUMBER_TEXT];

    put_number(row, name, float_shortest(value, number));
}

static void put_double(Row *row, const char *name, double value)
{
    char number[NUMBER_TEXT];

    put_number(row, name, number_shortest(value, number));
}

static void put_count(Row *row, const char *name, int64_t value)
{
    char number[NUMBER_TEXT];

    put(row, name, number_shortest((double)value, number));
}

static void put_bool(Row *row, const char *name, bool value)
{
    if (row->manner == MANNER_JSON)
        put(row, name, value ? "true" : "false");
    else
        put(row, name, value ? "1" : "0");
}

static void put_place(Row *row, int64_t run, int64_t step)
{
    put_count(row, "run", run);
    put_count(row, "step", step);
}

static void put_step(Row *row, const StepOutcome *outcome)
{
    put_float(row, "loss", outcome->loss);
    put_float(row, "scale", outcome->scale_used);
    put_count(row, "tracker", outcome->tracker);
    put_bool(row, "found_inf", outcome->first_found != NO_VALUE);
    put_bool(row, "skipped", outcome->skipped);
    put_double(row, "lr", outcome->lr);
    put_double(row, "grad_norm", outcome->grad_norm);
    put_float(row, "scale_next", outcome->scale_next);
}

static void put_tensor(Row *row, const TensorFacts *tensor)
{
    put_word(row, "tensor", tensor->name);
    put_word(row, "format", format_name(tensor->format));
    put_count(row, "count", tensor->counts.count);
    for (int i = 0; i < CAST_CLASSES; i++)
        put_count(row, cast_class_names[i], tensor->counts.classes[i]);
    put_float(row, "amax", tensor->counts.amax);
    put_double(row, "lost_mass", tensor->counts.lost_mass);
}

static void write_headers(Trace *trace)
{
    Row steps = {.text = &trace->steps.rows, .manner = MANNER_HEADER};
    Row tensors = {.text = &trace->tensors.rows, .manner = MANNER_HEADER};

    put_place(&steps, 0, 0);
    put_step(&steps, &(StepOutcome){0});
    put_place(&tensors, 0, 0);
    put_tensor(&tensors, &(TensorFacts){0});
    text_append(steps.text, "\r\n");
    text_append(tensors.text, "\r\n");
}

static void write_csv(Trace *trace, int64_t run, const Experiment *experiment)
{
    const Snapshot *facts = &experiment->facts;
    Row step = {.text = &trace->steps.rows, .manner = MANNER_CSV};

    put_place(&step, run, experiment->last.step);
    put_step(&step, &experiment->last);
    text_append(step.text, "\r\n");
    for (int i = 0; i < facts->tensor_count; i++) {
        Row tensor = {.text = &trace->tensors.rows, .manner = MANNER_CSV};

        if (!facts->tensors[i].probed)
            continue;
        put_place(&tensor, run, experiment->last.step);
        put_tensor(&tensor, &facts->tensors[i]);
        text_append(tensor.text, "\r\n");
    }
}

static void write_json(Trace *trace, int64_t run, const Experiment *experiment)
{
    const Snapshot *facts = &experiment->facts;
    Text *text = &trace->steps.rows;
    Row step = {.text = text, .manner = MANNER_JSON};
    const char *between = "";

    text_append(text, "{");
    put_place(&step, run, experiment->last.step);
    put_step(&step, &experiment->last);
    put(&step, "tensors", "[");
    for (int i = 0; i < facts->tensor_count; i++) {
        Row tensor = {.text = text, .manner = MANNER_JSON};

        if (!facts->tensors[i].probed)
            continue;
        text_printf(text, "%s{", between);
        put_tensor(&tensor, &facts->tensors[i]);
        text_append(text, "}");
        between = ",";
    }
    text_append(text, "]}\n");
}

/* Whole rows or none of them, in both files or in neither. */
static Status write_out(Trace *trace)
{
    const Text *steps = &trace->steps.rows, *tensors = &trace->tensors.rows;
    int64_t before = trace->steps.draft.bytes;
    Status status = draft_add(&trace->steps.draft, text_chars(steps), steps->length);

    if (!failed(status) && !trace->json) {
        status = draft_add(&trace->tensors.draft, text_chars(tensors), tensors->length);
        if (failed(status))
            draft_cut(&trace->steps.draft, before);
    }
    TRY(status);
    text_clear(&trace->steps.rows);
    text_clear(&trace->tensors.rows);
    trace->written = trace->gathered;
    return ok();
}

static Status second_path(const char *path, Text *second)
{
    size_t length = strlen(path);

    if (length > 4 && strcmp(path + length - 4, ".csv") == 0) {
        text_append_bytes(second, path, length - 4);
        text_append(second, ".tensors.csv");
        return ok();
    }
    if (length > 6 && strcmp(path + length - 6, ".jsonl") == 0)
        return ok();
    return fail(STATUS_USAGE, "a trace is FILE.csv or FILE.jsonl, and '%.80s' is neither", path);
}

static void trace_free(Trace *trace)
{
    draft_abandon(&trace->steps.draft);
    draft_abandon(&trace->tensors.draft);
    text_release(&trace->steps.rows);
    text_release(&trace->tensors.rows);
    free(trace->path);
    free(trace);
}

static Status open_sheets(Trace *trace, const char *second)
{
    TRY(draft_begin(trace->path, &trace->steps.draft));
    if (trace->json)
        return ok();
    TRY(draft_begin(second, &trace->tensors.draft));
    write_headers(trace);
    return write_out(trace);
}

Status trace_begin(const char *path, Trace **trace)
{
    Text second = {0};
    Trace *made;
    Status status;

    TRY(second_path(path, &second));
    made = xcalloc(1, sizeof *made);
    made->path = xstrdup(path);
    made->json = second.length == 0;
    status = open_sheets(made, text_chars(&second));
    text_release(&second);
    if (failed(status))
        trace_free(made);
    else
        *trace = made;
    return status;
}

/* The number of a run in the rows: a new one where it is another, or does not go on from its last row. */
static int64_t number_of(Trace *trace, int lane, const Experiment *experiment)
{
    int64_t step = experiment->last.step;

    if (experiment->run != trace->lanes[lane].run || step != trace->lanes[lane].step + 1)
        trace->lanes[lane].number = ++trace->numbers;
    trace->lanes[lane].run = experiment->run;
    trace->lanes[lane].step = step;
    return trace->lanes[lane].number;
}

Status trace_step(Trace *trace, int lane, const Experiment *experiment)
{
    int64_t run = number_of(trace, lane, experiment);

    if (trace->json)
        write_json(trace, run, experiment);
    else
        write_csv(trace, run, experiment);
    trace->gathered += lane == 0; /* a step of all */
    if (trace->steps.rows.length + trace->tensors.rows.length < WRITTEN_AT)
        return ok();
    return write_out(trace);
}

void trace_close_lane(Trace *trace, int lane)
{
    size_t behind = RUNS_MOST - 1 - (size_t)lane;

    memmove(&trace->lanes[lane], &trace->lanes[lane + 1], behind * sizeof trace->lanes[0]);
    memset(&trace->lanes[RUNS_MOST - 1], 0, sizeof trace->lanes[0]);
}

const char *trace_path(const Trace *trace)
{
    return trace->path;
}

int64_t trace_steps(const Trace *trace)
{
    return trace->gathered;
}

Status trace_end(Trace *trace, int64_t *steps)
{
    Status status = write_out(trace), ended = draft_end(&trace->tensors.draft);

    *steps = trace->written;
    if (!failed(ended))
        ended = draft_end(&trace->steps.draft);
    if (failed(ended))
        *steps = 0;
    trace_free(trace);
    return failed(ended) ? ended : status;
}
