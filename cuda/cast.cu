/* cast: src/cpu/cast.c has the contract. */
#include "map.cuh"

Status cuda_cast(Plan *plan, int instr)
{
    return chain_alone(plan, instr);
}
