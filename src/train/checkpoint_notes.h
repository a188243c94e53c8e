/* What a saved run needs besides its tensors: settings, scaler, position, the newest steps. Private to
 * this folder.
 */
#ifndef TRAIN_CHECKPOINT_NOTES_H
#define TRAIN_CHECKPOINT_NOTES_H

#include "train/checkpoint.h"
#include "train/tensor_file.h"

void notes_write(const Checkpoint *checkpoint, TensorFile *file);

/* Into a checkpoint that holds the present settings; weights_only where the file is none of ours.
 * Fails: STATUS_IO, STATUS_USAGE, STATUS_UNSUPPORTED. */
Status notes_read(const TensorFile *file, Checkpoint *made) MUST_CHECK;

#endif
