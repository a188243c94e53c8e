/* tanh: src/cpu/tanh.c has the contract, tanh.cuh the formula. */
#include "map.cuh"

Status cuda_tanh(Plan *plan, int instr)
{
    return chain_alone(plan, instr);
}

Status cuda_tanh_backward(Plan *plan, int instr)
{
    return chain_alone(plan, instr);
}
