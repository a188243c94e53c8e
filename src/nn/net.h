/* A network as the learner writes it: a list of layers, described but not yet computing.
 *
 * `net 784 256 128 10` means flatten where the input has a shape, then linear layers of these
 * widths with an activation between them; `net "flatten, linear 256, gelu, linear 10"` names each,
 * and `net lenet` is a list that has a name.
 */
#ifndef NN_NET_H
#define NN_NET_H

#include "base/status.h"

#include <stdint.h>

enum {
    NET_LAYERS = 32,
    NET_NAME = 16,
    NET_WIDEST = 65536,
    LAYER_TEXT = 64,
    NET_TEXT = NET_LAYERS * LAYER_TEXT
};

typedef struct LayerSpec {
    char kind[NET_NAME]; /* a name of the layer table */
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

/* "conv 32 k=3 pad=1", as in a list. Returns `text`. */
const char *layer_print(const LayerSpec *spec, char *text, int room);

/* What would be typed after `net` to get this. Returns `text`. */
const char *net_print(const NetSpec *spec, char *text, int room);

#endif
