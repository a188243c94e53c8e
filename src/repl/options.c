#include "repl/options.h"

#include "base/number.h"
#include "base/text.h"
#include "train/session.h"

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
                    "%s takes a number from 0 (one for each processor) to %d, not '%.40s'", where,
                    MOST_THREADS, word);
    *threads = (int)count;
    return ok();
}

static Status take_threads(const char *value, Options *options)
{
    return read_threads(value, "--threads", &options->threads);
}

static Status take_backend(const char *value, Options *options)
{
    TRY(session_check_backend(value));
    options->backend = value;
    return ok();
}

static Status take_commands(const char *value, Options *options)
{
    if (options->commands != NULL)
        return fail(STATUS_USAGE, "one -c at a time; put several commands into it, with ; between");
    options->commands = value;
    return ok();
}

/* Options with a value: --name VALUE or --name=VALUE. */
typedef struct Valued {
    const char *name;
    Status (*take)(const char *value, Options *options);
} Valued;

static const Valued valued[] = {
    {"--threads", take_threads},
    {"--backend", take_backend},
    {"-c", take_commands},
};

static const Valued *find_valued(const char *word)
{
    size_t length = strcspn(word, "=");

    for (size_t i = 0; i < sizeof(valued) / sizeof(valued[0]); i++) {
        if (strlen(valued[i].name) == length && strncmp(word, valued[i].name, length) == 0)
            return &valued[i];
    }
    return NULL;
}

static Status read_valued(const Valued *option, Words *words, Options *options)
{
    const char *equals = strchr(words->words[words->at], '=');

    if (equals != NULL)
        return option->take(equals + 1, options);
    if (words->at + 1 >= words->count)
        return fail(STATUS_USAGE, "%s lacks its value; `halfstep --help` shows how", option->name);
    return option->take(words->words[++words->at], options);
}

static bool *find_switch(Options *options, const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return &options->help;
    if (strcmp(word, "--version") == 0)
        return &options->version;
    if (strcmp(word, "--watch") == 0)
        return &options->watch;
    if (strcmp(word, "--transcript") == 0)
        return &options->transcript;
    return NULL;
}

/* As the prompt has it: --seeds 5 is seeds=5. */
static void add_lesson_word(Words *words, Text *line)
{
    const char *word = words->words[words->at];
    bool key = strcmp(word, "--seeds") == 0 || strcmp(word, "--lang") == 0;

    text_append(line, line->length > 0 ? " " : "");
    if (key && words->at + 1 < words->count)
        text_printf(line, "%s=%s", word + 2, words->words[++words->at]);
    else if (strncmp(word, "--", 2) == 0)
        text_append(line, word);
    else
        text_append_word(line, word);
}

/* `halfstep lesson ...` runs this one command. */
static Status read_lesson(Words *words, Options *options)
{
    Text line = {0};
    Status status = ok();

    for (; words->at < words->count; words->at++)
        add_lesson_word(words, &line);
    if (line.length >= LESSON_WORDS)
        status =
            fail(STATUS_USAGE, "these are too many words; `halfstep lesson check --all` checks "
                               "all lessons");
    text_copy(options->lesson, sizeof options->lesson, text_chars(&line));
    options->commands = options->lesson;
    text_release(&line);
    return status;
}

static Status read_word(Words *words, Options *options)
{
    const char *word = words->words[words->at];
    const Valued *option = find_valued(word);
    bool *flag = find_switch(options, word);

    if (strcmp(word, "lesson") == 0 && options->file == NULL && options->commands == NULL)
        return read_lesson(words, options);
    if (flag != NULL) {
        *flag = true;
        return ok();
    }
    if (option != NULL)
        return read_valued(option, words, options);
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
    for (; reader.at < count; reader.at++)
        TRY(read_word(&reader, options));
    if (options->commands != NULL && options->file != NULL)
        return fail(STATUS_USAGE, "either -c COMMANDS or a file, not both");
    if (options->watch &&
        (options->commands != NULL || options->file != NULL || options->transcript))
        return fail(STATUS_USAGE, "--watch is for the prompt: not with -c, a file or --transcript; "
                                  "`source FILE` runs a file there");
    return ok();
}

void options_print_help(void)
{
    printf("usage: halfstep [OPTIONS] [FILE | -c COMMANDS]\n"
           "A laboratory for mixed-precision training. Without FILE and -c it reads commands from\n"
           "the terminal (type help there), or from a standard input that is no terminal.\n"
           "  -c COMMANDS          run these (separated by ;) and end\n"
           "  FILE                 run the commands of this file and end\n"
           "  lesson check ...     prove lessons right: --all, or names; --seeds N, --lang zh\n"
           "  --backend auto|cpu|cuda|cuda:N   what computes (auto: cuda where it works)\n"
           "  --threads N          of the cpu backend; 0: one for each processor\n"
           "  --watch              begin with the live view\n"
           "  --transcript         act as at a prompt, and echo it, without a terminal\n"
           "  --help, --version\n"
           "environment: HALFSTEP_THREADS as --threads; NO_COLOR turns colours off\n"
           "exit status: 0; 1 where a command failed; 2 for a wrong option; 130 after Ctrl-C\n");
}

void options_print_version(void)
{
    printf("halfstep 0.1.0\n");
}
