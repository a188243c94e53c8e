/* show autocast: which operation runs in which format under the present settings, and why. */
#include "train/worker.h"

#include "amp/autocast.h"
#include "train/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMN_TAKES = 13, COLUMN_RUNS = 20, COLUMN_GIVES = 28, COLUMN_LIST = 35, COLUMN_WHY = 55 };

/* Formats of an operation: of its operands, of what is computed between, of its result. */
typedef struct Formats {
    Format takes, runs, gives;
} Formats;

/* What comes is what products gave: that is what a network hands from layer to layer. */
static Formats formats_of(const PolicyRow *row, Format low, bool kept, bool forced)
{
    Format result = autocast_result(low);

    if (kept || (row->class == OP_CLASS_FP32 && row->list[0] == '-')) /* a table in fp32 */
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
    bool kept = row->keeps && settings->policy.keep >> i & 1;
    bool forced = settings->policy.force >> i & 1;
    Formats formats = formats_of(row, settings->autocast, kept, forced);

    print_line((const char *const[]){row->name, format_step_name(formats.takes),
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
    case FORMAT_E4M3:
        text_append(text, "products take activations and weights in e4m3, gradients in ");
        text_printf(text,
                    "%s, and give bf16, as TransformerEngine has it; nothing needs a loss "
                    "scale; what a cast cannot hold is clamped and counted as overflow\n",
                    format_name(settings->fp8.backward));
        break;
    case FORMAT_TF32:
        text_append(text, "tf32 is no autocast in PyTorch but allow_tf32: operands of products are "
                          "rounded to 10 bits of mantissa, and all that is stored stays fp32\n");
        break;
    default:
        text_printf(text,
                    "weights are %s, the optimizer computes in fp32; the gradient of each "
                    "value has its format\n",
                    settings_weights(settings) == FORMAT_FP32 ? "fp32 masters, cast anew each step"
                                                              : "kept low (master off)");
    }
}

static Status read_history(const Experiment *experiment, const Value *value, float *seen)
{
    memset(seen, 0, (FP8_MOST_HISTORY + 1) * sizeof *seen);
    return experiment->class->store_read(experiment->store, value->name, seen, value_count(value));
}

/* Of each cast to fp8: format, the scale of the last step, its amax, the largest remembered. */
static Status print_scales(const Experiment *experiment, Text *text)
{
    const Program *program = &experiment->program;
    float seen[FP8_MOST_HISTORY + 1], most;
    char scale[NUMBER_TEXT], amax[NUMBER_TEXT], largest[NUMBER_TEXT];

    settings_part(&experiment->settings, SETTING_FP8, text);
    text_append(text, "\n  tensor                 cast   scale        amax         largest amax\n");
    for (int i = 0; i < program->instr_count; i++) {
        const Instr *instr = &program->instrs[i];

        if (instr->op != OP_FP8_SCALE)
            continue;
        TRY(read_history(experiment, &program->values[instr->in[1]], seen));
        most = 0.0F;
        for (int at = FP8_LAST_AMAX; at <= FP8_MOST_HISTORY; at++)
            most = fmaxf(most, seen[at]);
        snprintf(scale, sizeof scale, "%.6g", (double)seen[FP8_LAST_SCALE]);
        snprintf(amax, sizeof amax, "%.6g", (double)seen[FP8_LAST_AMAX]);
        snprintf(largest, sizeof largest, "%.6g", (double)most);
        text_printf(text, "  %-22s %-6s %-12s %-12s %s\n", program->values[instr->in[0]].name,
                    format_name((Format)instr->constants[FP8_FORMAT]),
                    seen[FP8_LAST_SCALE] > 0.0F ? scale : "-",
                    seen[FP8_LAST_SCALE] > 0.0F ? amax : "-",
                    seen[FP8_LAST_SCALE] > 0.0F ? largest : "-");
    }
    return ok();
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
    if (format_is_fp8(settings->autocast) && !failed(experiment->problem))
        return print_scales(experiment, text);
    return ok();
}

Status session_print_autocast(Session *session, Text *text)
{
    return worker_ask(session, print_job, text);
}
