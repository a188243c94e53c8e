/* gelu: src/cpu/gelu.c has the contract, gelu.cuh the formula. */
#include "map.cuh"

Status cuda_gelu(Plan *plan, int instr)
{
    return chain_alone(plan, instr);
}

Status cuda_gelu_backward(Plan *plan, int instr)
{
    return chain_alone(plan, instr);
}
