#include "train/tensor_file.h"

#include "base/memory.h"
#include "numerics/bits.h"
#include "train/json.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, HEADER_MOST = 1 << 20 };

static const char *const types[FORMAT_COUNT] = {
    [FORMAT_FP32] = "F32", [FORMAT_FP16] = "F16", [FORMAT_BF16] = "BF16"};

void tensor_file_release(TensorFile *file)
{
    for (size_t i = 0; i < file->note_count; i++) {
        free(file->notes[i].key);
        free(file->notes[i].value);
    }
    free(file->notes);
    free(file->tensors);
    bytes_release(&file->bytes);
    *file = (TensorFile){0};
}

const char *tensor_file_note(const TensorFile *file, const char *key)
{
    for (size_t i = 0; i < file->note_count; i++)
        if (strcmp(file->notes[i].key, key) == 0)
            return file->notes[i].value;
    return NULL;
}

void tensor_file_add_note(TensorFile *file, const char *key, const char *value)
{
    file->notes = grow(file->notes, file->note_count, &file->note_room, sizeof *file->notes);
    file->notes[file->note_count++] = (FileNote){xstrdup(key), xstrdup(value)};
}

void tensor_file_add(TensorFile *file, const FileTensor *tensor)
{
    file->tensors =
        grow(file->tensors, file->tensor_count, &file->tensor_room, sizeof *file->tensors);
    file->tensors[file->tensor_count++] = *tensor;
}

static size_t bytes_of(const FileTensor *tensor)
{
    return (size_t)tensor->count *
           (tensor->counter ? 8 : (size_t)format_table[tensor->format].bits / 8);
}

/* In the file they may lie at any address. */
void tensor_file_values(const TensorFile *file, const FileTensor *tensor, float *values)
{
    void *aligned = xaligned(bytes_of(tensor), 1);

    memcpy(aligned, file->data + tensor->begin, bytes_of(tensor));
    bits_unpack(tensor->format, aligned, values, tensor->count);
    free(aligned);
}

static Status malformed(void)
{
    return fail(STATUS_IO, "its header is not that of a safetensors file");
}

static Status read_notes(Json *json, TensorFile *file)
{
    Text key = {0}, value = {0};
    Status status = ok();

    if (!json_take(json, '{'))
        return malformed();
    if (json_take(json, '}'))
        return ok();
    do {
        if (!json_string(json, &key) || !json_take(json, ':') || !json_string(json, &value))
            status = malformed();
        else if (tensor_file_note(file, text_chars(&key)) != NULL)
            status = fail(STATUS_IO, "its __metadata__ has an entry twice");
        else
            tensor_file_add_note(file, text_chars(&key), text_chars(&value));
    } while (!failed(status) && json_take(json, ','));
    text_release(&key);
    text_release(&value);
    return failed(status) || json_take(json, '}') ? status : malformed();
}

static Status read_type(Json *json, FileTensor *tensor)
{
    Text text = {0};
    Status status = malformed();

    if (json_string(json, &text))
        status = fail(STATUS_IO, "%.40s is of type %.20s; F32, F16 and BF16 are read", tensor->name,
                      text_chars(&text));
    tensor->counter = strcmp(text_chars(&text), "I64") == 0 &&
                      strstr(tensor->name, ".num_batches_tracked") != NULL;
    status = tensor->counter ? ok() : status;
    for (int i = 0; i < FORMAT_COUNT; i++)
        if (types[i] != NULL && strcmp(text_chars(&text), types[i]) == 0) {
            tensor->format = (Format)i;
            status = ok();
        }
    text_release(&text);
    return status;
}

static Status read_shape(Json *json, FileTensor *tensor)
{
    const int64_t most = (int64_t)1 << 40;
    int64_t size;

    tensor->count = 1;
    if (!json_take(json, '['))
        return malformed();
    if (json_take(json, ']'))
        return ok();
    do {
        if (!json_count(json, &size))
            return malformed();
        if (tensor->rank == VALUE_RANK || size == 0 || size > most / tensor->count)
            return fail(STATUS_IO, "%.40s has a shape that no tensor here can have", tensor->name);
        tensor->shape[tensor->rank++] = size;
        tensor->count *= size;
    } while (json_take(json, ','));
    return json_take(json, ']') ? ok() : malformed();
}

static Status read_offsets(Json *json, size_t *begin, size_t *end)
{
    int64_t first, last;

    if (!json_take(json, '[') || !json_count(json, &first) || !json_take(json, ',') ||
        !json_count(json, &last) || !json_take(json, ']'))
        return malformed();
    *begin = (size_t)first;
    *end = (size_t)last;
    return ok();
}

/* The place of the next key among the names; 3 where it is none of them, or no key. */
static unsigned read_key(Json *json)
{
    static const char *const names[] = {"dtype", "shape", "data_offsets"};
    unsigned which = 0;
    Text key = {0};

    if (!json_string(json, &key) || !json_take(json, ':'))
        which = 3;
    while (which < 3 && strcmp(text_chars(&key), names[which]) != 0)
        which++;
    text_release(&key);
    return which;
}

static Status read_field(Json *json, unsigned which, FileTensor *tensor, size_t *end)
{
    if (which == 0)
        return read_type(json, tensor);
    if (which == 1)
        return read_shape(json, tensor);
    return read_offsets(json, &tensor->begin, end);
}

/* "dtype", "shape" and "data_offsets", each once and in any order. */
static Status read_fields(Json *json, FileTensor *tensor, size_t *end)
{
    unsigned seen = 0;

    if (!json_take(json, '{'))
        return malformed();
    do {
        unsigned which = read_key(json);

        if (which == 3 || (seen & 1u << which) != 0)
            return malformed();
        TRY(read_field(json, which, tensor, end));
        seen |= 1u << which;
    } while (json_take(json, ','));
    return json_take(json, '}') && seen == 7 ? ok() : malformed();
}

static bool is_plain(const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return *name != '\0';
}

static Status check_name(const TensorFile *file, const char *name)
{
    if (strlen(name) >= FILE_NAME || !is_plain(name))
        return fail(STATUS_IO, "it holds a tensor with a name that no tensor here can have");
    for (size_t i = 0; i < file->tensor_count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return fail(STATUS_IO, "it holds %.40s twice", name);
    if (file->tensor_count == FILE_TENSORS)
        return fail(STATUS_IO, "it holds more than %d tensors, the most that are read",
                    FILE_TENSORS);
    return ok();
}

static Status read_tensor(Json *json, const char *name, TensorFile *file)
{
    FileTensor tensor = {.rank = 0};
    size_t end = 0;

    TRY(check_name(file, name));
    text_copy(tensor.name, sizeof tensor.name, name);
    TRY(read_fields(json, &tensor, &end));
    if (end > file->data_count)
        return fail(STATUS_IO, "it ends within %.40s: it is cut short, or damaged", name);
    if (end < tensor.begin || end - tensor.begin != bytes_of(&tensor))
        return fail(STATUS_IO, "the size of %.40s does not fit its shape", name);
    tensor_file_add(file, &tensor);
    return ok();
}

static Status read_entry(Json *json, const char *name, TensorFile *file, bool *noted)
{
    if (strcmp(name, "__metadata__") != 0)
        return read_tensor(json, name, file);
    if (*noted)
        return fail(STATUS_IO, "it holds __metadata__ twice");
    *noted = true;
    return read_notes(json, file);
}

static Status read_entries(Json *json, TensorFile *file)
{
    Text name = {0};
    Status status;
    bool noted = false;

    if (!json_take(json, '{'))
        return malformed();
    if (json_take(json, '}'))
        return json_done(json) ? ok() : malformed();
    do {
        status = malformed();
        if (json_string(json, &name) && json_take(json, ':'))
            status = read_entry(json, text_chars(&name), file, &noted);
    } while (!failed(status) && json_take(json, ','));
    text_release(&name);
    return failed(status) || (json_take(json, '}') && json_done(json)) ? status : malformed();
}

static int by_begin(const void *a, const void *b)
{
    const FileTensor *one = a, *other = b;

    return (one->begin > other->begin) - (one->begin < other->begin);
}

/* Sorted by where they lie, each begins where the one before it ends. */
static Status check_layout(TensorFile *file)
{
    size_t at = 0;

    if (file->tensor_count > 0)
        qsort(file->tensors, file->tensor_count, sizeof *file->tensors, by_begin);
    for (size_t i = 0; i < file->tensor_count; i++) {
        const FileTensor *tensor = &file->tensors[i];

        if (tensor->begin != at)
            return fail(STATUS_IO, "%.40s lies %s", tensor->name,
                        tensor->begin < at ? "over another tensor" : "behind a gap");
        at += bytes_of(tensor);
    }
    if (at != file->data_count)
        return fail(STATUS_IO, "%zu bytes at its end belong to no tensor", file->data_count - at);
    return ok();
}

static Status read_all(TensorFile *file)
{
    const Bytes *bytes = &file->bytes;
    uint64_t length = 0;
    Json json;

    if (bytes->count < LENGTH_BYTES)
        return fail(STATUS_IO, "it is too short for a safetensors file");
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | bytes->data[i];
    if (length > HEADER_MOST)
        return fail(STATUS_IO, "it is no safetensors file, or one with a header over %d bytes",
                    HEADER_MOST);
    if (length > bytes->count - LENGTH_BYTES)
        return fail(STATUS_IO, "it ends within its header: it is cut short, or damaged");
    json.at = (const char *)bytes->data + LENGTH_BYTES;
    json.end = json.at + length;
    file->data = bytes->data + LENGTH_BYTES + length;
    file->data_count = bytes->count - LENGTH_BYTES - (size_t)length;
    TRY(read_entries(&json, file));
    return check_layout(file);
}

Status tensor_file_read(const char *path, size_t limit, TensorFile *file)
{
    Status status;

    *file = (TensorFile){0};
    TRY(file_read(path, limit, &file->bytes));
    status = read_all(file);
    return failed(status) ? fail(STATUS_IO, "%.80s: %s", path, status.text) : ok();
}

static void print_notes(const TensorFile *file, Text *text)
{
    text_append(text, "{\"__metadata__\":{");
    for (size_t i = 0; i < file->note_count; i++) {
        text_append(text, i == 0 ? "" : ",");
        json_quote(file->notes[i].key, text);
        text_append(text, ":");
        json_quote(file->notes[i].value, text);
    }
    text_append(text, "}");
}

static size_t written_bytes(const FileTensor *tensor)
{
    return (size_t)tensor->count *
           (tensor->integers ? sizeof(int32_t) : (size_t)format_table[tensor->format].bits / 8);
}

static void print_tensor(const FileTensor *tensor, size_t begin, Text *text)
{
    text_append(text, ",");
    json_quote(tensor->name, text);
    text_append(text, ":{\"dtype\":\"");
    text_append(text, tensor->integers ? "I32" : types[tensor->format]);
    text_append(text, "\",\"shape\":[");
    for (int i = 0; i < tensor->rank; i++)
        text_printf(text, "%s%lld", i == 0 ? "" : ",", (long long)tensor->shape[i]);
    text_printf(text, "],\"data_offsets\":[%zu,%zu]}", begin, begin + written_bytes(tensor));
}

static void print_header(const TensorFile *file, Text *header)
{
    size_t at = 0;

    print_notes(file, header);
    for (size_t i = 0; i < file->tensor_count; i++) {
        print_tensor(&file->tensors[i], at, header);
        at += written_bytes(&file->tensors[i]);
    }
    text_append(header, "}");
    while (header->length % LENGTH_BYTES != 0)
        text_append(header, " ");
}

static Status write_tensor(const FileTensor *tensor, Draft *draft)
{
    uint8_t *stored;
    Status status;

    if (tensor->integers || tensor->format == FORMAT_FP32)
        return draft_add(draft, tensor->values, written_bytes(tensor));
    stored = xaligned(written_bytes(tensor), 1);
    bits_pack(tensor->format, tensor->values, stored, tensor->count);
    status = draft_add(draft, stored, written_bytes(tensor));
    free(stored);
    return status;
}

static Status write_all(const TensorFile *file, const Text *header, Draft *draft)
{
    uint8_t length[LENGTH_BYTES];

    for (int i = 0; i < LENGTH_BYTES; i++)
        length[i] = (uint8_t)((uint64_t)header->length >> (8 * i));
    TRY(draft_add(draft, length, sizeof length));
    TRY(draft_add(draft, text_chars(header), header->length));
    for (size_t i = 0; i < file->tensor_count; i++)
        TRY(write_tensor(&file->tensors[i], draft));
    return ok();
}

Status tensor_file_write(const char *path, const TensorFile *file)
{
    Text header = {0};
    Draft draft;
    Status status;

    TRY(draft_begin(path, &draft));
    print_header(file, &header);
    status = write_all(file, &header, &draft);
    text_release(&header);
    if (!failed(status))
        return draft_end(&draft);
    draft_abandon(&draft);
    return status;
}
