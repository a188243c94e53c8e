/* The IDX format of MNIST and its relatives: grey images and their labels, a byte each.
 *
 * A file is: 0, 0, 8 (unsigned bytes), number of dimensions, each dimension as 32 bits big-endian,
 * then the bytes. Source: Y. LeCun, "The MNIST database of handwritten digits".
 */
#ifndef DATA_IDX_FILE_H
#define DATA_IDX_FILE_H

#include "base/file.h"
#include "data/data.h"

typedef struct IdxSet {
    int64_t count, height, width;
    int class_count;       /* the largest label, plus 1; at least 2 */
    const uint8_t *pixels; /* (count, height, width), inside image_bytes */
    const uint8_t *labels; /* (count), inside label_bytes */
    Bytes image_bytes, label_bytes;
} IdxSet;

/* True where the images or the labels of `part` ("train" or "t10k") are in the folder. */
bool idx_has(const char *folder, const char *part);

/* Reads PART-images-idx3-ubyte[.gz] and PART-labels-idx1-ubyte[.gz]; caller releases.
 * Fails: STATUS_IO (missing, damaged, too large, the two do not fit); *set is empty then. */
Status idx_read(const char *folder, const char *part, IdxSet *set) MUST_CHECK;
void idx_release(IdxSet *set);

/* Copies `count` examples from number `first` on to the data set's place `at`: pixels become
 * value / 255. */
void idx_copy(const IdxSet *set, int64_t first, int64_t count, Dataset *dataset, int64_t at);

#endif
