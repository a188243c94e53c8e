/* An experiment as a PyTorch script, and the numbers beside it. Private to this folder.
 *
 * The script's head is made from the settings; its body is the same for all.
 */
#ifndef TRAIN_EXPORT_PYTORCH_H
#define TRAIN_EXPORT_PYTORCH_H

#include "nn/emit.h"
#include "train/experiment.h"

extern const char export_pytorch_body[];

/* Appends the whole script. Fails: STATUS_UNSUPPORTED: PyTorch has no such part. */
Status export_pytorch_text(const Experiment *experiment, Text *text) MUST_CHECK;

/* The class of the network's modules, which lie side by side under the names they have here: nn.Sequential;
 * where there are blocks, one that goes through them, which is appended. */
const char *export_pytorch_class(const Net *net, Text *text);

/* Writes a safetensors file of all numbers the script needs: `inputs`, and `labels` or `targets`, of the
 * training examples, or the characters of a text as numbers; weights and optimizer state by their names. Fails: STATUS_IO, STATUS_DEVICE. */
Status export_numbers(const Experiment *experiment, const char *path) MUST_CHECK;

#endif
