#include "steps.h"

#include "check.h"
#include "values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Its operands are the same bits on both sides. */
static bool same_before_cast(const Program *program, const Instr *instr)
{
    if (instr->op == OP_CAST || instr->op == OP_CAST_FP8)
        return instr->phase == PHASE_CAST || program->values[instr->in[0]].role == ROLE_INPUT;
    return instr->op == OP_NLL_BACKWARD;
}

void compare_counts(Run *run, int i)
{
    const Pair *pair = run->pair;
    CastCounts cpu, gpu;
    int64_t moved = 0;
    char what[2 * LABEL_TEXT];

    must(pair->cpu.class->counts_read(pair->cpu.plan, i, &cpu), "counts_read");
    must(pair->gpu.class->counts_read(pair->gpu.plan, i, &gpu), "counts_read");
    snprintf(what, sizeof what, "%s: %s", run->what,
             run->program->values[run->program->instrs[i].out].name);
    if (same_before_cast(run->program, &run->program->instrs[i])) {
        check_counts(&cpu, &gpu, what);
        return;
    }
    for (int c = 0; c < CAST_CLASSES; c++)
        moved += llabs(cpu.classes[c] - gpu.classes[c]);
    check(cpu.count == gpu.count && moved <= cpu.count / 50 + 4,
          "%s: %lld of %lld values fall into other classes than the CPU's", what, (long long)moved,
          (long long)gpu.count);
    check(relative(cpu.mass, gpu.mass) <=
              fmax(2e-2, step_tolerances[run->recipe.low].grad) * slack_of(&run->recipe),
          "%s: mass %g, on the CPU %g", what, gpu.mass, cpu.mass);
}

/* Every counted store of a step whose values can all be read. */
void compare_partition(Run *run, int i)
{
    const Side *gpu = &run->pair->gpu;
    ValueId out = run->program->instrs[i].out;
    const Value *value = &run->program->values[out];
    float *stored = side_read(gpu, run->program, out);
    CastCounts counts;
    char what[2 * LABEL_TEXT];

    snprintf(what, sizeof what, "%s: %s", run->what, value->name);
    must(gpu->class->counts_read(gpu->plan, i, &counts), "counts_read");
    check_partition(value->format, stored, value_count(value), &counts, what);
    free(stored);
}
