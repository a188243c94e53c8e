/* lesson ...: lessons that watch what is typed beside them. */
#include "repl/commands.h"

#include "lesson/course.h"
#include "lesson/sidecar.h"
#include "repl/args.h"
#include "repl/lesson_check.h"
#include "repl/repl.h"
#include "repl/state.h"
#include "repl/teacher.h"
#include "repl/teacher_files.h"

#include <stdio.h>
#include <string.h>

static const char *const polling[] = {"poll", NULL};
static const char *const checking[] = {"check", NULL};
static const char *const translating[] = {"check", "stamp", NULL};

#define VOTES .kind = ARG_COUNT, .key = true, .least = 0, .most = 100000, .with = polling

static Names names_behind(const char *word);

static const ArgSpec lesson_args[] = {
    {.name = "word",
     .kind = ARG_WORD,
     .optional = true,
     .names = NAMES_LESSONS,
     .shown = "NAME|FILE|WORD",
     .text = "a lesson, or one of the words below; without it: where you are"},
    {.name = "more",
     .kind = ARG_WORDS,
     .optional = true,
     .behind = names_behind,
     .shown = "...",
     .text = "what it is about"},
    {.name = "all",
     .kind = ARG_FLAG,
     .with = checking,
     .text = "check: every lesson of the course"},
    {.name = "a", VOTES, .text = "poll: votes for a"},
    {.name = "b", VOTES, .text = "for b"},
    {.name = "c", VOTES, .text = "for c"},
    {.name = "d", VOTES, .text = "for d"},
    {.name = "seeds",
     .kind = ARG_COUNT,
     .key = true,
     .least = 1,
     .most = 100,
     .with = checking,
     .text = "check: with so many seeds"},
    {.name = "lang",
     .kind = ARG_WORD,
     .key = true,
     .names = NAMES_LANGS,
     .with = translating,
     .shown = "zh",
     .text = "check: a language too"},
    {.kind = ARG_END},
};

static const char *const lesson_examples[] = {"lesson list", "lesson L1", "lesson L5; lesson next",
                                              NULL};

typedef enum Place { ANYWHERE, IN_LESSON, IN_STEP } Place;

typedef struct Verb {
    const char *word;
    const char *text; /* one line of help */
    const char *more; /* what must stand behind it, in a sentence; NULL: nothing need */
    Place place;      /* IN_LESSON: while one runs or its card is shown; IN_STEP: not with a card */
    Status (*run)(Repl *repl, const Args *args, const char *more);
} Verb;

static Status do_next(Repl *repl, const Args *args, const char *more)
{
    (void)args, (void)more;
    return teacher_next(repl);
}

static Status do_back(Repl *repl, const Args *args, const char *more)
{
    (void)args, (void)more;
    return teacher_back(repl);
}

static Status do_hint(Repl *repl, const Args *args, const char *more)
{
    (void)args, (void)more;
    return teacher_hint(repl);
}

static Status do_solution(Repl *repl, const Args *args, const char *more)
{
    (void)args, (void)more;
    return teacher_solution(repl);
}

static Status do_skip(Repl *repl, const Args *args, const char *more)
{
    (void)args, (void)more;
    return teacher_skip(repl);
}

static Status do_restart(Repl *repl, const Args *args, const char *more)
{
    (void)args, (void)more;
    return teacher_restart(repl);
}

static Status do_play(Repl *repl, const Args *args, const char *more)
{
    (void)args, (void)more;
    return teacher_play(repl);
}

static Status do_off(Repl *repl, const Args *args, const char *more)
{
    (void)args, (void)more;
    return teacher_leave(repl);
}

static Status do_answer(Repl *repl, const Args *args, const char *more)
{
    (void)args;
    return teacher_answer(repl, more);
}

static Status do_list(Repl *repl, const Args *args, const char *more)
{
    (void)args, (void)more;
    return teacher_list(repl);
}

/* What the room thinks, before it sees. */
static Status do_poll(Repl *repl, const Args *args, const char *more)
{
    static const char *const letters[] = {"a", "b", "c", "d", NULL};
    int64_t all = 0;
    Text line = {0};

    (void)more;
    for (int i = 0; letters[i] != NULL; i++)
        all += args_count(args, letters[i], 0);
    if (all == 0)
        return fail(STATUS_USAGE, "how many are for each answer? try: lesson poll a=12 b=7");
    for (int i = 0; letters[i] != NULL; i++)
        if (args_has(args, letters[i]))
            text_printf(&line, "%s%s: %lld (%.0f%%)", line.length > 0 ? "  " : "", letters[i],
                        (long long)args_count(args, letters[i], 0),
                        100.0 * (double)args_count(args, letters[i], 0) / (double)all);
    repl_print(repl, "%s\n", text_chars(&line));
    teacher_vote(repl, text_chars(&line));
    text_release(&line);
    return ok();
}

static Status do_present(Repl *repl, const Args *args, const char *more)
{
    (void)args;
    return teacher_present(repl, more);
}

static Status do_export(Repl *repl, const Args *args, const char *more)
{
    (void)args;
    return teacher_export(repl, more);
}

static Status do_report(Repl *repl, const Args *args, const char *more)
{
    (void)args;
    return teacher_report(repl, more);
}

static Status do_new(Repl *repl, const Args *args, const char *more)
{
    (void)args;
    return teacher_new(repl, more);
}

static Status do_stamp(Repl *repl, const Args *args, const char *more)
{
    return teacher_stamp(repl, more, args_has(args, "lang") ? args_text(args, "lang") : "zh");
}

static Status do_forget(Repl *repl, const Args *args, const char *more)
{
    Teacher *teacher = teacher_of(repl);
    Lesson *lesson = NULL;

    (void)args;
    TRY(teacher_read(repl, more, &lesson));
    ledger_forget(&teacher->ledger, lesson->id);
    teacher_record(repl);
    repl_note(repl, "lesson %s is as if never begun", lesson->id);
    lesson_free(lesson);
    return ok();
}

/* Where one is. */
static Status show_again(Repl *repl)
{
    if (!teacher_on(repl) || teacher_of(repl)->card < 0)
        return teacher_start(repl, NULL);
    teacher_card_move(repl, 0);
    return ok();
}

static Status do_lang(Repl *repl, const Args *args, const char *more)
{
    Teacher *teacher = teacher_of(repl);
    SidecarFacts facts = {0};
    Status status = ok();

    (void)args;
    if (!names_has(NAMES_LANGS, NULL, more))
        return fail(STATUS_USAGE, "lessons are in en and zh");
    text_copy(teacher->lang, LANG_TEXT, more);
    text_copy(teacher->ledger.lang, LANG_TEXT, more);
    teacher->ledger.spoken = true;
    teacher_record(repl);
    if (teacher->lesson != NULL) {
        status = sidecar_read(teacher->lesson, more, &facts);
        sidecar_facts_release(&facts);
    }
    if (failed(status) || teacher->lesson != NULL)
        return failed(status) ? status : show_again(repl);
    repl_note(repl, "lessons are in %s", more);
    return ok();
}

static Status do_check(Repl *repl, const Args *args, const char *more)
{
    CheckSpec spec = {
        .seeds = (int)args_count(args, "seeds", 1),
        .lang = args_text(args, "lang"),
        .names = args_has(args, "all") ? NULL : more,
    };

    if (spec.names == NULL && !args_has(args, "all"))
        return fail(STATUS_USAGE, "which lesson? name it, or all of them: lesson check --all");
    TRY(teacher_may_begin(repl));
    return lesson_check(repl, &spec);
}

static const Verb verbs[] = {
    {"next", "go on to the next step", NULL, IN_LESSON, do_next},
    {"back", "go back a step", NULL, IN_LESSON, do_back},
    {"hint", "help with this step", NULL, IN_STEP, do_hint},
    {"solution", "what passes, typed into the prompt", NULL, IN_STEP, do_solution},
    {"skip", "pass over this step", NULL, IN_STEP, do_skip},
    {"restart", "begin this step anew", NULL, IN_STEP, do_restart},
    {"play", "keep the step and try what you like; next comes back", NULL, IN_STEP, do_play},
    {"off", "leave the lesson", NULL, IN_LESSON, do_off},
    {"answer", "answer a question: answer a", "answer with a letter or a number, as in: answer a",
     IN_STEP, do_answer},
    {"list", "the lessons, and how far you are", NULL, ANYWHERE, do_list},
    {"present", "the card for a class", "name the lesson, as in: lesson present L5", ANYWHERE,
     do_present},
    {"poll", "keep the votes of the room: poll a=12 b=7", NULL, IN_LESSON, do_poll},
    {"forget", "a lesson, so that it begins anew", "name the lesson, as in: lesson forget L5",
     ANYWHERE, do_forget},
    {"lang", "en or zh", "say en or zh", ANYWHERE, do_lang},
    {"export", "what was read and typed, as Markdown, to a file",
     "name a file, as in: lesson export notes.md", IN_LESSON, do_export},
    {"report", "a table of all steps, as CSV, to a file", NULL, ANYWHERE, do_report},
    {"new", "write a lesson to begin with", "name the lesson, as in: lesson new my-lesson",
     ANYWHERE, do_new},
    {"check", "prove that lessons are right", NULL, ANYWHERE, do_check},
    {"stamp", "write the file of a translation anew",
     "name the lesson, as in: lesson stamp L5 lang=zh", ANYWHERE, do_stamp},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

bool lesson_word(int i, CatalogEntry *entry)
{
    if (i >= VERBS)
        return false;
    *entry = (CatalogEntry){verbs[i].word, verbs[i].text};
    return true;
}

static const Verb *find_verb(const char *word)
{
    for (int i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].word, word) == 0)
            return &verbs[i];
    return NULL;
}

static const struct {
    const char *word;
    Names names;
} behind[] = {
    {"present", NAMES_COURSE}, {"forget", NAMES_COURSE}, {"check", NAMES_COURSE},
    {"stamp", NAMES_COURSE},   {"lang", NAMES_LANGS},    {"export", NAMES_FILES},
    {"report", NAMES_FILES},
};

/* Behind the others, and behind a lesson's name, nothing that has a list. */
static Names names_behind(const char *word)
{
    for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++)
        if (strcmp(behind[i].word, word) == 0)
            return behind[i].names;
    return NAMES_NONE;
}

static Status run_verb(Repl *repl, const Verb *verb, Args *args)
{
    const char *more = args_text(args, "more");

    if (more != NULL)
        args_blame(args, "more");
    if (verb->place != ANYWHERE && !teacher_on(repl))
        return fail(STATUS_USAGE, "%s belongs into a lesson; begin one, as in: lesson L1",
                    verb->word);
    if (verb->place == IN_STEP && teacher_of(repl)->card >= 0)
        return fail(
            STATUS_USAGE,
            "%s belongs into a step, and a card is shown; next and back turn it, lesson off "
            "puts it away",
            verb->word);
    if (verb->more != NULL && more == NULL)
        return fail(STATUS_USAGE, "%s", verb->more);
    if (args_has(args, "lang") && !names_has(NAMES_LANGS, NULL, args_text(args, "lang"))) {
        args_blame(args, "lang");
        return fail(STATUS_USAGE, "lessons are in en and zh");
    }
    if (more != NULL && verb->more == NULL && names_behind(verb->word) == NAMES_NONE)
        return fail(STATUS_USAGE, "behind %s comes no further word", verb->word);
    return verb->run(repl, args, more);
}

/* `2 ^ 10` is one answer, of three words. */
static Status answer_words(Repl *repl, const Args *args)
{
    Text typed = {0};
    Status status;

    text_append(&typed, args_text(args, "word"));
    if (args_has(args, "more"))
        text_printf(&typed, " %s", args_text(args, "more"));
    status = teacher_answer(repl, text_chars(&typed));
    text_release(&typed);
    return status;
}

static Status lesson_run(Repl *repl, Args *args)
{
    const char *word = args_text(args, "word");
    Text folded = {0};
    const Verb *verb;

    if (repl->teacher != NULL && (repl->teacher->staging || repl->teacher->checking))
        return fail(STATUS_USAGE, "a lesson's own commands cannot steer a lesson");
    if (word == NULL)
        return show_again(repl);
    args_blame(args, "word");
    teacher_fold(word, &folded);
    verb = find_verb(text_chars(&folded));
    text_release(&folded);
    if (verb != NULL)
        return run_verb(repl, verb, args);
    if (teacher_takes(repl, word))
        return answer_words(repl, args);
    if (args_has(args, "more"))
        return fail(STATUS_USAGE, "behind a lesson's name comes nothing");
    return teacher_start(repl, word);
}

const Command lesson_command = {
    .name = "lesson",
    .summary = "learn by doing: lessons that watch what you make happen",
    .task = TASK_SESSION,
    .needs = ACTS_ON_ALL,
    .args = lesson_args,
    .examples = lesson_examples,
    .more =
        "While a lesson runs every command works as ever, and next, back, hint, solution, skip, "
        "restart and play stand for themselves, as answers do (a, 2^10). Each step begins in a "
        "fresh session without break conditions; `lesson off` brings your own runs and conditions "
        "back. solution types what passes into the prompt. play keeps the step, and next comes "
        "back to it. `lesson list` shows what there is, with how far you are; `lesson forget "
        "NAME` lets you begin again. `lesson lang zh` changes the language. For teachers: `lesson "
        "present NAME` is the card for a class; `lesson export FILE` writes what was read and "
        "typed as Markdown, `lesson report FILE` a table of all steps; `lesson new NAME` writes a "
        "lesson to begin with, `lesson stamp NAME` the file of its translation, and `lesson check "
        "NAME` or --all proves lessons right, also from the shell: halfstep lesson check --all.",
    .run = lesson_run,
};
