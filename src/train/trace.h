/* A trace: a row for every step, in a file that is whole when the trace ends.
 *
 * FILE.csv is RFC 4180 with one row a step; beside it, FILE.tensors.csv has one row a step and
 * counted tensor, as long as probes are on. So the tensors may change while a trace is under way:
 *
 *     run,step,loss,scale,tracker,found_inf,skipped,lr,grad_norm,scale_next
 *     run,step,tensor,format,count,nan,inf,zero,overflow,underflow,subnormal,normal,amax,lost_mass
 *
 * FILE.jsonl has one object a step with the members of the first row, and the second's in an array
 * `tensors`. `run` counts from 1 and moves on where another run becomes the present one, whose steps
 * have numbers of their own; runs that step together have one each, in their order, and keep it when
 * another of them is dropped. scale is the one the step used, tracker and scale_next are as it left
 * them. Numbers are the shortest that read back exactly, loss, both scales and amax as fp32, lr,
 * grad_norm and lost_mass as doubles. inf, -inf and nan stand by name in CSV and as strings in
 * JSON, which has no numbers for them; found_inf and skipped are 0 and 1, in JSON false and true.
 *
 * Memory is bounded: what was written is not held. Thread rule: one thread at a time.
 */
#ifndef TRAIN_TRACE_H
#define TRAIN_TRACE_H

#include "train/experiment.h"

typedef struct Trace Trace;

/* Caller ends. Fails: STATUS_USAGE: neither .csv nor .jsonl; STATUS_IO. */
Status trace_begin(const char *path, Trace **trace) MUST_CHECK;

/* Writes the last step of `experiment`, whose facts are up to date. `lane`: its place among the runs
 * that step together, from 0. Fails: STATUS_IO; it is to be ended then. */
Status trace_step(Trace *trace, int lane, const Experiment *experiment) MUST_CHECK;

/* The run in `lane` is gone: those behind it move up. */
void trace_close_lane(Trace *trace, int lane);

const char *trace_path(const Trace *trace);

/* Steps so far. */
int64_t trace_steps(const Trace *trace);

/* The file, and the second one, take their places; frees. `*steps`: how many they hold. Fails:
 * STATUS_IO: the last rows could not be written, and the file has those before them; or it has no
 * step at all, and an old file of that name is untouched. */
Status trace_end(Trace *trace, int64_t *steps) MUST_CHECK;

#endif
