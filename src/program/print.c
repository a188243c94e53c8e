/* show program: one line an instruction, aligned, with a heading for each phase. */
#include "program/program.h"

enum { COLUMN_OUT = 26, COLUMN_ARROW = 54, COLUMN_FORMATS = 100 };

static const char *const tails[OP_COUNT] = {
    [OP_LINEAR] = ", sums fp32",
    [OP_LINEAR_DX] = ", sums fp32",
    [OP_LINEAR_DW] = ", sums fp32",
    [OP_LINEAR_DB] = ", sums fp32",
    [OP_UNSCALE] = "found_inf; readers multiply by 1/scale",
};

static const char *result_name(const Program *program, const Instr *instr)
{
    if (instr->out != NO_VALUE)
        return program->values[instr->out].name;
    if (instr->op == OP_UPDATE)
        return "scale";
    if (instr->op == OP_CORRECT)
        return "correct";
    return program->values[instr->in[0]].name;
}

static void print_operands(const Program *program, const Instr *instr, Text *text)
{
    int first = instr->phase == PHASE_STEP ? 1 : 0;

    if (instr->op == OP_GATHER)
        text_append(text, instr->constants[GATHER_HELD_OUT] != 0.0 ? "held-out examples"
                                                                   : "training examples");
    if (instr->op == OP_UPDATE)
        text_append(text, "backoff | growth | hold");
    for (int i = first; i < op_table[instr->op].inputs; i++)
        text_printf(text, "%s%s", i == first ? "" : ", ", program->values[instr->in[i]].name);
}

/* fp16 x fp16 -> fp16 */
static void print_formats(const Program *program, const Instr *instr, Text *text)
{
    const char *separator = "";

    if (instr->out == NO_VALUE) {
        if (instr->phase == PHASE_STEP)
            text_append(text, "fp32 master, unless found_inf");
        else if (tails[instr->op] != NULL)
            text_append(text, tails[instr->op]);
        return;
    }
    for (int i = 0; i < op_table[instr->op].inputs; i++) {
        text_printf(text, "%s%s", separator, format_name(program->values[instr->in[i]].format));
        separator = " x ";
    }
    text_printf(text, "%s-> %s", *separator == '\0' ? "" : " ",
                format_name(program->values[instr->out].format));
    if (tails[instr->op] != NULL)
        text_append(text, tails[instr->op]);
    if (instr->counted)
        text_append(text, ", counted");
}

static void print_instr(const Program *program, const Instr *instr, Text *text)
{
    text_printf(text, "  %s", op_table[instr->op].name);
    text_pad(text, COLUMN_OUT);
    text_append(text, result_name(program, instr));
    text_pad(text, COLUMN_ARROW - 1);
    text_append(text, " <- ");
    print_operands(program, instr, text);
    text_pad(text, COLUMN_FORMATS - 1);
    text_append(text, " ");
    print_formats(program, instr, text);
    text_append(text, "\n");
}

void program_print(const Program *program, Text *text)
{
    for (int i = 0; i < program->instr_count; i++) {
        const Instr *instr = &program->instrs[i];

        if (i == 0 || program->instrs[i - 1].phase != instr->phase)
            text_printf(text, "%s\n", phase_names[instr->phase]);
        print_instr(program, instr, text);
    }
}
