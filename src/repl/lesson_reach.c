#include "repl/lesson_reach.h"

#include "base/file.h"
#include "repl/lesson_commands.h"

#include <string.h>

typedef enum Reach { REACH_WRITES, REACH_READS, REACH_LESSON } Reach;

static const char *const reach_texts[] = {
    [REACH_WRITES] = "writes a file outside of halfstep's own folder, where it may be a learner's",
    [REACH_READS] = "reads a file, which a learner need not have",
    [REACH_LESSON] = "steers the lesson itself",
};

typedef struct ReachRow {
    const char *command, *argument;
    Reach reach;
    const char *except; /* this word is no file; NULL: any is one */
    const char *within; /* only what holds this is one; NULL: any is */
} ReachRow;

static const ReachRow reaches[] = {
    {"save", "file", REACH_WRITES, NULL, NULL},
    {"export", "file", REACH_WRITES, "off", NULL},
    {"shot", "file", REACH_WRITES, NULL, NULL},
    {"load", "file", REACH_READS, NULL, NULL},
    {"source", "file", REACH_READS, NULL, NULL},
    {"inspect", "what", REACH_READS, NULL, ".safetensors"},
    {"data", "kind", REACH_READS, NULL, ":"},
    {"lesson", "word", REACH_LESSON, NULL, NULL},
};

/* Not up and out of it again. */
static bool is_ours(const char *path)
{
    Text folder = {0};
    bool inside;

    inside = !failed(file_state_path("", &folder)) && folder.length > 0 &&
             strncmp(path, text_chars(&folder), folder.length) == 0 && strstr(path, "..") == NULL;
    text_release(&folder);
    return inside;
}

Status reach_of_command(const Args *args)
{
    for (size_t i = 0; i < sizeof reaches / sizeof reaches[0]; i++) {
        const ReachRow *row = &reaches[i];
        const char *given;

        if (strcmp(row->command, args->command->name) != 0)
            continue;
        given = args_text(args, row->argument);
        if (row->reach == REACH_LESSON)
            return fail(STATUS_USAGE, "lesson %s; leave it out", reach_texts[row->reach]);
        if (given == NULL || (row->except != NULL && strcmp(given, row->except) == 0) ||
            (row->within != NULL && strstr(given, row->within) == NULL) || is_ours(given))
            continue;
        return fail(STATUS_USAGE, "%s %.60s %s; leave it out", row->command, given,
                    reach_texts[row->reach]);
    }
    return ok();
}

/* What a script may hand to command(...): each of its texts, as far as it is a line of commands. */
static Status reach_of_script(const char *script)
{
    Status status = ok();

    while (*script != '\0' && !failed(status)) {
        const char *open = script + strcspn(script, "'\""), *close;
        Text text = {0};
        int line;

        close = *open == '\0' ? NULL : strchr(open + 1, *open);
        if (close == NULL)
            return ok();
        text_append_bytes(&text, open + 1, (size_t)(close - open - 1));
        status = reach_of_text(text_chars(&text), &line);
        text_release(&text);
        script = close + 1;
    }
    return status;
}

Status reach_of_text(const char *text, int *line)
{
    LessonCommands commands = {.at = text};
    Status status = ok();

    while (!failed(status) && lesson_commands_next(&commands)) {
        const ArgSpec *spec = commands.command == NULL ? NULL : command_args(commands.command);

        if (spec != NULL)
            status = reach_of_command(&commands.args);
        if (spec != NULL && spec->kind == ARG_LINE && commands.args.values[0].given &&
            !failed(status))
            status = reach_of_script(commands.args.values[0].text);
    }
    *line = commands.line;
    lesson_commands_release(&commands);
    return status;
}
