/* show program: one line an instruction, in columns, with a heading for each phase. */
#include "program/program.h"

#include "base/number.h"

#include <string.h>

enum { COLUMN_OUT = 15, COLUMN_FORMAT = 37, COLUMN_ARROW = 42 };

static const char *result_name(const Program *program, const Instr *instr)
{
    if (instr->out != NO_VALUE)
        return program->values[instr->out].name;
    if (instr->op == OP_UPDATE)
        return "scale";
    if (instr->op == OP_UNSCALE)
        return "found_inf";
    if (instr->op == OP_CLIP_NORM)
        return "clip_coef";
    if (instr->op == OP_CLIP_VALUE)
        return "gradients";
    if (instr->op == OP_CORRECT)
        return "correct";
    return program->values[instr->in[0]].name;
}

static Format result_format(const Program *program, const Instr *instr)
{
    if (instr->phase == PHASE_STEP || instr->op == OP_RUNNING)
        return program->values[instr->in[0]].format;
    return instr->out == NO_VALUE ? FORMAT_FP32 : program->values[instr->out].format;
}

/* State is named after its master, which stands in the line already: exp_avg says enough. */
static const char *operand_name(const Program *program, const Instr *instr, int i)
{
    const Value *value = &program->values[instr->in[i]];
    const char *dot = strrchr(value->name, '.');

    return value->role == ROLE_STATE && dot != NULL ? dot + 1 : value->name;
}

/* What an optimizer's line says where it is not all fp32. */
static void print_rounding(const Program *program, const Instr *instr, Text *text)
{
    WeightRounding rounding = (WeightRounding)instr->constants[CONSTANT_ROUNDING];
    ValueId state = instr->in[STEP_STATES];

    if (state != NO_VALUE && program->values[state].format != FORMAT_FP32)
        text_printf(text, " in %s", format_name(program->values[state].format));
    if (instr->in[STEP_COMPENSATION] != NO_VALUE)
        text_printf(text, ", %s", operand_name(program, instr, STEP_COMPENSATION));
    if (rounding == ROUNDING_STOCHASTIC)
        text_append(text, ", rounded stochastically");
}

static void print_clip(const Instr *instr, Text *text)
{
    char number[NUMBER_TEXT];

    text_printf(text, "%sgradients%s, at most %s", instr->op == OP_CLIP_NORM ? "norm of all " : "",
                instr->constants[CLIP_SCALED] != 0.0 ? " as they are, scaled" : "",
                number_shortest(instr->constants[CLIP_MOST], number));
}

static void print_scaling(const Instr *instr, Text *text)
{
    text_printf(text, ", %s", fp8_scaling_names[(int)instr->constants[FP8_HOW]]);
    if (instr->constants[FP8_MARGIN] != 0.0)
        text_printf(text, ", margin %d", (int)instr->constants[FP8_MARGIN]);
}

/* What is said before the operands. */
static void print_source(const Instr *instr, Text *text)
{
    if (instr->op == OP_GATHER)
        text_append(text, instr->constants[GATHER_HELD_OUT] != 0.0 ? "held-out examples"
                                                                   : "training examples");
    if (instr->op == OP_UPDATE)
        text_append(text, "found_inf: backoff, growth or hold");
    if (instr->op == OP_CLIP_NORM || instr->op == OP_CLIP_VALUE)
        print_clip(instr, text);
}

/* And behind them. */
static void print_manner(const Program *program, const Instr *instr, Text *text)
{
    if (instr->op == OP_FP8_SCALE)
        print_scaling(instr, text);
    if (instr->op == OP_SCALE)
        text_append(text, ", loss weight, scale");
    if (instr->phase == PHASE_STEP)
        print_rounding(program, instr, text);
    if (instr_forced(instr) != FORMAT_FP32)
        text_printf(text, ", all rounded to %s", format_name(instr_forced(instr)));
    if ((instr->op == OP_LOG_SOFTMAX || instr->op == OP_CAUSAL_SOFTMAX) &&
        instr->constants[LOW_UNSTABLE] != 0.0)
        text_append(text, ", the largest left in");
    if (instr->counted)
        text_append(text, " *");
}

static void print_operands(const Program *program, const Instr *instr, Text *text)
{
    int first = instr->phase == PHASE_STEP ? 1 : 0;

    print_source(instr, text);
    for (int i = first; i < op_table[instr->op].inputs; i++)
        text_printf(text, "%s%s", i == first ? "" : ", ", operand_name(program, instr, i));
    for (int i = PRODUCT_SCALES; i < PRODUCT_SCALES + 2 && op_is_product(instr->op); i++)
        if (instr->in[i] != NO_VALUE)
            text_printf(text, " / %s", program->values[instr->in[i]].name);
    print_manner(program, instr, text);
}

static void print_instr(const Program *program, const Instr *instr, Text *text)
{
    text_printf(text, "  %s ", op_table[instr->op].name);
    text_pad(text, COLUMN_OUT);
    text_printf(text, "%s ", result_name(program, instr));
    text_pad(text, COLUMN_FORMAT);
    text_printf(text, "%s ", format_name(result_format(program, instr)));
    text_pad(text, COLUMN_ARROW);
    text_append(text, "<- ");
    print_operands(program, instr, text);
    text_append(text, "\n");
}

static void print_heading(const Program *program, Phase phase, Text *text)
{
    bool repeated = phase >= PHASE_FORWARD && phase <= PHASE_BACKWARD;

    text_append(text, phase_names[phase]);
    if (repeated && program_rounds(program) > 1)
        text_printf(text, ", of each of %d micro-batches", program_rounds(program));
    text_append(text, phase == PHASE_STEP ? ", unless found_inf\n" : "\n");
}

static bool takes(const Program *program, Format format)
{
    for (int i = 0; i < program->value_count; i++)
        if (program->values[i].format == format)
            return true;
    return false;
}

static const char *sums_text(const Program *program)
{
    if (takes(program, FORMAT_TF32))
        return "products of tf32 operands sum in fp32 and stay fp32";
    if (takes(program, FORMAT_E4M3))
        return "products of fp8 operands sum in fp32 and are rounded once; a Hopper GPU keeps "
               "about "
               "14 bits of\na sum of fp8 products, and adds it to one in fp32 now and then";
    return "products sum in fp32 and are rounded once";
}

static bool rounds_twice(const Program *program)
{
    for (int i = 0; i < program->instr_count; i++)
        if (program->instrs[i].op == OP_CONV2D &&
            program->values[program->instrs[i].out].format != FORMAT_FP32)
            return true;
    return false;
}

static void print_mark(const Program *program, int reached, Text *text)
{
    text_printf(text, ">> %d of %d instructions have run; next: %s\n", reached,
                program->instr_count, phase_names[program->instrs[reached].phase]);
}

void program_print(const Program *program, int reached, Text *text)
{
    bool counted = false;

    for (int i = 0; i < program->instr_count; i++) {
        const Instr *instr = &program->instrs[i];

        if (i > 0 && i == reached)
            print_mark(program, reached, text);
        if (i == 0 || program->instrs[i - 1].phase != instr->phase)
            print_heading(program, instr->phase, text);
        print_instr(program, instr, text);
        counted = counted || instr->counted;
    }
    text_append(text, sums_text(program));
    if (rounds_twice(program))
        text_append(text, "; conv2d rounds them\nbefore its bias comes, and again with it");
    text_append(text, counted ? "; * what rounding does is counted\n" : "\n");
}
