/* Data sets: a pure description (DataSpec) becomes arrays in memory (Dataset).
 *
 * The kinds stand in one table (data_kinds); each is one file in src/data. A Dataset never changes
 * after loading, so any thread may read it.
 */
#ifndef DATA_DATA_H
#define DATA_DATA_H

#include "base/status.h"
#include "base/text.h"

#include <stdint.h>

enum { DATA_PATH = 512, DATA_NAME = 32, DATA_RANK = 3 };

typedef struct DataSpec {
    char kind[DATA_NAME]; /* "fashion", "fashion full", "spirals", "noise", "csv", "text" */
    char path[DATA_PATH]; /* csv, text: the file; idx: the folder; else "" */
    int64_t limit;        /* use at most this many training examples; 0: all */
    int64_t size;         /* images: average down to size x size; 0: as they are */
    int64_t features;     /* noise: numbers of an input; 0: as usual */
    int64_t classes;      /* noise: of the labels; 0: as usual */
    int64_t context;      /* text: characters of an example; 0: as usual */
    double gain;          /* inputs are multiplied by this; 1 */
    bool target_input;    /* the target is the input itself (autoencoder) */
    bool shuffle;         /* off: file order, wrapping round */
    uint64_t seed;        /* for the synthetic ones and for csv's held-out choice */
} DataSpec;

typedef struct Dataset {
    int64_t train_count, test_count; /* examples; training ones come first in the arrays */
    int rank;                        /* of one input: 1 (features) or 3 (channels, height, width) */
    int64_t shape[DATA_RANK];
    int64_t features;      /* product of shape */
    int64_t class_count;   /* 0: the targets are numbers */
    int64_t target_width;  /* numbers a target has; 0 where targets are classes */
    float *inputs;         /* (train_count + test_count, features) */
    int32_t *labels;       /* (train_count + test_count), 0 .. class_count-1; NULL: numbers */
    float *targets;        /* (train_count + test_count, target_width); NULL: classes. May be
                             `inputs` itself (target=input) */
    int64_t text_count;    /* above 0: a text of so many characters. `inputs` are their places in
                              `characters`; an example is `features` of them side by side, and what
                              it is to predict are the same one further on: no labels, no targets */
    int64_t held_out_from; /* text: held-out examples lie side by side from this character on */
    uint32_t *characters;  /* (class_count), those that occur, in order; NULL: no text */
} Dataset;

typedef struct DataKind {
    const char *name;    /* what the learner types: "fashion", "csv:PATH" is name "csv" */
    const char *usage;   /* "fashion [full]" */
    const char *summary; /* one line of help */
    bool takes_path;
    bool path_optional; /* there is a file of its own */
    bool takes_widths;  /* features= and classes= */
    bool takes_context; /* context= */
    Status (*load)(const DataSpec *spec, Dataset *dataset);
} DataKind;

extern const DataKind *const data_kinds[]; /* ends in NULL */

DataSpec data_spec_default(void); /* fashion, gain 1, shuffled */

/* Reads the first word(s) of `data ...`: "fashion", "fashion full", "csv:PATH", "text", ...
 * into spec->kind and spec->path; leaves the options alone.
 * Fails: STATUS_USAGE for an unknown kind (with the nearest), or a path missing. */
Status data_spec_parse(const char *text, DataSpec *spec) MUST_CHECK;

/* Loads, limits, shrinks, multiplies. Caller releases with data_free; *dataset is untouched on
 * failure. Fails: STATUS_IO (a file missing, damaged, truncated, empty, a label out of range; names
 * file and, for csv, the line), STATUS_USAGE (an option that does not fit the kind). */
Status data_load(const DataSpec *spec, Dataset **dataset) MUST_CHECK;
void data_free(Dataset *dataset);

/* Appends the characters of a text, in order, as UTF-8; nothing where it is none. */
void data_characters(const Dataset *dataset, Text *text);

/* The order in which epoch `epoch` (from 0) visits the training examples: `order` has train_count
 * places. File order where spec->shuffle is off. Of a text it tells the character that each begins with:
 * they lie side by side, from another character on in each epoch, or from the first without shuffling. */
void data_order(const DataSpec *spec, const Dataset *dataset, uint64_t seed, int64_t epoch,
                int32_t *order);

/* "fashion size=14 target=input": what would be typed after `data` to get this. The seed is the
 * experiment's and not part of it. */
void data_spec_print(const DataSpec *spec, char *text, int room);

#endif
