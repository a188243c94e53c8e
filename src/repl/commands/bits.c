/* bits VALUE [FORMAT...]: how each format holds a number. */
#include "repl/commands.h"

#include "base/number.h"
#include "repl/args.h"
#include "repl/format_list.h"
#include "repl/measure.h"
#include "repl/repl.h"
#include "repl/rounding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const ArgSpec bits_args[] = {
    {.name = "value",
     .kind = ARG_WORD,
     .shown = "VALUE",
     .text = "a number, or the bits of one in the first format: 0x3C00"},
    {.name = "formats",
     .kind = ARG_WORDS,
     .optional = true,
     .names = NAMES_FORMATS,
     .shown = "FORMATS",
     .text = "which ones (all)"},
    {.name = "csv", .kind = ARG_FLAG, .text = "one line for each format, to be read by programs"},
    {.kind = ARG_END},
};

static const char *const bits_examples[] = {
    "bits 0.1", "bits 65520 fp16 bf16", "bits 0x3C00 fp16 e4m3", "bits 2^-24 fp16 --csv", NULL,
};

static bool is_pattern(const char *word)
{
    return word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
}

static Status read_digits(const char *word, uint64_t *pattern)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    size_t count = strspn(word + 2, digits);

    if (count == 0 || word[2 + count] != '\0')
        return fail(STATUS_USAGE, "'%.40s' is no bit pattern; try 0x3C00", word);
    *pattern = count > 16 ? UINT64_MAX : strtoull(word + 2, NULL, 16);
    return ok();
}

static Status read_pattern(const char *word, const FormatInfo *info, uint32_t *pattern)
{
    int unused = info->bits - 1 - info->exponent_bits - info->mantissa_bits;
    uint64_t bits = 0;

    TRY(read_digits(word, &bits));
    if (bits >> info->bits != 0)
        return fail(STATUS_USAGE, "%s has %d bits, and '%.40s' is longer", info->name, info->bits,
                    word);
    if ((bits & ((1u << unused) - 1)) != 0)
        return fail(STATUS_USAGE, "the last %d bits of %s are 0, and those of '%.40s' are not",
                    unused, info->name, word);
    *pattern = (uint32_t)bits;
    return ok();
}

static Status add_pattern(const char *word, FormatList *list, Rounding *rows)
{
    uint32_t pattern = 0;

    if (list->count == 0)
        return fail(STATUS_USAGE, "%.40s is a bit pattern, of which format? try bits %.40s fp16",
                    word, word);
    TRY(read_pattern(word, &format_table[list->formats[0]], &pattern));
    rows[0] = rounding_of_pattern(list->formats[0], pattern);
    for (int i = 1; i < list->count; i++)
        rows[i] = rounding_of(list->formats[i], (double)rows[0].stored);
    return ok();
}

static Status add_number(const char *word, FormatList *list, Rounding *rows)
{
    double value = 0.0;

    TRY(number_parse(word, &value));
    if (list->count == 0)
        for (int f = 0; f < FORMAT_COUNT; f++)
            list->formats[list->count++] = (Format)f;
    for (int i = 0; i < list->count; i++)
        rows[i] = rounding_of(list->formats[i], value);
    return ok();
}

/* fp32 is on the way to every other format, as in PyTorch. */
static void note_fp32(Repl *repl, const FormatList *list, const Rounding *row, const char *word)
{
    char held[NUMBER_TEXT];

    if (list->count == 1 && list->formats[0] == FORMAT_FP32)
        return;
    if (isnan(row->value) || (double)(float)row->value == row->value)
        return;
    repl_note(repl,
              "%.40s is no fp32 number: it is rounded to %s first, and that is cast, as in PyTorch",
              word, number_shortest((double)(float)row->value, held));
}

static Status bits_run(Repl *repl, Args *args)
{
    const char *word = args_text(args, "value");
    bool csv = args_has(args, "csv");
    FormatList list = {0};
    Rounding rows[FORMAT_COUNT] = {0};
    Text text = {0};

    args_blame(args, "formats");
    TRY(format_list_read(args_has(args, "formats") ? args_text(args, "formats") : "", &list));
    args_blame(args, "value");
    TRY(is_pattern(word) ? add_pattern(word, &list, rows) : add_number(word, &list, rows));
    if (csv)
        rounding_csv_heads(&text);
    for (int i = 0; i < list.count; i++)
        csv ? rounding_csv(&rows[i], &text) : rounding_draw(&rows[i], &text);
    measure_looked(repl, rows[0].value);
    repl_print(repl, "%s", text_chars(&text));
    text_release(&text);
    note_fp32(repl, &list, &rows[0], word);
    return ok();
}

const Command bits_command = {
    .name = "bits",
    .summary = "show how each format holds a number, to the bit",
    .task = TASK_LOOK,
    .needs = ACTS_ON_ALL,
    .args = bits_args,
    .examples = bits_examples,
    .more =
        "s, e and m stand over the bits of sign, exponent and mantissa. Below them come the value "
        "that is stored and what rounding did, then the two values beside it and the ulp, the "
        "spacing of values there. Ulps of an error are those at the number itself. A number that "
        "fp32 cannot hold is rounded to fp32 first, then cast, as PyTorch does it; overflow gives "
        "inf, in e4m3 nan.",
    .run = bits_run,
};
