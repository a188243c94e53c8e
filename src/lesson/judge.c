#include "lesson/judge.h"

#include "lesson/fill.h"

ExprNeeds judge_needs(const Step *step)
{
    ExprNeeds all = {.accuracy = false};

    for (int i = 0; i < step->check_count; i++) {
        ExprNeeds needs = expr_needs(step->checks[i].expr);

        all.accuracy |= needs.accuracy;
        all.moved |= needs.moved;
        all.updates |= needs.updates;
    }
    for (size_t i = 0; i < step->block_count; i++)
        if (block_table[step->blocks[i].kind].prose)
            fill_needs(step->blocks[i].text, &all);
    return all;
}

Verdict judge(const Step *step, const Snapshot *snapshot)
{
    Verdict verdict = {.first = -1};

    for (int i = 0; i < step->check_count; i++) {
        verdict.trouble[i] = expr_test(step->checks[i].expr, snapshot, &verdict.held[i]);
        verdict.held[i] &= !failed(verdict.trouble[i]);
        verdict.holding += verdict.held[i];
        if (!verdict.held[i] && verdict.first < 0)
            verdict.first = i;
    }
    verdict.passed = step->check_count > 0 && verdict.first < 0;
    return verdict;
}
