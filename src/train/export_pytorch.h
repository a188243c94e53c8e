/* An experiment as a PyTorch script, and the numbers beside it. Private to this folder.
 *
 * The script's head is made from the settings; its body is the same for all.
 */
#ifndef TRAIN_EXPORT_PYTORCH_H
#define TRAIN_EXPORT_PYTORCH_H

#include "train/experiment.h"

extern const char export_pytorch_body[];

/* Appends the whole script. Fails: STATUS_UNSUPPORTED: PyTorch has no such part. */
Status export_pytorch_text(const Experiment *experiment, Text *text) MUST_CHECK;

/* Writes a safetensors file of all numbers the script needs: `inputs`, and `labels` or `targets`, of the
 * training examples, or the characters of a text as numbers; weights and optimizer state by their names. Fails: STATUS_IO, STATUS_DEVICE. */
Status export_numbers(const Experiment *experiment, const char *path) MUST_CHECK;

#endif
