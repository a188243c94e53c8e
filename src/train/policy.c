/* show autocast: which operation runs in which format under the present settings, and why. */
#include "train/worker.h"

#include "amp/autocast.h"
#include "train/settings.h"

enum { COLUMN_TAKES = 13, COLUMN_RUNS = 20, COLUMN_GIVES = 28, COLUMN_LIST = 35, COLUMN_WHY = 55 };

/* Formats of an operation: of its operands, of what is computed between, of its result. */
typedef struct Formats {
    Format takes, runs, gives;
} Formats;

/* What comes is what products gave: that is what a network hands from layer to layer. */
static Formats formats_of(const PolicyRow *row, Format low, bool kept, bool forced)
{
    Format result = autocast_result(low);

    if (kept)
        return (Formats){FORMAT_FP32, FORMAT_FP32, FORMAT_FP32};
    if (forced)
        return (Formats){result, result, result};
    switch (row->class) {
    case OP_CLASS_PRODUCT:
        return (Formats){low, FORMAT_FP32, result};
    case OP_CLASS_INPUT:
        return (Formats){result, FORMAT_FP32, result};
    case OP_CLASS_FP32:
        break;
    }
    return (Formats){result, FORMAT_FP32, row->own_result ? result : FORMAT_FP32};
}

static void print_line(const char *const cells[6], Text *text)
{
    static const int columns[] = {0,           COLUMN_TAKES, COLUMN_RUNS, COLUMN_GIVES,
                                  COLUMN_LIST, COLUMN_WHY};

    text_append(text, "  ");
    for (int i = 0; i < 6; i++) {
        if (i > 0)
            text_pad(text, columns[i]);
        text_printf(text, "%s%s", cells[i], i == 5 ? "\n" : " ");
    }
}

static void print_row(const Settings *settings, int i, Text *text)
{
    const PolicyRow *row = &policy_table[i];
    bool kept = settings->policy.keep >> i & 1, forced = settings->policy.force >> i & 1;
    Formats formats = formats_of(row, settings->autocast, kept, forced);

    print_line((const char *const[]){row->name, format_name(formats.takes),
                                     format_name(formats.runs), format_name(formats.gives),
                                     kept     ? "keep="
                                     : forced ? "force="
                                              : row->list,
                                     row->why},
               text);
}

static void print_note(const Settings *settings, Text *text)
{
    switch (settings->autocast) {
    case FORMAT_FP32:
        text_append(text, "autocast is off: all is fp32, and no list of PyTorch's is looked at\n");
        break;
    case FORMAT_TF32:
        text_append(text, "tf32 is no autocast in PyTorch but allow_tf32: operands of products are "
                          "rounded to\n10 bits of mantissa, and all that is stored stays fp32\n");
        break;
    default:
        text_printf(text,
                    "weights are %s, the optimizer computes in fp32; the gradient of each "
                    "value has its format\n",
                    settings_weights(settings) == FORMAT_FP32 ? "fp32 masters, cast anew each step"
                                                              : "kept low (master off)");
    }
}

static Status print_job(Session *session, void *argument)
{
    const Experiment *experiment = runs_used(session);
    const Settings *settings = &experiment->settings;
    Text *text = argument;

    settings_part(settings, SETTING_AUTOCAST, text);
    text_append(text, "\n");
    print_line((const char *const[]){"op", "takes", "runs in", "gives", "PyTorch's list", "why"},
               text);
    for (int i = 0; policy_table[i].name != NULL; i++)
        print_row(settings, i, text);
    print_note(settings, text);
    return ok();
}

Status session_print_autocast(Session *session, Text *text)
{
    return worker_ask(session, print_job, text);
}
