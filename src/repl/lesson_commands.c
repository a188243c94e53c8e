#include "repl/lesson_commands.h"

#include <string.h>

static void forget(LessonCommands *commands)
{
    if (commands->command != NULL)
        args_release(&commands->args);
    commands->command = NULL;
    text_clear(&commands->text);
}

/* NULL: there is none of this name. */
static const Command *read_verb(Lexer *lexer, Mark *mark)
{
    const Command *command = NULL;
    Word verb = {0};
    bool got = false;

    if (!failed(lexer_word(lexer, &verb, &got)) && got)
        command = command_find(verb.text);
    *mark = verb.mark;
    word_release(&verb);
    return command;
}

/* The first command of the rest of the line, which then is what stands behind it. */
static void read_command(LessonCommands *commands, Lexer *lexer)
{
    size_t start = lexer->at, length;
    Mark run = lexer_run(lexer), verb;
    Text rest = {0};

    commands->named = run.end > run.start;
    commands->command = read_verb(lexer, &verb);
    if (commands->command != NULL &&
        failed(args_read(commands->command, verb, lexer, &commands->args))) {
        args_release(&commands->args);
        commands->command = NULL;
    }
    length = commands->command == NULL ? strlen(lexer->line + start) : lexer->at - start;
    text_append(&rest, lexer->line + start + length);
    while (length > 0 && lexer->line[start + length - 1] == ' ')
        length--;
    text_append_bytes(&commands->text, lexer->line + start, length);
    text_release(&commands->rest);
    commands->rest = rest;
}

bool lesson_commands_next(LessonCommands *commands)
{
    Lexer lexer = {.line = text_chars(&commands->rest)};

    forget(commands);
    while (!lexer_command(&lexer)) {
        size_t length = strcspn(commands->at, "\n");

        if (*commands->at == '\0')
            return false;
        text_clear(&commands->rest);
        text_append_bytes(&commands->rest, commands->at, length);
        commands->at += length + (commands->at[length] == '\n');
        commands->line++;
        lexer = (Lexer){.line = text_chars(&commands->rest)};
    }
    read_command(commands, &lexer);
    return true;
}

void lesson_commands_release(LessonCommands *commands)
{
    forget(commands);
    text_release(&commands->text);
    text_release(&commands->rest);
}
