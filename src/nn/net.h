/* A network as the learner writes it: a list of layers, described but not yet computing.
 *
 * `net 784 256 128 10` means flatten where the input has a shape, then linear layers of these
 * widths with an activation between them; `net "flatten, linear 256, gelu, linear 10"` names each.
 */
#ifndef NN_NET_H
#define NN_NET_H

#include "base/status.h"

#include <stdint.h>

enum { NET_LAYERS = 32, NET_NAME = 16, NET_WIDEST = 65536 };

typedef struct LayerSpec {
    char kind[NET_NAME]; /* a name of the layer table */
    int64_t width;       /* linear: outputs; else 0 */
} LayerSpec;

typedef struct NetSpec {
    int64_t inputs; /* features that the short form names first; 0: whatever the data has */
    int count;
    LayerSpec layers[NET_LAYERS];
} NetSpec;

/* Both forms. `act` is the activation between the widths of the short form ("relu").
 * Fails: STATUS_USAGE, naming the word; *spec is untouched then. */
Status net_parse(const char *text, const char *act, NetSpec *spec) MUST_CHECK;

/* What would be typed after `net` to get this. Returns `text`. */
const char *net_print(const NetSpec *spec, char *text, int room);

#endif
