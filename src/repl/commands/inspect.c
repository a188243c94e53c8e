/* inspect TENSOR|FILE[:TENSOR] [INDEX...]: the numbers of a tensor, of the run or of a file. */
#include "repl/commands.h"

#include "base/memory.h"
#include "base/number.h"
#include "repl/args.h"
#include "repl/format_list.h"
#include "repl/inspection.h"
#include "repl/phrase.h"
#include "repl/repl.h"
#include "repl/scale_losses.h"
#include "repl/show_panel.h"
#include "train/tensor_file.h"
#include "train/tensor_values.h"

#include <stdlib.h>
#include <string.h>

static const ArgSpec inspect_args[] = {
    {.name = "what",
     .kind = ARG_WORD,
     .names = NAMES_TENSORS,
     .shown = "TENSOR|FILE[:TENSOR]",
     .text = "a tensor of the run, or a safetensors file, or one of its tensors"},
    {.name = "indices",
     .kind = ARG_WORDS,
     .optional = true,
     .shown = "INDEX",
     .text = "which values to show, counted from 0 through all dimensions (the first few)"},
    {.name = "format",
     .kind = ARG_WORD,
     .key = true,
     .names = NAMES_FORMATS,
     .shown = "FORMATS",
     .text = "a file: what to cast to (fp16,bf16,e4m3,e5m2)"},
    {.name = "csv", .kind = ARG_FLAG, .text = "one line for each value, or each scale of a file"},
    {.kind = ARG_END},
};

static const char *const inspect_examples[] = {
    "step; inspect fc1.weight.grad",
    "inspect fc1.weight 0 7 8",
    "train 5; save run.safetensors; inspect run.safetensors",
    "train 5; save run.safetensors; inspect run.safetensors:fc1.weight format=e4m3,e5m2",
    NULL,
};

enum { SHOWN = 5 };

static const char file_ending[] = ".safetensors";

static Status read_index(const char *word, int64_t count, int64_t *index)
{
    TRY(count_parse(word, index));
    if (*index < 0 || *index >= count)
        return fail(STATUS_USAGE,
                    "the values have the indices 0 to %lld, and %.20s is none of them",
                    (long long)count - 1, word);
    return ok();
}

static Status print_values(const TensorValues *values, const char *words, bool csv, Text *text)
{
    char word[32];
    int64_t index;

    csv ? value_csv_heads(text) : value_heads(values->before != NULL, text);
    for (words += strspn(words, " "); *words != '\0'; words += strspn(words, " ")) {
        size_t length = strcspn(words, " ");

        text_copy(word, length + 1 < sizeof word ? length + 1 : sizeof word, words);
        TRY(read_index(word, values->count, &index));
        (csv ? value_csv : value_print)(index, values->format, values->stored[index],
                                        values->before == NULL ? NULL : &values->before[index],
                                        text);
        words += length;
    }
    return ok();
}

/* "0 1 2 3 4", as far as there are so many. */
static void first_few(int64_t count, Text *words)
{
    for (int64_t i = 0; i < count && i < SHOWN; i++)
        text_printf(words, "%lld ", (long long)i);
}

static Status print_some(Args *args, const TensorValues *values, Text *text)
{
    Text words = {0};
    Status status;

    if (args_has(args, "indices"))
        text_append(&words, args_text(args, "indices"));
    else
        first_few(values->count, &words);
    args_blame(args, "indices");
    status = print_values(values, text_chars(&words), args_has(args, "csv"), text);
    text_release(&words);
    return status;
}

/* Whose numbers the statistics are: nobody should take masters for their casts. */
static void append_sort(const TensorValues *values, Text *text)
{
    const char *format = format_name(values->format);

    if (values->before == NULL)
        text_printf(text, "values in %s, as they are stored", format);
    else if (values->next)
        text_printf(text, "fp32 masters, as the next cast to %s will meet them", format);
    else
        text_printf(text, "fp32 values, as the last cast to %s met them", format);
}

static void print_whole(const char *name, const TensorValues *values, Text *text)
{
    Statistics statistics = {.finite = 0};
    char count[NUMBER_TEXT];

    statistics_add(&statistics, values->format,
                   values->before == NULL ? values->stored : values->before, values->count);
    text_printf(text, "%s: %s ", name, phrase_count(values->count, count));
    append_sort(values, text);
    text_append(text, "\n");
    statistics_print(&statistics, text);
}

static void draw_histogram(Repl *repl, const char *name, bool next)
{
    Snapshot snapshot = {0};
    Gaze gaze = {.watched = 0};
    const TensorFacts *facts;

    session_snapshot(repl_session(repl), &snapshot);
    facts = snapshot_tensor(&snapshot, name);
    text_copy(gaze.tensor, sizeof gaze.tensor, name);
    if (facts != NULL && facts->probed && next)
        repl_print(repl, "and as the last cast met them:\n");
    if (facts != NULL && facts->probed)
        show_panel(repl, panel_find("gradients"), &snapshot, &gaze);
    snapshot_release(&snapshot);
}

static Status inspect_tensor(Repl *repl, Args *args, const char *name)
{
    TensorValues values;
    Text whole = {0}, some = {0};
    Status status;

    args_blame(args, "format");
    if (args_has(args, "format"))
        return fail(STATUS_USAGE, "format= is for a file; leave it out here");
    args_blame(args, "what");
    status = session_tensor_values(repl_session(repl), name, &values);
    if (!failed(status))
        status = print_some(args, &values, &some);
    if (!failed(status) && !args_has(args, "csv")) {
        print_whole(name, &values, &whole);
        repl_print(repl, "%s", text_chars(&whole));
        draw_histogram(repl, name, values.next);
    }
    if (!failed(status))
        repl_print(repl, "%s", text_chars(&some));
    text_release(&whole);
    text_release(&some);
    tensor_values_release(&values);
    return status;
}

/* What is looked at in a file. */
typedef struct Shelf {
    TensorFile file;
    const char *only; /* NULL: all tensors */
    FormatList formats;
    ScaleLosses *losses; /* by format */
    Statistics statistics;
} Shelf;

static void add_tensor(Shelf *shelf, const FileTensor *tensor)
{
    float *values = xaligned((size_t)tensor->count, sizeof *values);

    tensor_file_values(&shelf->file, tensor, values);
    statistics_add(&shelf->statistics, FORMAT_FP32, values, tensor->count);
    for (int i = 0; i < shelf->formats.count; i++)
        scale_losses_add(&shelf->losses[i], values, tensor->count);
    free(values);
}

static const FileTensor *find_tensor(const TensorFile *file, const char *name)
{
    for (size_t i = 0; i < file->tensor_count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

static void print_losses(const Shelf *shelf, bool csv, Text *text)
{
    Text table = {0};

    if (csv)
        scale_losses_csv_heads(&table);
    for (int i = 0; i < shelf->formats.count; i++)
        (csv ? scale_losses_csv : scale_losses_table)(&shelf->losses[i], &table);
    text_append(text, text_chars(&table));
    text_release(&table);
}

static void inspect_scales(Shelf *shelf, const char *title, bool csv, Text *text)
{
    char count[NUMBER_TEXT];

    shelf->losses = xcalloc((size_t)shelf->formats.count, sizeof *shelf->losses);
    for (int i = 0; i < shelf->formats.count; i++)
        shelf->losses[i].format = shelf->formats.formats[i];
    for (size_t i = 0; i < shelf->file.tensor_count; i++)
        if (shelf->only == NULL || strcmp(shelf->only, shelf->file.tensors[i].name) == 0)
            add_tensor(shelf, &shelf->file.tensors[i]);
    if (!csv) {
        text_printf(text, "%s: %s values\n", title,
                    phrase_count(shelf->statistics.counts.count, count));
        statistics_print(&shelf->statistics, text);
    }
    print_losses(shelf, csv, text);
    free(shelf->losses);
}

static Status inspect_values(const Shelf *shelf, Args *args, Text *text)
{
    const FileTensor *tensor = shelf->only == NULL ? NULL : find_tensor(&shelf->file, shelf->only);
    TensorValues values = {.before = NULL};
    Status status;

    args_blame(args, "indices");
    if (tensor == NULL)
        return fail(STATUS_USAGE, "an index is of one tensor; name it behind the file, as in "
                                  "run.safetensors:fc1.weight");
    values.format = tensor->format;
    values.count = tensor->count;
    values.stored = xaligned((size_t)tensor->count, sizeof *values.stored);
    tensor_file_values(&shelf->file, tensor, values.stored);
    status = print_some(args, &values, text);
    tensor_values_release(&values);
    return status;
}

static Status no_such_tensor(const Shelf *shelf)
{
    const char *names[FILE_TENSORS + 1] = {NULL}, *near;

    for (size_t i = 0; i < shelf->file.tensor_count; i++)
        names[i] = shelf->file.tensors[i].name;
    near = text_nearest(shelf->only, names);
    if (near != NULL)
        return fail(STATUS_USAGE, "the file has no tensor '%.40s'; did you mean %.60s?",
                    shelf->only, near);
    return fail(STATUS_USAGE, "the file has no tensor '%.40s'; its first is %.60s", shelf->only,
                names[0] == NULL ? "missing: it is empty" : names[0]);
}

static Status inspect_shelf(Shelf *shelf, Args *args, const char *path, Text *text)
{
    TRY(tensor_file_read(path, FILE_LIMIT, &shelf->file));
    if (shelf->only != NULL && find_tensor(&shelf->file, shelf->only) == NULL)
        return no_such_tensor(shelf);
    args_blame(args, "format");
    TRY(format_list_read(args_has(args, "format") ? args_text(args, "format")
                                                  : "fp16,bf16,e4m3,e5m2",
                         &shelf->formats));
    if (args_has(args, "indices"))
        return inspect_values(shelf, args, text);
    inspect_scales(shelf, args_text(args, "what"), args_has(args, "csv"), text);
    return ok();
}

static Status inspect_file(Repl *repl, Args *args, const char *ending)
{
    const char *what = args_text(args, "what"), *behind = ending + strlen(file_ending);
    Shelf shelf = {.only = *behind == ':' ? behind + 1 : NULL};
    Text path = {0}, text = {0};
    Status status;

    text_append_bytes(&path, what, (size_t)(behind - what));
    args_blame(args, "what");
    status = inspect_shelf(&shelf, args, text_chars(&path), &text);
    if (!failed(status))
        repl_print(repl, "%s", text_chars(&text));
    tensor_file_release(&shelf.file);
    text_release(&path);
    text_release(&text);
    return status;
}

/* The last place where the ending is followed by the end or by the name of a tensor; NULL: no file. */
static const char *find_ending(const char *what)
{
    const char *found = NULL;

    for (const char *at = strstr(what, file_ending); at != NULL; at = strstr(at + 1, file_ending))
        if (at[strlen(file_ending)] == '\0' || at[strlen(file_ending)] == ':')
            found = at;
    return found;
}

static Status inspect_run(Repl *repl, Args *args)
{
    const char *what = args_text(args, "what"), *ending = find_ending(what);

    return ending == NULL ? inspect_tensor(repl, args, what) : inspect_file(repl, args, ending);
}

const Command inspect_command = {
    .name = "inspect",
    .summary = "look at the numbers of a tensor, of the run or of anybody's file",
    .task = TASK_LOOK,
    .args = inspect_args,
    .examples = inspect_examples,
    .more =
        "Of the run: statistics, the histogram where the tensor is probed, and values with their "
        "bits; of weights and casts also the fp32 value before the cast, and what the cast did. "
        "Of a safetensors file (F32, F16 or BF16, all tensors or one): what would be lost if its "
        "numbers were multiplied by each loss scale from 2^0 to 2^24 and cast; scales that lose "
        "the same share a line. So save gradients of your own run and look which scale they "
        "need. Mean and norm are of the finite values.",
    .run = inspect_run,
};
