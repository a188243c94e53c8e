/* Runs in files: what save and load promise, and what they refuse. */
#include "rig.h"

#include "base/file.h"
#include "numerics/bits.h"
#include "train/travel.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static int turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void open_folder(void)
{
    strcpy(folder, "/tmp/halfstep-files-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    open_small();
}

static void close_folder(void)
{
    static const char *const names[] = {"a", "b", "c", "crafted"};

    close_all();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i]));
    rmdir(folder);
}

TestSuite(files, .init = open_folder, .fini = close_folder);

static void save(const char *name)
{
    int64_t step;

    must(session_save(session, in_folder(name), &step));
    cr_expect_eq(step, look()->step);
}

static Status load(const char *name)
{
    Text what = {0};
    Status status = session_load(session, in_folder(name), &what);

    cr_expect_eq(what.length == 0, failed(status));
    text_release(&what);
    return status;
}

static void undo(void)
{
    Text what = {0};

    must(session_undo(session, &what));
    text_release(&what);
}

static void expect_same_files(const char *one, const char *other)
{
    Bytes a, b;

    must(file_read(in_folder(one), 1 << 24, &a));
    must(file_read(in_folder(other), 1 << 24, &b));
    cr_expect_eq(a.count, b.count);
    cr_expect(a.count == b.count && memcmp(a.data, b.data, a.count) == 0);
    bytes_release(&a);
    bytes_release(&b);
}

Test(files, a_loaded_run_goes_on_with_the_same_bits)
{
    Settings wanted = *session_settings(session);
    SkipFacts skip;

    wanted.scaler.start = 1048576.0f * 1048576.0f; /* overflows for a while */
    apply(&wanted);
    train(37);
    cr_expect_gt(look()->skipped, 0);
    skip = now.last_skip;
    save("a");
    train(25);
    save("b");
    must(load("a"));
    cr_expect_eq(look()->step, 37);
    cr_expect_eq(memcmp(&now.last_skip, &skip, sizeof skip), 0);
    train(25);
    save("c");
    expect_same_files("b", "c");
}

Test(files, what_was_injected_is_in_the_file)
{
    Settings wanted = *session_settings(session);
    Injection one = {.kind = INJECT_INF, .tensor = "fc2.out", .index = 3};
    int64_t step;

    must(session_inject(session, &one, &step));
    train(1);
    cr_expect_str_eq(look()->last_skip.injected, "inf fc2.out 3");
    save("a");
    must(load("a"));
    cr_expect_str_eq(look()->last_skip.injected, "inf fc2.out 3");
    cr_expect_eq(now.injected.step, 1);
    cr_expect_str_eq(now.injected.what, "inf fc2.out 3");
    save("b");
    expect_same_files("a", "b");
    train(1);
    cr_expect_eq(look()->injected.step, 0, "a finite loss clears it of blame");
    wanted.scaler.take_all = true;
    apply(&wanted);
    must(session_inject(session, &one, &step));
    train(1);
    save("a");
    must(load("a"));
    cr_expect_gt(look()->first_taken.step, 0);
    cr_expect_str_eq(now.first_taken.injected, "inf fc2.out 3");
}

Test(files, a_saved_file_carries_its_settings_into_another_session)
{
    Settings other = settings_default();

    train(10);
    save("a");
    other.seed = 9;
    apply(&other);
    cr_expect_str_neq(session_settings(session)->data.kind, "spirals");
    must(load("a"));
    cr_expect_str_eq(session_settings(session)->data.kind, "spirals");
    cr_expect_eq(session_settings(session)->seed, 1);
    save("b");
    expect_same_files("a", "b");
}

Test(files, undo_brings_back_the_run_that_a_load_replaced)
{
    train(10);
    save("a");
    train(10);
    save("b");
    must(load("a"));
    undo();
    cr_expect_eq(look()->step, 20);
    save("c");
    expect_same_files("b", "c");
}

/* fc1 (16, 2), fc2 (3, 16) of the rig's network, or 2 classes. */
typedef struct Crafted {
    Text header;
    uint8_t data[4096];
    size_t count;
} Crafted;

static void add(Crafted *file, const char *name, const char *shape, int count, Format format)
{
    static const char *const types[] = {
        [FORMAT_FP32] = "F32", [FORMAT_FP16] = "F16", [FORMAT_BF16] = "BF16"};
    size_t bytes = (size_t)count * (size_t)format_table[format].bits / 8;
    float values[64];

    for (int i = 0; i < count; i++)
        values[i] = (float)(i % 7) / 8.0f;
    bits_pack(format, values, file->data + file->count, count);
    text_printf(&file->header,
                "%s\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
                file->header.length == 0 ? "{" : ",", name, types[format], shape, file->count,
                file->count + bytes);
    file->count += bytes;
}

static void put(const char *header, uint64_t length, const void *data, size_t count)
{
    uint8_t head[8];
    Draft draft;

    for (int i = 0; i < 8; i++)
        head[i] = (uint8_t)(length >> (8 * i));
    must(draft_begin(in_folder("crafted"), &draft));
    must(draft_add(&draft, head, 8));
    must(draft_add(&draft, header, strlen(header)));
    must(draft_add(&draft, data, count));
    must(draft_end(&draft));
}

static void put_weights(Format format)
{
    int classes = (int)session_settings(session)->net.layers[3].width;
    char shape[16];
    Crafted file = {.count = 0};

    snprintf(shape, sizeof shape, "[%d,16]", classes);
    add(&file, "fc2.weight", shape, 16 * classes, format);
    snprintf(shape, sizeof shape, "[%d]", classes);
    add(&file, "fc2.bias", shape, classes, format);
    add(&file, "fc1.weight", "[16,2]", 32, format);
    add(&file, "fc1.bias", "[16]", 16, format);
    text_append(&file.header, "}  ");
    put(text_chars(&file.header), file.header.length, file.data, file.count);
    text_release(&file.header);
}

Test(files, weights_of_somebody_else_start_a_run_of_their_own)
{
    train(10);
    put_weights(FORMAT_FP32);
    must(load("crafted"));
    cr_expect_eq(look()->step, 0);
    cr_expect_eq(moved("fc1.weight"), 0.0);
    save("a");
    train(5);
    cr_expect_gt(moved("fc1.weight"), 0.5);
    must(session_reset(session));
    cr_expect_eq(moved("fc1.weight"), 0.0);
    save("b");
    expect_same_files("a", "b");
    train(5);
    save("a");
    train(5);
    save("b");
    must(load("a"));
    train(5);
    cr_expect_gt(moved("fc1.weight"), 0.5);
    save("c");
    expect_same_files("b", "c");
}

Test(files, half_precision_weights_are_widened)
{
    put_weights(FORMAT_FP32);
    must(load("crafted"));
    save("a");
    put_weights(FORMAT_FP16);
    must(load("crafted"));
    save("b");
    put_weights(FORMAT_BF16);
    must(load("crafted"));
    save("c");
    expect_same_files("a", "b"); /* small eighths are the same in all three */
    expect_same_files("a", "c");
}

static void expect_refused(const char *words)
{
    Status status = load("crafted");

    cr_expect(failed(status));
    cr_expect_not_null(strstr(status.text, words), "'%s' and not '%s'", status.text, words);
}

/* Two numbers as one tensor, fitting, but for the header. */
#define ONE(entry) "{\"a\":" entry "}"
#define FIELDS(type, shape, offsets) \
    "{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

Test(files, damaged_ones_are_refused_with_the_reason_and_nothing_changes)
{
    static const char *const bad[][2] = {
        {"", "not that of a safetensors"},
        {"not json", "not that of a safetensors"},
        {"{", "not that of a safetensors"},
        {"{}", "8 bytes at its end belong to no tensor"},
        {ONE("{}"), "not that of a safetensors"},
        {ONE("5"), "not that of a safetensors"},
        {ONE(FIELDS("F32", "[2]", "[0,8]")) " x", "not that of a safetensors"},
        {ONE(FIELDS("F64", "[1]", "[0,8]")), "a is of type F64"},
        {"{\"bn1.num_batches_tracked\":" FIELDS("I64", "[1]", "[0,8]") "}", "lacks fc1.weight"},
        {ONE(FIELDS("F32", "[2]", "[0,9]")), "ends within a"},
        {ONE(FIELDS("F32", "[2]", "[8,0]")), "does not fit its shape"},
        {ONE(FIELDS("F32", "[3]", "[0,8]")), "does not fit its shape"},
        {ONE(FIELDS("F16", "[2]", "[0,8]")), "does not fit its shape"},
        {ONE(FIELDS("F32", "[1]", "[4,8]")), "behind a gap"},
        {ONE(FIELDS("F32", "[1]", "[0,4]")), "4 bytes at its end"},
        {ONE(FIELDS("F32", "[2,0]", "[0,0]")), "a shape that no tensor here can have"},
        {ONE(FIELDS("F32", "[1,1,1,1,2]", "[0,8]")), "a shape that no tensor here can have"},
        {ONE(FIELDS("F32", "[1099511627776,1099511627776]", "[0,8]")), "a shape that no tensor"},
        {ONE(FIELDS("F32", "[99999999999999999999]", "[0,8]")), "not that of a safetensors"},
        {ONE(FIELDS("F32", "[-2]", "[0,8]")), "not that of a safetensors"},
        {ONE(FIELDS("F32", "[02]", "[0,8]")), "not that of a safetensors"},
        {ONE(FIELDS("F32", "[2.0]", "[0,8]")), "not that of a safetensors"},
        {ONE(FIELDS("F32", "[2],\"shape\":[2]", "[0,8]")), "not that of a safetensors"},
        {"{\"a\":" FIELDS("F32", "[2]", "[0,8]") ",\"b\":" FIELDS("F32", "[1]", "[4,8]") "}",
         "over another tensor"},
        {"{\"a\":" FIELDS("F32", "[1]", "[0,4]") ",\"a\":" FIELDS("F32", "[1]", "[4,8]") "}",
         "holds a twice"},
        {"{\"\\u0000\":" FIELDS("F32", "[2]", "[0,8]") "}", "not that of a safetensors"},
        {"{\"a\\u001b[2J\":" FIELDS("F32", "[2]", "[0,8]") "}", "a name that no tensor"},
        {"{\"__metadata__\":{\"a\":5},"
         "\"a\":" FIELDS("F32", "[2]", "[0,8]") "}",
         "not that of a safetensors"},
        {"{\"__metadata__\":{\"halfstep\":\"2\"},"
         "\"a\":" FIELDS("F32", "[2]", "[0,8]") "}",
         "another halfstep"},
        {"{\"__metadata__\":{\"halfstep\":\"1\"},"
         "\"a\":" FIELDS("F32", "[2]", "[0,8]") "}",
         "'settings' is missing"},
        {ONE(FIELDS("F32", "[2]", "[0,8]")), "lacks fc1.weight"},
    };

    train(3);
    save("a");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(bad[i][0], strlen(bad[i][0]), "\0\0\0\0\0\0\0\0", 8);
        expect_refused(bad[i][1]);
    }
    put("{}", 3, "", 0);
    expect_refused("ends within its header");
    put("{}", UINT64_MAX, "", 0);
    expect_refused("no safetensors file");
    must(file_write(in_folder("crafted"), "short", 5));
    expect_refused("too short");
    cr_expect(failed(load("nowhere")) && failed(load("."))); /* a directory */
    save("b");
    expect_same_files("a", "b");
}

Test(files, of_another_shape_are_refused_with_both)
{
    Settings wanted = *session_settings(session);
    Status status;

    put_weights(FORMAT_FP32);
    must(net_parse("2 12 3", "tanh", &wanted.net));
    wanted.net.layers[3].width = session_settings(session)->net.layers[3].width;
    apply(&wanted);
    status = load("crafted");
    cr_expect_not_null(strstr(status.text, "fc1.weight is 16 x 2 in the file and 12 x 2"), "%s",
                       status.text);
}

Test(files, tampered_notes_are_refused)
{
    static const char *const swaps[][2] = {
        {"\"step\":\"3\"", "\"step\":\"x\""},
        {"\"step\":\"3\"", "\"step\":\"1\""},
        {"\"taken\":\"3\"", "\"taken\":\"9\""},
        {"\"position\":\"", "\"position\":\"-"},
        {"\"scale\":\"", "\"scale\":\"-"},
        {"\"tracker\":\"3\"", "\"tracker\":\"9e9\""},
        {"\"recent\":\"", "\"recent\":\"1/2/3/4 "},
        {"\"recent\":\"", "\"recent\":\"1/2/0 "},
        {"\"recent\":\"", "\"recent\":\" "},
        {"\"skipped\":\"0\"", "\"skipped\":\"4\""},
        {"batch 20", "batch -1"},
        {"seed 1\\n", "seed 1\\nquit\\n"},
    };
    Bytes bytes;

    train(3);
    save("a");
    must(file_read(in_folder("a"), 1 << 24, &bytes));
    for (size_t i = 0; i < sizeof swaps / sizeof *swaps; i++) {
        size_t length = bytes.data[0] + 256u * bytes.data[1];
        char *header = calloc(1, length + 1);
        const char *at;
        Text changed = {0};

        memcpy(header, bytes.data + 8, length);
        at = strstr(header, swaps[i][0]);
        cr_assert_not_null(at, "%s in %s", swaps[i][0], header);
        text_append_bytes(&changed, header, (size_t)(at - header));
        text_append(&changed, swaps[i][1]);
        text_append(&changed, at + strlen(swaps[i][0]));
        put(text_chars(&changed), changed.length, bytes.data + 8 + length,
            bytes.count - 8 - length);
        cr_expect(failed(load("crafted")), "%s", swaps[i][1]);
        text_release(&changed);
        free(header);
    }
    bytes_release(&bytes);
    save("b");
    expect_same_files("a", "b");
}

Test(files, a_run_is_saved_while_it_trains)
{
    Goal endless = {0};
    int64_t step;

    must(session_start(session, &endless));
    must(session_save(session, in_folder("a"), &step));
    cr_expect(session_training(session));
    session_pause(session);
    must(load("a"));
    cr_expect_eq(look()->step, step);
}
