#include "repl/phase_report.h"

#include "repl/phrase.h"
#include "repl/wrap.h"
#include "view/words.h"

#include <string.h>

enum { NAME = 20, FORMAT = 25, MILLION = 1000000 };

typedef enum Kind { COUNT, REAL, SHARE } Kind;

typedef struct Column {
    const char *name, *head; /* in CSV, in a table */
    int width;               /* of it, so that seven beside names and formats fill 80 */
    Kind kind;
} Column;

static const Column columns[PHASE_NUMBERS] = {
    [PHASE_VALUES] = {"values", "values", 8, COUNT},
    [PHASE_LEAST] = {"least", "least", 8, REAL},
    [PHASE_MOST] = {"most", "most", 8, REAL},
    [PHASE_UNDERFLOW] = {"underflow", "underfl", 8, COUNT},
    [PHASE_SUBNORMAL] = {"subnormal", "subnorm", 8, COUNT},
    [PHASE_OVERFLOW] = {"overflow", "overfl", 7, COUNT},
    [PHASE_NONFINITE] = {"nonfinite", "inf/nan", 8, COUNT},
    [PHASE_BEFORE] = {"before", "before", 10, REAL},
    [PHASE_AFTER] = {"after", "after", 10, REAL},
    [PHASE_HELD] = {"held", "held", 8, COUNT},
    [PHASE_NORM] = {"norm", "norm", 10, REAL},
    [PHASE_MOVED] = {"moved", "moved", 9, SHARE},
    [PHASE_CHANGE] = {"change_norm", "by, norm", 10, REAL},
    [PHASE_CHANGE_MOST] = {"change_most", "at most", 10, REAL},
    [PHASE_LOST] = {"lost", "lost", 8, COUNT},
};

static bool is_known(const PhaseReport *report, int number)
{
    for (int i = 0; i < report->count; i++)
        if (!report->rows[i].numbers[number].none)
            return true;
    return false;
}

static const char *count_cell(int64_t count, char text[NUMBER_TEXT])
{
    return count < MILLION ? phrase_count(count, text) : words_tick(count, text);
}

static const char *cell(const PhaseReport *report, int number, Measure measure,
                        char text[NUMBER_TEXT])
{
    if (measure.none)
        return "-";
    if (columns[number].kind == COUNT)
        return count_cell((int64_t)measure.value, text);
    if (columns[number].kind == SHARE)
        return words_share(measure, text);
    return report->phase == PHASE_UPDATE
               ? float_friendly((float)measure.value, text)
               : words_real(measure.value, columns[number].width - 1, text);
}

static void print_heads(const PhaseReport *report, Text *text)
{
    text_pad(text, FORMAT);
    for (int number = 0; number < PHASE_NUMBERS; number++)
        if (is_known(report, number))
            text_printf(text, "%*s", columns[number].width, columns[number].head);
    text_append(text, "\n");
}

static void print_row(const PhaseReport *report, const PhaseRow *row, Text *text)
{
    char digits[NUMBER_TEXT];

    text_printf(text, "%s ", row->name);
    text_pad(text, NAME + 1);
    text_append(text, format_name(row->format));
    text_pad(text, FORMAT);
    for (int number = 0; number < PHASE_NUMBERS; number++)
        if (is_known(report, number))
            text_printf(text, "%*s", columns[number].width,
                        cell(report, number, row->numbers[number], digits));
    text_append(text, "\n");
}

static const PhaseRow *row_named(const PhaseReport *report, const char *name)
{
    for (int i = 0; i < report->count; i++)
        if (strcmp(report->rows[i].name, name) == 0)
            return &report->rows[i];
    return NULL;
}

static Measure measured(double value)
{
    return (Measure){.value = value};
}

static void tell_loss(const PhaseReport *report, Text *text)
{
    const PhaseRow *loss = row_named(report, "loss"), *scaled = row_named(report, "loss.scaled");
    char parts[4][NUMBER_TEXT];

    if (loss == NULL || scaled == NULL || loss->numbers[PHASE_MOST].none)
        return;
    text_printf(text, "loss %s x weight %s x scale %s = %s goes into the backward pass",
                words_measure(loss->numbers[PHASE_MOST], parts[0]),
                float_friendly(report->loss_weight, parts[1]),
                float_friendly(report->scale, parts[2]),
                words_measure(scaled->numbers[PHASE_MOST], parts[3]));
}

static void tell_clip(const PhaseReport *report, Text *text)
{
    const PhaseClip *clip = &report->clip;
    char parts[4][NUMBER_TEXT];

    if (clip->scaled)
        text_append(text, "clip comes before unscale, and is within this phase. ");
    text_printf(text, "norm of all%s gradients %s", clip->scaled ? " scaled" : "",
                words_measure(measured(clip->before), parts[0]));
    if (clip->value)
        text_printf(text, ", each at most %s: %s held, which leaves a norm of %s",
                    float_friendly((float)clip->most, parts[1]), phrase_count(clip->held, parts[2]),
                    words_measure(measured(clip->after), parts[3]));
    else
        text_printf(text, ", at most %s: clip_coef %s leaves %s",
                    float_friendly((float)clip->most, parts[1]),
                    words_measure(measured((double)clip->coef), parts[2]),
                    words_measure(measured(clip->after), parts[3]));
}

static void tell_found(const PhaseReport *report, Text *text)
{
    if (report->found[0] == '\0')
        text_append(text, "found_inf: no; ");
    else if (!report->checks)
        text_printf(text,
                    "%s holds inf or nan, and nobody looks: scaling is off, so the step is "
                    "taken",
                    report->found);
    else
        text_printf(text, "found_inf: yes, in %s first: %s", report->found,
                    report->takes_all ? "with skip=off the step is taken all the same"
                                      : "no weight will move");
}

static void tell_unscale(const PhaseReport *report, Text *text)
{
    char scale[NUMBER_TEXT];

    if (report->clip.scaled) {
        tell_clip(report, text);
        text_append(text, ". ");
    }
    tell_found(report, text);
    if (report->found[0] != '\0' && !report->leaves_scaled)
        return;
    float_friendly(report->scale, scale);
    if (report->leaves_scaled)
        text_printf(
            text,
            "%swith unscale=off what follows reads gradients as they are %s, times the scale %s",
            report->found[0] == '\0' ? "" : "; ", report->clip.scaled ? "clipped" : "stored",
            scale);
    else
        text_printf(text, "norms as stored, and %stimes 1/scale, which is 1/%s",
                    report->clip.scaled ? "clipped, then " : "", scale);
}

static void tell_step(const PhaseReport *report, Text *text)
{
    if (report->found[0] == '\0')
        return;
    if (report->skipped)
        text_printf(text, "skipped: %s holds inf or nan, so no weight moves", report->found);
    else
        text_printf(text, "%s holds inf or nan, and the step was taken all the same: %s",
                    report->found, report->checks ? "skip=off" : "scaling is off");
}

static void tell_update(const PhaseReport *report, Text *text)
{
    const PhaseRow *scale = row_named(report, "loss scale");
    double before = scale->numbers[PHASE_BEFORE].value, after = scale->numbers[PHASE_AFTER].value;

    if (report->skipped)
        text_append(text, "the step was skipped: ");
    if (report->borne)
        text_append(text, "an overflow is borne, so ");
    text_append(text, after < before   ? "backoff"
                      : after > before ? "growth"
                                       : "the loss scale holds");
}

static bool is_uncounted(const PhaseReport *report)
{
    for (int i = 0; i < report->count; i++)
        if (format_table[report->rows[i].format].bits < 32 &&
            report->rows[i].numbers[PHASE_UNDERFLOW].none)
            return true;
    return false;
}

static bool is_repeated(Phase phase)
{
    return phase >= PHASE_FORWARD && phase <= PHASE_BACKWARD;
}

/* Of phases that compute values. */
static void tell_values(const PhaseReport *report, Text *text)
{
    if (report->phase == PHASE_LOSS)
        tell_loss(report, text);
    else if (is_uncounted(report))
        text_printf(text, "%s not counted: probe on counts every store",
                    is_known(report, PHASE_UNDERFLOW) ? "- was" : "underflow and overflow were");
    if (report->running)
        text_printf(text,
                    "%srunning statistics have moved, and stay so if the step comes to be skipped",
                    text->length > 0 ? ". " : "");
    if (report->rounds == 1 || !is_repeated(report->phase))
        return;
    if (text->length > 0)
        text_append(text, ". ");
    text_printf(text, "Values are of the last of %d micro-batches%s", report->rounds,
                report->phase == PHASE_BACKWARD ? ", the sums of all" : "");
    if (is_known(report, PHASE_UNDERFLOW))
        text_append(text, "; underflow and overflow are counted over all");
    if (report->phase == PHASE_LOSS)
        text_append(text, "; the loss of the step is the mean of all, known at its end");
}

/* The sentence below the table; "" where it says all. */
static void tell(const PhaseReport *report, Text *text)
{
    if (report->count == 0)
        text_append(text, "nothing to do in this run");
    else if (report->phase == PHASE_UNSCALE)
        tell_unscale(report, text);
    else if (report->phase == PHASE_CLIP)
        tell_clip(report, text);
    else if (report->phase == PHASE_STEP)
        tell_step(report, text);
    else if (report->phase == PHASE_UPDATE)
        tell_update(report, text);
    else
        tell_values(report, text);
}

void phase_report_print(const PhaseReport *report, Text *text)
{
    char step[NUMBER_TEXT];
    Text sentence = {0};

    if (report->passed[0] != '\0')
        text_printf(text, "%s: nothing to do in this program\n", report->passed);
    text_printf(text, "step %s, phase %s\n", phrase_count(report->step, step), report->name);
    if (report->count > 0)
        print_heads(report, text);
    for (int i = 0; i < report->count; i++)
        print_row(report, &report->rows[i], text);
    tell(report, &sentence);
    if (sentence.length > 0)
        wrap(text_chars(&sentence), 0, text);
    text_release(&sentence);
}

void phase_report_csv_heads(Text *text)
{
    text_append(text, "step,phase,name,format,number,value\n");
}

static void csv_line(const PhaseReport *report, const char *name, Format format,
                     const char *number_name, double value, Text *text)
{
    char digits[NUMBER_TEXT];

    text_printf(text, "%lld,%s,%s,%s,%s,%s\n", (long long)report->step, report->name, name,
                format_name(format), number_name, number_shortest(value, digits));
}

/* Of all gradients together. */
static void csv_clip(const PhaseReport *report, Text *text)
{
    const PhaseClip *clip = &report->clip;

    if (!clip->norm && !clip->value)
        return;
    csv_line(report, "all", FORMAT_FP32, "norm_before_clip", clip->before, text);
    csv_line(report, "all", FORMAT_FP32, "norm_after_clip", clip->after, text);
    if (clip->norm)
        csv_line(report, "all", FORMAT_FP32, "clip_coef", (double)clip->coef, text);
    else
        csv_line(report, "all", FORMAT_FP32, columns[PHASE_HELD].name, (double)clip->held, text);
}

void phase_report_csv(const PhaseReport *report, Text *text)
{
    for (int i = 0; i < report->count; i++)
        for (int k = 0; k < PHASE_NUMBERS; k++) {
            const PhaseRow *row = &report->rows[i];

            if (!row->numbers[k].none)
                csv_line(report, row->name, row->format, columns[k].name, row->numbers[k].value,
                         text);
        }
    csv_clip(report, text);
}
