#include "repl/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { MOST = 8 };

/* Words as main gets them, ended by NULL. */
static Status take(const char *const *words, Options *options)
{
    char *copy[MOST + 2] = {(char *)"halfstep"};
    int count = 1;

    for (; words[count - 1] != NULL; count++)
        copy[count] = (char *)words[count - 1];
    return options_read(count, copy, options);
}

#define TAKE(options, ...) take((const char *const[]){__VA_ARGS__, NULL}, options)

Test(options, each_has_its_effect)
{
    Options options;

    cr_assert(!failed(TAKE(&options, "--backend", "cpu", "--threads=3", "-c", "print 1")));
    cr_assert_str_eq(options.backend, "cpu");
    cr_assert_eq(options.threads, 3);
    cr_assert_str_eq(options.commands, "print 1");
    cr_assert(!failed(TAKE(&options, "file.halfstep", "--version", "--help")));
    cr_assert_str_eq(options.file, "file.halfstep");
    cr_assert(options.version && options.help);
    cr_assert_str_eq(options.backend, "auto");
}

Test(options, the_environment_gives_the_threads)
{
    Options options;

    setenv("HALFSTEP_THREADS", "5", 1);
    cr_assert(!failed(TAKE(&options, "x")));
    cr_assert_eq(options.threads, 5);
    cr_assert(!failed(TAKE(&options, "--threads", "2")));
    cr_assert_eq(options.threads, 2);
    setenv("HALFSTEP_THREADS", "many", 1);
    cr_assert(failed(TAKE(&options, "x")));
}

Test(options, the_view_is_for_the_prompt)
{
    Options options;

    cr_assert(!failed(TAKE(&options, "--watch", "--threads=1")));
    cr_assert(options.watch);
    cr_assert(failed(TAKE(&options, "--watch", "-c", "train")));
    cr_assert(failed(TAKE(&options, "file.halfstep", "--watch")));
    cr_assert(failed(TAKE(&options, "--watch", "--transcript")));
}

Test(options, wrong_ones_are_refused)
{
    Options options;

    cr_assert(failed(TAKE(&options, "--colour")));
    cr_assert(failed(TAKE(&options, "--threads")));
    cr_assert(failed(TAKE(&options, "--threads", "-1")));
    cr_assert(failed(TAKE(&options, "--backend=gpu")));
    cr_assert(failed(TAKE(&options, "a", "b")));
    cr_assert(failed(TAKE(&options, "-c", "print 1", "b")));
    cr_assert(failed(TAKE(&options, "-c")));
}
