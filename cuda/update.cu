/* update: src/cpu/update.c has the contract; the scaler's rules are in update.cuh. */
#include "clip.cuh"
#include "update.cuh"

static __global__ void update_kernel(const __grid_constant__ StepEnd end)
{
    __shared__ double warps[THREADS / WARP];

    double rounds = end.rounds, sum = end.rounds > 1 ? end.state->loss_sum : 0.0;

    step_finish(end, *end.scalars, (float)((sum + (double)end.state->loss) / rounds), warps);
}

StepEnd step_end(const Plan *plan)
{
    const Program *program = &plan->program;
    StepEnd end = {};

    end.scalars = plan->store->scalars;
    end.state = plan->state;
    end.segments = plan->device_segments;
    end.squares = plan->squares;
    end.tiles = plan->tiles;
    end.segment_count = (int)plan->segments.size();
    end.ring = plan->ring_device;
    end.batch = end.loss_rows = (uint32_t)program->batch;
    end.rounds = program_rounds(program);
    end.clips = clip_of(plan).kind == CLIPS_NORM;
    end.tallies = plan->tallies;
    end.edges = plan->device_edges;
    end.instrs = plan->device_instrs;
    end.counted = plan->counted;
    end.mass_slots = plan->mass_slots;
    for (int i = 0; i < program->instr_count; i++) {
        const Instr *instr = &program->instrs[i];

        if (instr->phase != PHASE_STEP)
            continue;
        end.op = instr->op;
        end.decay = instr->constants[CONSTANT_DECAY];
        end.momentum = instr->constants[CONSTANT_MOMENTUM];
        end.beta1 = instr->constants[CONSTANT_BETA1];
        end.beta2 = instr->constants[CONSTANT_BETA2];
        end.eps = instr->constants[CONSTANT_EPS];
    }
    return end;
}

Status cuda_update(Plan *plan, int instr)
{
    (void)instr;
    update_kernel<<<1, THREADS, 0, plan->backend->stream>>>(step_end(plan));
    return cuda_launched(plan->backend, "the scale was updated");
}
