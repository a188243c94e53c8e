#include "repl/complete.h"

#include "base/memory.h"
#include "base/text.h"
#include "lesson/course.h"
#include "repl/args.h"
#include "repl/commands.h"
#include "repl/lexer.h"
#include "telemetry/metric.h"

#include <stdlib.h>
#include <string.h>

/* The part of the line that the cursor stands in. */
typedef struct Place {
    const Snapshot *known;
    const Command *command; /* NULL: the verb itself is being typed */
    const char *word;       /* the beginning of a word that is to be completed */
    size_t length;
    char before;       /* the character before it, or 0 */
    int positional;    /* whole words before it that are neither key nor flag */
    const char *first; /* of these, borrowed from the line; NULL: there is none */
    size_t first_length;
    bool given[ARGS_MOST]; /* rows whose flag or key stands on the line */
    char key[32];          /* of key=, where the cursor is behind one; else "" */
    bool raw, in_string;   /* within an expression; within quotes in it */
} Place;

static void offer(Candidates *candidates, const Place *place, const char *name, const char *ending)
{
    Text word = {0};

    if (strncmp(name, place->word, place->length) != 0)
        return;
    text_printf(&word, "%s%s", name, ending);
    candidates->words =
        grow(candidates->words, candidates->count, &candidates->room, sizeof(*candidates->words));
    candidates->words[candidates->count++] = word.chars;
    if (ending[0] != '\0')
        candidates->behind = '\0';
}

/* `NAME: ` before a command, where there is more than one run. */
static void offer_runs(Candidates *candidates, const Place *place)
{
    const Snapshot *known = place->known;

    if (known == NULL || known->run_count < 2 || place->before == ':')
        return;
    for (int i = 0; i < known->run_count; i++)
        offer(candidates, place, known->runs[i], ":");
    offer(candidates, place, "all", ":");
}

/* By name, and by label where one is begun. */
static void offer_course(Candidates *candidates, const Place *place)
{
    Course course = {0};

    candidates->files = true; /* where none of them fits */
    if (failed(course_read(&course)))
        course_release(&course);
    for (size_t i = 0; i < course.count; i++) {
        offer(candidates, place, course.lines[i].id, "");
        if (place->length > 0 && course.lines[i].label[0] != '\0')
            offer(candidates, place, course.lines[i].label, "");
    }
    course_release(&course);
}

static void offer_names(Candidates *candidates, const Place *place, Names names)
{
    CatalogEntry entry;

    candidates->files |= names == NAMES_FILES;
    if (names == NAMES_COURSE || names == NAMES_LESSONS)
        offer_course(candidates, place);
    for (int i = 0; names_get(names, place->known, i, &entry); i++)
        offer(candidates, place, entry.name, "");
}

static void offer_metrics(Candidates *candidates, const Place *place)
{
    for (const Metric *metric = metric_table; metric->name != NULL; metric++)
        offer(candidates, place, metric->name, metric->of_tensor == NULL ? "" : "(");
}

static Names names_of(const Place *place, const ArgSpec *spec)
{
    char first[32];

    if (spec->behind == NULL || place->first_length >= sizeof first)
        return spec->names;
    text_copy(first, place->first_length + 1, place->first);
    return spec->behind(first);
}

static void offer_values(Candidates *candidates, const Place *place, const ArgSpec *spec)
{
    if (spec->choices != NULL) {
        for (const char *const *choice = spec->choices; *choice != NULL; choice++)
            offer(candidates, place, *choice, "");
    }
    if (spec->kind != ARG_RAW_AFTER)
        offer_names(candidates, place, names_of(place, spec));
}

/* Whether the row goes with the words that stand there already. */
static bool fits(const Place *place, int row)
{
    const char *const *with = command_args(place->command)[row].with;

    if (place->given[row])
        return false;
    if (with == NULL || place->first == NULL)
        return true;
    for (; *with != NULL; with++)
        if (strlen(*with) == place->first_length &&
            strncmp(*with, place->first, place->first_length) == 0)
            return true;
    return false;
}

static void offer_options(Candidates *candidates, const Place *place)
{
    const ArgSpec *specs = command_args(place->command);

    for (int i = 0; specs[i].kind != ARG_END; i++) {
        char flag[32] = "--";

        if (!fits(place, i))
            continue;
        text_copy(flag + 2, sizeof(flag) - 2, specs[i].name);
        if (specs[i].key)
            offer(candidates, place, specs[i].name, "=");
        else if (specs[i].kind == ARG_FLAG)
            offer(candidates, place, flag, "");
        else if (specs[i].kind == ARG_RAW_AFTER)
            offer(candidates, place, specs[i].name, "");
    }
}

/* The row that the next word by place goes to; the last one goes on where it takes many. */
static const ArgSpec *positional_spec(const Place *place)
{
    const ArgSpec *specs = command_args(place->command);
    int at = 0;

    for (int i = 0; specs[i].kind != ARG_END; i++) {
        if (specs[i].key || specs[i].kind == ARG_FLAG || specs[i].kind == ARG_RAW_AFTER)
            continue;
        if (at++ == place->positional || specs[i].kind == ARG_WORDS)
            return &specs[i];
    }
    return NULL;
}

static void offer_arguments(Candidates *candidates, const Place *place)
{
    const ArgSpec *spec = positional_spec(place);
    int key = place->key[0] == '\0' ? -1 : args_find(place->command, place->key);

    if (place->key[0] != '\0') {
        if (key >= 0)
            offer_values(candidates, place, &command_args(place->command)[key]);
        return;
    }
    if (place->before == ':' && place->command == command_find("data")) {
        candidates->files = true;
        return;
    }
    if (spec != NULL)
        offer_values(candidates, place, spec);
    if (place->before != '"' && place->before != '\'')
        offer_options(candidates, place);
}

/* Whether raw text has begun: the verb takes it at once, or behind its word. */
static bool opens_raw(const Place *place, const char *word, size_t length)
{
    const ArgSpec *specs = command_args(place->command);

    for (int i = 0; specs[i].kind != ARG_END; i++) {
        if (specs[i].kind == ARG_RAW_AFTER && strlen(specs[i].name) == length &&
            strncmp(specs[i].name, word, length) == 0)
            return true;
    }
    return false;
}

static bool is_raw_verb(const Command *command)
{
    ArgKind kind = command_args(command)[0].kind;

    return kind == ARG_RAW || kind == ARG_LINE;
}

static const Command *verb_at(const char *word, size_t length)
{
    const Command *command = NULL;
    char verb[32];

    text_copy(verb, length + 1 < sizeof(verb) ? length + 1 : sizeof(verb), word);
    return failed(command_resolve(verb, true, &command)) ? NULL : command;
}

/* Behind the `NAME:` of a run, where there is one before the word. */
static const char *behind_run(const char *from, const char *word)
{
    Lexer lexer = {.line = from};
    Mark run = lexer_run(&lexer);

    return run.end > run.start && from + lexer.at <= word ? from + lexer.at : from;
}

/* A flag or a key that is given once is enough. */
static void note_option(Place *place, const char *word, size_t length)
{
    bool flag = strncmp(word, "--", 2) == 0;
    size_t start = flag ? 2 : 0, end = flag ? length : (size_t)strcspn(word, "=");
    char name[32];
    int row;

    text_copy(name, end - start + 1 < sizeof name ? end - start + 1 : sizeof name, word + start);
    row = args_find(place->command, name);
    if (row >= 0)
        place->given[row] = true;
}

static void note_word(Place *place, const char *word, size_t length)
{
    if (place->positional++ > 0)
        return;
    place->first = word;
    place->first_length = length;
}

/* Reads the words of the command up to `word`. False where the verb is no command. */
static bool read_words(const char *from, Place *place)
{
    while (from < place->word && !place->raw) {
        size_t skip = strspn(from, " \t"), length = strcspn(from + skip, " \t");

        from += skip;
        if (from + length >= place->word) /* the word that the cursor is in */
            break;
        if (place->command == NULL) {
            place->command = verb_at(from, length);
            if (place->command == NULL)
                return false;
            place->raw = is_raw_verb(place->command);
        } else if (opens_raw(place, from, length)) {
            place->raw = true;
        } else if (memchr(from, '=', length) == NULL && strncmp(from, "--", 2) != 0) {
            note_word(place, from, length);
        } else {
            note_option(place, from, length);
        }
        from += length;
    }
    return true;
}

/* Behind the last `;` that stands outside quotes. */
static const char *command_start(const char *line, size_t cursor, bool *in_string)
{
    const char *start = line;
    char quote = '\0';

    for (size_t i = 0; i < cursor; i++) {
        if (line[i] == quote)
            quote = '\0';
        else if (quote == '\0' && (line[i] == '"' || line[i] == '\''))
            quote = line[i];
        else if (quote == '\0' && line[i] == ';')
            start = line + i + 1;
    }
    *in_string = quote != '\0';
    return start;
}

static void read_key(const char *from, Place *place)
{
    const char *end = place->word - 1, *start = end;

    if (place->before != '=' || place->raw)
        return;
    while (start > from && start[-1] != ' ' && start[-1] != '\t')
        start--;
    text_copy(place->key,
              (size_t)(end - start) + 1 < sizeof(place->key) ? (size_t)(end - start) + 1
                                                             : sizeof(place->key),
              start);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void offer_all(Candidates *candidates, const Place *place)
{
    if (place->command == NULL) {
        offer_names(candidates, place, NAMES_COMMANDS);
        offer_runs(candidates, place);
    } else if (place->raw && place->in_string) {
        offer_names(candidates, place, NAMES_TENSORS);
    } else if (place->raw) {
        offer_metrics(candidates, place);
    } else {
        offer_arguments(candidates, place);
    }
}

void complete(const char *line, size_t cursor, const Snapshot *known, Candidates *candidates)
{
    Place place = {.known = known};
    const char *from = command_start(line, cursor, &place.in_string);
    size_t start = cursor;

    while (start > (size_t)(from - line) && strchr(COMPLETE_BREAKS, line[start - 1]) == NULL)
        start--;
    *candidates = (Candidates){.start = start, .behind = place.in_string ? '"' : ' '};
    place.word = line + start;
    place.length = cursor - start;
    if (start > 0)
        place.before = line[start - 1];
    if (!read_words(behind_run(from, place.word), &place))
        return;
    read_key(from, &place);
    offer_all(candidates, &place);
    if (candidates->count > 1)
        qsort(candidates->words, candidates->count, sizeof(*candidates->words), compare);
}

void candidates_release(Candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        free(candidates->words[i]);
    free(candidates->words);
    *candidates = (Candidates){0};
}
