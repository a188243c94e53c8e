/* Files of tensors in the safetensors format, as PyTorch's users exchange them: eight bytes with the
 * length of a JSON header, the header, the numbers.
 *
 * Source: https://github.com/huggingface/safetensors, "Format". What is read may come from anyone.
 */
#ifndef TRAIN_TENSOR_FILE_H
#define TRAIN_TENSOR_FILE_H

#include "base/file.h"
#include "numerics/format.h"
#include "program/program.h"

/* A name may also be that of a kept start. */
enum { FILE_TENSORS = 1024, FILE_NAME = VALUE_NAME + 16 };

typedef struct FileTensor {
    char name[FILE_NAME];
    Format format; /* fp32, fp16 or bf16; written ones are rounded to it already */
    int rank;
    int64_t shape[VALUE_RANK];
    int64_t count;      /* of numbers; at least 1 */
    size_t begin;       /* in the data; bytes */
    const void *values; /* to be written: floats, or int32; unused where it is read */
    bool integers;      /* to be written as such; none are read */
    bool counter; /* an int64, PyTorch's num_batches_tracked: found in files, and of no use here */
} FileTensor;

/* An entry of __metadata__. */
typedef struct FileNote {
    char *key, *value;
} FileNote;

typedef struct TensorFile {
    Bytes bytes;
    const uint8_t *data; /* within them */
    size_t data_count;
    FileTensor *tensors;
    size_t tensor_count, tensor_room;
    FileNote *notes;
    size_t note_count, note_room;
} TensorFile;

/* As large as any run's: so many bytes are read at most. */
enum { FILE_HEADER_ROOM = 1 << 21 };
#define FILE_LIMIT (((size_t)4 << 30) + FILE_HEADER_ROOM)

/* Reads and checks all of it: offsets cover the data without gaps or overlaps, sizes fit shapes, names
 * differ. Caller releases, also on failure. Fails: STATUS_IO, with what is wrong. */
Status tensor_file_read(const char *path, size_t limit, TensorFile *file) MUST_CHECK;
void tensor_file_release(TensorFile *file);

/* The value of a note, NULL where there is none of this name. */
const char *tensor_file_note(const TensorFile *file, const char *key);

/* The numbers of a tensor, widened to fp32. */
void tensor_file_values(const TensorFile *file, const FileTensor *tensor, float *values);

/* Appends; the file owns copies of both. */
void tensor_file_add_note(TensorFile *file, const char *key, const char *value);

/* Appends; the values stay the caller's. */
void tensor_file_add(TensorFile *file, const FileTensor *tensor);

/* Fails: STATUS_IO; the old file is untouched. */
Status tensor_file_write(const char *path, const TensorFile *file) MUST_CHECK;

#endif
