#include "repl/sweep_report.h"

#include "repl/phrase.h"
#include "repl/wrap.h"
#include "view/words.h"

#include <math.h>
#include <stdio.h>

static Measure measure(double value)
{
    return (Measure){.none = isnan(value), .value = value};
}

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : (double)NAN;
}

static const char *words(double value, char text[NUMBER_TEXT])
{
    return isnan(value) ? "-" : words_share(measure(value), text);
}

static void row(const Sweep *sweep, int exponent, int tensor, Text *text)
{
    const SweepCell *cell = sweep_cell(sweep, exponent, tensor);
    char parts[8][NUMBER_TEXT], scale[16];

    snprintf(scale, sizeof scale, "2^%d", exponent);
    text_printf(text, "%-5s%10s%9s%9s%9s%8s |%9s%8s  %s\n", scale,
                cell->starved ? "starved" : words(sweep_lost(cell), parts[0]),
                words(share(cell->underflow, cell->nonzero), parts[1]),
                cell->predicted ? words(cell->predicted_lost, parts[2]) : "-",
                words(share(cell->subnormal, cell->count), parts[3]),
                words(share(cell->overflow, cell->count), parts[4]),
                words(sweep_most_lost(sweep, exponent), parts[5]),
                words(sweep_most_over(sweep, exponent), parts[6]),
                sweep_grade_names[sweep_grade(sweep, exponent)]);
}

static void tell_window(const Sweep *sweep, Text *text)
{
    int first, last;

    if (!sweep_window(sweep, &first, &last)) {
        text_append(text, "No scale is good: each loses too much of some gradient, or overflows.");
        return;
    }
    text_printf(text,
                "Good from 2^%d to 2^%d: nothing overflows, and no gradient loses more than "
                "%g%% of its mass.",
                first, last, sweep_tolerance * 100.0);
    if (last == sweep->to)
        text_append(text, " Nothing overflowed as far as this went.");
}

static void tell_base(const Sweep *sweep, Text *text)
{
    if (sweep->base <= sweep->to)
        text_printf(text, " Predicted: from the exponents at 2^%d, one pass instead of %d.",
                    sweep->base, sweep->to - sweep->from + 1);
}

void sweep_table(const Sweep *sweep, int tensor, Text *text)
{
    Text sentence = {0};

    text_printf(text, "%-50s |  worst of all\n", sweep->names[tensor]);
    text_printf(text, "%-5s%10s%9s%9s%9s%8s |%9s%8s\n", "scale", "lost mass", "underfl", "predict",
                "subnorm", "overfl", "lost", "overfl");
    for (int e = sweep->from; e <= sweep->to; e++)
        row(sweep, e, tensor, text);
    tell_window(sweep, &sentence);
    tell_base(sweep, &sentence);
    wrap(text_chars(&sentence), 0, text);
    text_release(&sentence);
}

static void csv_share(double value, Text *text)
{
    char digits[NUMBER_TEXT];

    text_printf(text, ",%s", isnan(value) ? "none" : number_shortest(value, digits));
}

static void csv_cell(const SweepCell *cell, Text *text)
{
    text_printf(text, ",%lld,%lld,%lld", (long long)cell->count, (long long)cell->nonzero,
                (long long)cell->underflow);
    csv_share(sweep_lost(cell), text);
    text_printf(text, ",%lld,%lld,%lld", (long long)cell->subnormal, (long long)cell->overflow,
                (long long)cell->nonfinite);
}

void sweep_csv(const Sweep *sweep, Text *text)
{
    char digits[NUMBER_TEXT];

    text_append(text, "scale,tensor,count,nonzero,underflow,lost_mass,subnormal,overflow,nonfinite,"
                      "predicted_underflow,predicted_lost_mass,predicted_overflow,grade\n");
    for (int e = sweep->from; e <= sweep->to; e++)
        for (int i = 0; i < sweep->tensor_count; i++) {
            const SweepCell *cell = sweep_cell(sweep, e, i);

            text_printf(text, "%s,%s", number_shortest(ldexp(1.0, e), digits), sweep->names[i]);
            csv_cell(cell, text);
            if (cell->predicted)
                text_printf(text, ",%lld,%s,%lld", (long long)cell->predicted_underflow,
                            number_shortest(cell->predicted_lost, digits),
                            (long long)cell->predicted_overflow);
            else
                text_append(text, ",none,none,none");
            text_printf(text, ",%s\n", sweep_grade_names[sweep_grade(sweep, e)]);
        }
}

static void pass_row(const AutocastPass *pass, Text *text)
{
    char parts[6][NUMBER_TEXT];

    text_printf(text, "%-6s%12s%12s%12s%12s%12s%14s\n", format_step_name(pass->format),
                words_real((double)pass->loss, 11, parts[0]),
                words(sweep_lost(&pass->all), parts[1]),
                words(share(pass->all.underflow, pass->all.nonzero), parts[2]),
                words(share(pass->all.subnormal, pass->all.count), parts[3]),
                phrase_count(pass->all.overflow + pass->all.nonfinite, parts[4]),
                pass->difference.none ? "-" : words_measure(pass->difference, parts[5]));
}

void passes_table(const AutocastPass *passes, int count, float scale, Text *text)
{
    char number[NUMBER_TEXT];
    Text sentence = {0};

    text_printf(text, "%-6s%12s%12s%12s%12s%12s%14s\n", "format", "loss", "lost mass", "underflow",
                "subnormal", "inf, nan", "from fp32");
    for (int i = 0; i < count; i++)
        pass_row(&passes[i], text);
    text_append(&sentence, "The same weights and ");
    if (count > 0 && passes[0].rounds > 1)
        text_printf(&sentence, "%d micro-batches (loss: of the last)", passes[0].rounds);
    else
        text_append(&sentence, "batch");
    text_printf(&sentence,
                ", at loss scale %s. Shares are of all gradients; from "
                "fp32: norm of the difference of the weights' gradients, divided by their norm in "
                "fp32.",
                float_friendly(scale, number));
    wrap(text_chars(&sentence), 0, text);
    text_release(&sentence);
}

static void csv_pass(const AutocastPass *pass, const char *tensor, const SweepCell *cell,
                     Measure difference, Text *text)
{
    char loss[NUMBER_TEXT];

    text_printf(text, "%s,%s,%s", format_step_name(pass->format), float_shortest(pass->loss, loss),
                tensor);
    csv_cell(cell, text);
    csv_share(difference.none ? (double)NAN : difference.value, text);
    text_append(text, "\n");
}

void passes_csv(const AutocastPass *passes, int count, Text *text)
{
    text_append(text, "format,loss,tensor,count,nonzero,underflow,lost_mass,subnormal,overflow,"
                      "nonfinite,from_fp32\n");
    for (int p = 0; p < count; p++) {
        const AutocastPass *pass = &passes[p];

        csv_pass(pass, "all", &pass->all, pass->difference, text);
        for (int i = 0; i < pass->count; i++)
            csv_pass(pass, pass->grads[i].name, &pass->grads[i].cell, pass->grads[i].difference,
                     text);
    }
}
