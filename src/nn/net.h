/* A network as the learner writes it: a list of layers, described but not yet computing.
 *
 * `net 784 256 128 10` means flatten where the input has a shape, then linear layers of these
 * widths with an activation between them; `net "flatten, linear 256, gelu, linear 10"` names each,
 * and `net lenet` is a list that has a name.
 *
 * A block, `residual (A, B | S)`, lies in the list flat: where it begins, A, B, its shortcut, S, its
 * end. What it gives is the sum of what A, B and what S make of that which came; without `|` what came
 * joins the sum as it is.
 */
#ifndef NN_NET_H
#define NN_NET_H

#include "base/status.h"

#include <stdint.h>

enum {
    NET_LAYERS = 128,
    NET_DEPTH = 4, /* blocks within each other */
    NET_NAME = 16,
    NET_WIDEST = 65536,
    LAYER_TEXT = 64,
    NET_TEXT = NET_LAYERS * LAYER_TEXT
};

/* What of a block stands here. */
typedef enum BlockPart { BLOCK_NONE, BLOCK_BEGIN, BLOCK_SHORTCUT, BLOCK_END } BlockPart;

typedef struct LayerSpec {
    char kind[NET_NAME]; /* a name of the layer table */
    BlockPart part;      /* of a residual; else BLOCK_NONE */
    int64_t width;       /* linear: outputs; conv: channels; pools: side of a window; else 0 */
    double rate;         /* dropout: share of zeros; else 0 */
    int64_t kernel, stride,
        pad; /* conv: side of a kernel, steps between places, zeros around; else 0 */
} LayerSpec;

typedef struct NetSpec {
    int64_t inputs; /* features that the short form names first; 0: whatever the data has */
    int count;
    LayerSpec layers[NET_LAYERS];
} NetSpec;

/* A network that has a name. */
typedef struct NetPreset {
    const char *name, *text, *net; /* text: one line of help; net: what it stands for, by relu */
} NetPreset;

extern const NetPreset net_presets[]; /* ends in a row of NULLs */

/* All forms. `act` is the activation between the widths of the short form ("relu").
 * Fails: STATUS_USAGE, naming the word; *spec is untouched then. */
Status net_parse(const char *text, const char *act, NetSpec *spec) MUST_CHECK;

/* Of the block that is open before layer `end`, and so of that which ends there or turns to its
 * shortcut: where it begins, and its `|`. -1: none is open; it has none. */
int net_begin(const NetSpec *spec, int end);
int net_shortcut(const NetSpec *spec, int end);

/* How many blocks are open there. */
int net_depth(const NetSpec *spec, int end);

/* "conv 32 k=3 pad=1", as in a list; of a block "residual (", "|" and ")". Returns `text`. */
const char *layer_print(const LayerSpec *spec, char *text, int room);

/* What would be typed after `net` to get this. Returns `text`. */
const char *net_print(const NetSpec *spec, char *text, int room);

#endif
