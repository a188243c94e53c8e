/* relu: src/cpu/relu.c has the contract, relu.cuh the formula. */
#include "map.cuh"

Status cuda_relu(Plan *plan, int instr)
{
    return chain_alone(plan, instr);
}

Status cuda_relu_backward(Plan *plan, int instr)
{
    return chain_alone(plan, instr);
}
