/* A story of fp8: what a cast's scale made too large for the format, and was clamped. */
#include "repl/stories.h"

#include "repl/phrase.h"

#include <string.h>

static double share(const TensorFacts *tensor)
{
    return tensor->counts.count == 0
               ? 0.0
               : (double)tensor->counts.classes[CAST_OVERFLOW] / (double)tensor->counts.count;
}

/* The tensor of whose values the largest share was clamped in the last step. */
static const TensorFacts *most_clamped(const Snapshot *snapshot)
{
    const TensorFacts *most = NULL;

    for (int i = 0; i < snapshot->tensor_count; i++) {
        const TensorFacts *tensor = &snapshot->tensors[i];

        if (tensor->fp8_scale > 0.0F && tensor->probed && share(tensor) > 0.0 &&
            (most == NULL || share(tensor) > share(most)))
            most = tensor;
    }
    return most;
}

/* L13: a spike of 10 behind a calm history. */
static bool tell_clamped(const Case *what, Text *text)
{
    const TensorFacts *tensor = most_clamped(what->snapshot);
    char some[NUMBER_TEXT], all[NUMBER_TEXT];
    double largest;

    if (tensor == NULL)
        return false;
    largest = format_table[tensor->format].max / (double)tensor->fp8_scale;
    text_printf(text,
                "%s of the %s values of %s were clamped to %.4g: times its scale of %.4g, %s holds "
                "no more, and the largest was %.4g. ",
                phrase_count(tensor->counts.classes[CAST_OVERFLOW], some),
                phrase_count(tensor->counts.count, all), tensor->name, largest,
                (double)tensor->fp8_scale, format_name(tensor->format), (double)tensor->fp8_amax);
    if (strstr(what->snapshot->fp8, "delayed") != NULL)
        text_append(text,
                    "delayed scaling goes by the steps before, and learns of it for the next. "
                    "Try `fp8 scaling current`, or a margin.");
    else
        text_append(text, "Try `fp8 scaling current`.");
    return true;
}

const Story clamped_story = {
    .name = "clamped",
    .text = "values that an fp8 cast had to clamp",
    .otherwise = "no fp8 cast that is counted had to clamp a value in the last step",
    .tell = tell_clamped,
};
