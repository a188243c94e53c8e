#include "repl/options.h"

#include "base/number.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_THREADS = 1024 };

/* Where the reader stands among the words. */
typedef struct Words {
    char **words;
    int count, at;
} Words;

static Status read_threads(const char *word, const char *where, int *threads)
{
    int64_t count;

    if (failed(count_parse(word, &count)) || count < 0 || count > MOST_THREADS)
        return fail(STATUS_USAGE,
                    "%s takes a number from 0 (one for each processor) to %d, not "
                    "'%.40s'",
                    where, MOST_THREADS, word);
    *threads = (int)count;
    return ok();
}

static Status read_backend(const char *word, const char **backend)
{
    if (strcmp(word, "auto") != 0 && strcmp(word, "cpu") != 0 && strcmp(word, "cuda") != 0)
        return fail(STATUS_USAGE, "--backend takes auto, cpu or cuda, not '%.40s'", word);
    *backend = word;
    return ok();
}

/* The value of --name VALUE or --name=VALUE; NULL in `*value` where this is another option. */
static Status option_value(Words *words, const char *name, const char **value)
{
    const char *word = words->words[words->at];
    size_t length = strlen(name);

    *value = NULL;
    if (!text_starts(word, name) || (word[length] != '\0' && word[length] != '='))
        return ok();
    if (word[length] == '=') {
        *value = word + length + 1;
        return ok();
    }
    if (words->at + 1 >= words->count)
        return fail(STATUS_USAGE, "%s lacks its value; `halfstep --help` shows how", name);
    *value = words->words[++words->at];
    return ok();
}

static Status read_valued(Words *words, Options *options, bool *taken)
{
    const char *value;

    *taken = true;
    TRY(option_value(words, "--threads", &value));
    if (value != NULL)
        return read_threads(value, "--threads", &options->threads);
    TRY(option_value(words, "--backend", &value));
    if (value != NULL)
        return read_backend(value, &options->backend);
    TRY(option_value(words, "-c", &value));
    if (value != NULL) {
        options->commands = value;
        return ok();
    }
    *taken = false;
    return ok();
}

static bool *find_switch(Options *options, const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return &options->help;
    if (strcmp(word, "--version") == 0)
        return &options->version;
    if (strcmp(word, "--transcript") == 0)
        return &options->transcript;
    return NULL;
}

static Status read_word(Words *words, Options *options)
{
    const char *word = words->words[words->at];
    bool taken, *flag = find_switch(options, word);

    if (flag != NULL) {
        *flag = true;
        return ok();
    }
    TRY(read_valued(words, options, &taken));
    if (taken)
        return ok();
    if (word[0] == '-' && word[1] != '\0')
        return fail(STATUS_USAGE, "there is no option '%.40s'; `halfstep --help` lists them", word);
    if (options->file != NULL)
        return fail(STATUS_USAGE, "one file of commands at a time; '%.40s' is the second", word);
    options->file = word;
    return ok();
}

Status options_read(int count, char **words, Options *options)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment */
    const char *threads = getenv("HALFSTEP_THREADS");
    Words reader = {words, count, 1};

    *options = (Options){.backend = "auto"};
    if (threads != NULL && *threads != '\0')
        TRY(read_threads(threads, "HALFSTEP_THREADS", &options->threads));
    for (; reader.at < count && words[reader.at] != NULL; reader.at++)
        TRY(read_word(&reader, options));
    if (options->commands != NULL && options->file != NULL)
        return fail(STATUS_USAGE, "either -c COMMANDS or a file, not both");
    return ok();
}

void options_print_help(void)
{
    printf("usage: halfstep [OPTIONS] [FILE | -c COMMANDS]\n"
           "A laboratory for mixed-precision training. Without FILE and -c it reads commands from\n"
           "the terminal (type help there), or from a standard input that is no terminal.\n"
           "  -c COMMANDS          run these (separated by ;) and end\n"
           "  FILE                 run the commands of this file and end\n"
           "  --backend auto|cpu|cuda   what computes (auto: cuda where it works)\n"
           "  --threads N          of the cpu backend; 0: one for each processor\n"
           "  --transcript         act as at a prompt, and echo it, without a terminal\n"
           "  --help, --version\n"
           "environment: HALFSTEP_THREADS as --threads; NO_COLOR turns colours off\n"
           "exit status: 0; 1 where a command failed; 2 for a wrong option; 130 after Ctrl-C\n");
}

void options_print_version(void)
{
    printf("halfstep 0.1.0\n");
}
