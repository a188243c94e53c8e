#include "sample.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char sample[] = "# a comment\n"
                      "@lesson  tiny\n"
                      "@version 3\n"
                      "@lang    en\n"
                      "@minutes 5\n"
                      "@needs   other\n"
                      "@title   A small lesson\n"
                      "@goal    Know\n"
                      "  more\n"
                      "@source  own  measured here\n"
                      "\n"
                      "@step why read\n"
                      "@text\n"
                      "One. [own]\n"
                      "# not shown\n"
                      "@@two\n"
                      "\n"
                      "@step guess predict\n"
                      "@ask\n"
                      "Which?\n"
                      "@choice  a  this\n"
                      "@choice* b  that\n"
                      "@why\n"
                      "So it is.\n"
                      "\n"
                      "@step act do\n"
                      "@setup\n"
                      "batch 32\n"
                      "@task\n"
                      "Do it.\n"
                      "@budget 2s\n"
                      "@check\n"
                      "learnt  loss < 1%   -- train on\n"
                      "long    step >= 10  -- longer\n"
                      "@hint\n"
                      "Think.\n"
                      "@solution\n"
                      "train 20\n"
                      "train 1\n"
                      "@also\n"
                      "train 30\n"
                      "@wrong learnt long\n"
                      "train 1\n"
                      "@debrief\n"
                      "Loss {loss:%.2f}.\n"
                      "\n"
                      "@step number quiz\n"
                      "@ask\n"
                      "How many?\n"
                      "@answer 2^19\n"
                      "@verify isfinite(fp16(2^19 * 0.0625))\n"
                      "@demo 5min\n"
                      "@say Look.\n"
                      "train 5\n";

Lesson *sample_read(void)
{
    Lesson *lesson = NULL;
    Status status = lesson_parse("tiny.lesson", sample, strlen(sample), &lesson);

    cr_assert(!failed(status), "%s", status.text);
    return lesson;
}

Status sample_spoiled(const char *what, const char *with, Lesson **lesson)
{
    const char *at = strstr(sample, what);
    Text text = {0};
    Status status;

    cr_assert_not_null(at, "%s", what);
    text_append_bytes(&text, sample, (size_t)(at - sample));
    text_append(&text, with);
    text_append(&text, at + strlen(what));
    status = lesson_parse("tiny.lesson", text_chars(&text), text.length, lesson);
    text_release(&text);
    return status;
}

static char folder[64];

void folder_begin(void)
{
    text_copy(folder, sizeof folder, "/tmp/halfstep-lesson-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

void folder_end(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

const char *in_folder(const char *name)
{
    static char paths[4][160];
    static int at;

    at = (at + 1) % 4;
    snprintf(paths[at], sizeof paths[at], "%s/%s", folder, name);
    return paths[at];
}

void put(const char *path, const char *text)
{
    Status status = file_write(path, text, strlen(text));

    cr_assert(!failed(status), "%s", status.text);
}
