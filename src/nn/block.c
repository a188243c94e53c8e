/* Where blocks begin, turn to their shortcuts and end, in the flat list. */
#include "nn/net.h"

int net_begin(const NetSpec *spec, int end)
{
    int depth = 0, i = end - 1;

    for (; i >= 0; i--) {
        depth += spec->layers[i].part == BLOCK_END;
        if (spec->layers[i].part == BLOCK_BEGIN && depth-- == 0)
            break;
    }
    return i;
}

int net_shortcut(const NetSpec *spec, int end)
{
    int begin = net_begin(spec, end);

    for (int i = end - 1; i > begin; i--)
        if (spec->layers[i].part == BLOCK_SHORTCUT && net_begin(spec, i) == begin)
            return i;
    return -1;
}

int net_depth(const NetSpec *spec, int end)
{
    int depth = 0;

    for (int i = net_begin(spec, end); i >= 0; i = net_begin(spec, i))
        depth++;
    return depth;
}
