/* A run in a file: safetensors with PyTorch's names and layouts, and what else it needs as notes. Weights and
 * state that are kept in fp16 or bf16 stand in it as such, as a half model's do in PyTorch's files.
 *
 * Thread rule: touches no backend; any thread that owns the checkpoint.
 */
#ifndef TRAIN_CHECKPOINT_FILE_H
#define TRAIN_CHECKPOINT_FILE_H

#include "train/checkpoint.h"

/* Fails: STATUS_IO; an old file of this name is untouched. */
Status checkpoint_write(const Checkpoint *checkpoint, const char *path) MUST_CHECK;

/* What the file says of its run, over `present` settings. Where it is none of ours it holds weights
 * alone, for the present network. Caller frees. Fails: STATUS_IO, STATUS_USAGE, STATUS_UNSUPPORTED. */
Status checkpoint_read(const char *path, const Settings *present,
                       Checkpoint **checkpoint) MUST_CHECK;

#endif
