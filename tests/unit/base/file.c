#include "base/file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];

static void make_folder(void)
{
    text_copy(folder, sizeof folder, "/tmp/halfstep-file-XXXXXX");
    cr_assert_neq(mkdtemp(folder), NULL);
}

static void remove_folder(void)
{
    char command[192];

    snprintf(command, sizeof command, "chmod -R u+w %s; rm -r %s", folder, folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(file, .init = make_folder, .fini = remove_folder);

static const char *in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const void *data, size_t count)
{
    FILE *file = fopen(in_folder(name), "wb");

    cr_assert_neq(file, NULL);
    cr_assert_eq(fwrite(data, 1, count, file), count);
    fclose(file);
}

static void put_gz(const char *name, const void *data, unsigned count)
{
    gzFile file = gzopen(in_folder(name), "wb");

    cr_assert_eq(gzwrite(file, data, count), (int)count);
    cr_assert_eq(gzclose(file), Z_OK);
}

static void cannot_read(const char *name, size_t limit, const char *reason)
{
    Bytes bytes;
    Status status = file_read(in_folder(name), limit, &bytes);

    cr_assert_eq(status.code, STATUS_IO, "%s was read", name);
    cr_assert_neq(strstr(status.text, reason), NULL, "%s", status.text);
    cr_assert_eq(bytes.data, NULL);
    cr_assert_eq(bytes.count, 0);
}

static void fill(uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(i * i + i / 251);
}

Test(file, plain_and_gzip_files_read_the_same)
{
    static uint8_t data[200000];
    Bytes bytes;

    fill(data, sizeof data);
    put("plain", data, sizeof data);
    put_gz("packed.gz", data, sizeof data);
    cr_assert_not(failed(file_read(in_folder("plain"), sizeof data, &bytes)));
    cr_assert_eq(bytes.count, sizeof data);
    cr_assert_eq(memcmp(bytes.data, data, sizeof data), 0);
    bytes_release(&bytes);
    cr_assert_not(failed(file_read(in_folder("packed.gz"), sizeof data, &bytes)));
    cr_assert_eq(bytes.count, sizeof data);
    cr_assert_eq(memcmp(bytes.data, data, sizeof data), 0);
    bytes_release(&bytes);
    cr_assert_eq(bytes.data, NULL);
}

Test(file, an_empty_file_has_no_bytes)
{
    Bytes bytes;

    put("empty", "", 0);
    cr_assert_not(failed(file_read(in_folder("empty"), 10, &bytes)));
    cr_assert_eq(bytes.count, 0);
    bytes_release(&bytes);
}

Test(file, a_truncated_gzip_is_refused_wherever_it_is_cut)
{
    static uint8_t data[100000], packed[110000];
    size_t length;
    FILE *file;

    fill(data, sizeof data);
    put_gz("whole.gz", data, sizeof data);
    file = fopen(in_folder("whole.gz"), "rb");
    length = fread(packed, 1, sizeof packed, file);
    fclose(file);
    cr_assert_gt(length, 1000);
    for (size_t cut = 11; cut < length; cut += length / 40) {
        put("cut.gz", packed, cut);
        cannot_read("cut.gz", sizeof data, "ends too early");
    }
    put("cut.gz", packed, length - 1);
    cannot_read("cut.gz", sizeof data, "ends too early");
    packed[length / 2] ^= 0x55;
    put("bad.gz", packed, length);
    cannot_read("bad.gz", sizeof data, "damaged");
}

Test(file, a_folder_and_a_missing_file_are_told_apart)
{
    cr_assert_eq(mkdir(in_folder("below"), 0755), 0);
    cannot_read("below", 10, "is a directory");
    cannot_read("missing", 10, "No such file");
    cr_assert_eq(mkfifo(in_folder("pipe"), 0644), 0);
    cannot_read("pipe", 10, "a device or pipe");
}

Test(file, the_limit_counts_unpacked_bytes)
{
    static uint8_t zeros[1 << 20];
    Bytes bytes;

    put_gz("bomb.gz", zeros, sizeof zeros);
    cannot_read("bomb.gz", sizeof zeros - 1, "larger than 1048575 bytes");
    cr_assert_not(failed(file_read(in_folder("bomb.gz"), sizeof zeros, &bytes)));
    cr_assert_eq(bytes.count, sizeof zeros);
    bytes_release(&bytes);
}

static void holds(const char *name, const char *expected)
{
    Bytes bytes;

    cr_assert_not(failed(file_read(in_folder(name), 1000, &bytes)));
    cr_assert_eq(bytes.count, strlen(expected));
    cr_assert_eq(memcmp(bytes.data, expected, bytes.count), 0);
    bytes_release(&bytes);
}

static int files_in_folder(void)
{
    DIR *listing = opendir(folder);
    int count = 0;

    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        count += entry->d_name[0] != '.';
    closedir(listing);
    return count;
}

Test(file, writing_replaces_the_whole_file_and_leaves_nothing_beside_it)
{
    cr_assert_not(failed(file_write(in_folder("note"), "a longer old text", 17)));
    holds("note", "a longer old text");
    cr_assert_not(failed(file_write(in_folder("note"), "new", 3)));
    holds("note", "new");
    cr_assert_eq(files_in_folder(), 1);
}

/* A limit on the size of files lets write() fail in the middle, for root too. */
Test(file, a_failed_write_keeps_the_old_file)
{
    static char large[100000];
    struct rlimit limit;
    Status status;

    put("note", "old", 3);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 4096;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    status = file_write(in_folder("note"), large, sizeof large);
    limit.rlim_cur = limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(status.code, STATUS_IO);
    cr_assert_neq(strstr(status.text, "cannot write"), NULL);
    holds("note", "old");
    cr_assert_eq(files_in_folder(), 1, "the temporary was left behind");
}

Test(file, a_draft_is_no_file_before_it_ends_and_can_be_cut_or_abandoned)
{
    Draft draft, other;

    put("note", "old", 3);
    cr_assert_not(failed(draft_begin(in_folder("note"), &draft)));
    cr_assert_not(failed(draft_add(&draft, "one two", 7)));
    draft_cut(&draft, 4);
    cr_assert_not(failed(draft_add(&draft, "three", 5)));
    holds("note", "old");
    cr_assert_not(failed(draft_end(&draft)));
    holds("note", "one three");
    cr_assert_not(failed(draft_begin(in_folder("note"), &other)));
    draft_abandon(&other);
    draft_abandon(&other);
    holds("note", "one three");
    cr_assert_eq(files_in_folder(), 1);
}

static bool is_link(const char *name)
{
    struct stat info;

    return lstat(in_folder(name), &info) == 0 && S_ISLNK(info.st_mode);
}

static void make_link(const char *to, const char *name)
{
    cr_assert_eq(symlink(to, in_folder(name)), 0);
}

static void write_there(const char *name, const char *text)
{
    Status status = file_write(in_folder(name), text, strlen(text));

    cr_expect(!failed(status), "%s", status.text);
}

Test(file, a_link_stays_one_and_what_it_leads_to_is_written)
{
    char whole[128];

    text_copy(whole, sizeof whole, in_folder("sub/far"));
    cr_assert_eq(mkdir(in_folder("sub"), 0755), 0);
    put("old", "before", 6);
    make_link("old", "link");
    make_link("link", "second");
    make_link("../none", "sub/up");
    make_link(whole, "out");
    write_there("second", "new");
    holds("old", "new");
    write_there("sub/up", "dangling");
    holds("none", "dangling");
    write_there("out", "away");
    holds("sub/far", "away");
    cr_expect(is_link("link") && is_link("second") && is_link("sub/up") && is_link("out"));
}

Test(file, links_that_lead_nowhere_are_refused)
{
    make_link("b", "a");
    make_link("a", "b");
    cr_expect(failed(file_write(in_folder("a"), "x", 1)));
    cr_expect(is_link("a") && is_link("b"));
}

Test(file, a_device_or_a_pipe_does_not_become_a_file)
{
    struct stat info;
    Status status;

    cr_assert_eq(mkfifo(in_folder("pipe"), 0600), 0);
    make_link("pipe", "link");
    status = file_write(in_folder("pipe"), "x", 1);
    cr_expect(failed(status) && strstr(status.text, "is a device or pipe, not a file") != NULL);
    status = file_write(in_folder("link"), "x", 1);
    cr_expect(failed(status) && strstr(status.text, "is a device or pipe, not a file") != NULL);
    cr_expect(stat(in_folder("pipe"), &info) == 0 && S_ISFIFO(info.st_mode));
    cr_expect(is_link("link"));
}

/* Quicker than the clock of a file system ticks. */
Test(file, a_stamp_tells_one_writing_from_the_next)
{
    const char *path = in_folder("stamped.txt");
    int64_t before = 0;

    cr_expect_eq(file_stamp(path), 0);
    for (int i = 0; i < 50; i++) {
        int64_t now;

        cr_assert(!failed(file_write(path, i % 2 == 0 ? "a" : "b", 1)));
        now = file_stamp(path);
        cr_expect_neq(now, before, "writing %d", i);
        cr_expect_eq(file_stamp(path), now);
        before = now;
    }
}

Test(file, a_folder_cannot_be_overwritten)
{
    cr_assert_eq(mkdir(in_folder("below"), 0755), 0);
    cr_assert_eq(file_write(in_folder("below"), "x", 1).code, STATUS_IO);
    cr_assert_eq(file_write(in_folder("nowhere/file"), "x", 1).code, STATUS_IO);
    cr_assert_eq(files_in_folder(), 1);
}

Test(file, the_state_folder_is_made_where_the_environment_says)
{
    char expected[160];
    Text path = {0};

    setenv("XDG_STATE_HOME", folder, 1);
    cr_assert_not(failed(file_state_path("a/b", &path)));
    snprintf(expected, sizeof expected, "%s/halfstep/a/b", folder);
    cr_assert_str_eq(path.chars, expected);
    cr_assert(file_exists(in_folder("halfstep/a")));

    unsetenv("XDG_STATE_HOME");
    setenv("HOME", folder, 1);
    cr_assert_not(failed(file_state_path("history", &path)));
    snprintf(expected, sizeof expected, "%s/.local/state/halfstep/history", folder);
    cr_assert_str_eq(path.chars, expected);

    unsetenv("HOME");
    cr_assert_eq(file_state_path("history", &path).code, STATUS_IO);
    text_release(&path);
}
