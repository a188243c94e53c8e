/* The table of stories, and what several of them say. */
#include "repl/stories.h"

#include "repl/phrase.h"

#include <string.h>

#define STORY(name) &name##_story,
const Story *const story_table[] = {STORIES(STORY) NULL};
#undef STORY

const Story *story_find(const char *name)
{
    for (const Story *const *story = story_table; *story != NULL; story++)
        if (strcmp((*story)->name, name) == 0)
            return *story;
    return NULL;
}

int64_t story_clean_steps(const Snapshot *snapshot)
{
    return snapshot->step - snapshot->last_skip.step;
}

void story_injected(const SkipFacts *skip, Text *text)
{
    if (skip->injected[0] != '\0')
        text_printf(text, "`inject %s` went into this step. ", skip->injected);
}

void story_trail(const Trail *trail, Text *text)
{
    const FormatInfo *format = &format_table[trail->format];
    char count[NUMBER_TEXT], all[NUMBER_TEXT], most[NUMBER_TEXT];

    if (trail->tensor[0] == '\0')
        return;
    text_printf(text,
                "In %sthe last step it began %s `%s` %s, in the phase %s: %s of its %s values %s ",
                trail->earlier ? "an earlier micro-batch of " : "", trail->unseen ? "before" : "at",
                trail->op, trail->tensor, trail->phase, phrase_count(trail->nonfinite, count),
                phrase_count(trail->count, all), trail->nonfinite == 1 ? "is" : "are");
    text_printf(
        text, "inf or nan in %s, whose largest number is %s; the largest finite one%s %.4g. ",
        format->name, number_shortest(format->max, most),
        trail->earlier && !trail->unseen ? " before the store was" : " is", (double)trail->amax);
}
