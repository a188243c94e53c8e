#include "program/program.h"

#include <stdlib.h>
#include <string.h>

void program_release(Program *program)
{
    free(program->values);
    free(program->instrs);
    free(program->params);
    *program = (Program){0};
}

int64_t value_count(const Value *value)
{
    int64_t count = 1;

    for (int i = 0; i < value->rank; i++)
        count *= value->shape[i];
    return count;
}

bool value_lasts(const Value *value)
{
    return value->role == ROLE_MASTER || value->role == ROLE_STATE;
}

ValueId program_find(const Program *program, const char *name)
{
    for (int i = 0; i < program->value_count; i++)
        if (strcmp(program->values[i].name, name) == 0)
            return i;
    return NO_VALUE;
}

int program_phase(const Program *program, Phase phase)
{
    int i = 0;

    while (i < program->instr_count && program->instrs[i].phase < phase)
        i++;
    return i;
}
