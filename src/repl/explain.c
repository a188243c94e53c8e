#include "repl/explain.h"

#include "repl/phrase.h"

static void tell_nothing(const Snapshot *snapshot, Text *text)
{
    char number[NUMBER_TEXT];

    if (snapshot->step == 0)
        text_append(text, "nothing was skipped: nothing has been trained yet; try train 20");
    else
        text_printf(text, "nothing was skipped in %s step%s, and no gradient is wholly lost",
                    phrase_count(snapshot->step, number), snapshot->step == 1 ? "" : "s");
}

/* What grew is no trouble: it is named, and told when asked for. */
static bool is_trouble(const Story *story)
{
    return story != &growth_story;
}

void explain(const Case *what, Text *text)
{
    for (const Story *const *story = story_table; *story != NULL; story++)
        if (is_trouble(*story) && (*story)->tell(what, text))
            return;
    tell_nothing(what->snapshot, text);
}

bool explain_further(const Case *what, Text *text)
{
    bool first = true, any = false;

    for (const Story *const *story = story_table; *story != NULL; story++) {
        Text told = {0};
        bool so = (*story)->tell(what, &told);

        text_release(&told);
        if (so && !(first && is_trouble(*story))) {
            text_printf(text, "%s%s", any ? ", " : "", (*story)->name);
            any = true;
        }
        first = first && !(so && is_trouble(*story));
    }
    return any;
}
