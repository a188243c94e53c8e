/* What lesson check leaves behind: nothing. */
#include "room.h"

#include "base/file.h"
#include "repl/state.h"
#include "repl/teacher.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void begin(void)
{
    char here[512], state[560];

    rooms_begin();
    cr_assert_not_null(getcwd(here, sizeof here));
    snprintf(state, sizeof state, "%s/state", here);
    setenv("XDG_STATE_HOME", state, 1);
}

TestSuite(lesson_check, .init = begin, .fini = rooms_end);

static void write_lesson(void)
{
    static const char text[] =
        "@lesson tiny\n@version 1\n@lang en\n@title t\n@goal g\n"
        "@step act do\n@setup\ndata moons\nnet 2 4 2\nlua mine = 7\n@task\nTrain.\n@check\n"
        "long  most(runs, function(r) return r.step end) >= 10  -- longer\n"
        "@hint\nh\n@solution\ntrain 20\n@also\ntrain 20\n@wrong long\ntrain 2\n"
        "@step end read\n@text\nThe end.\n";

    cr_assert(!failed(file_write("tiny.lesson", text, strlen(text))));
}

static int files_in(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;

    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    if (folder != NULL)
        closedir(folder);
    return count;
}

Test(lesson_check, leaves_the_run_and_what_lua_remembers)
{
    Room room = room_open();

    write_lesson();
    type(&room, "data moons; net 2 8 2; train 3; lua mine = 5");
    type(&room, "lesson check tiny.lesson");
    cr_expect_eq(step_of(room.session), 3);
    type(&room, "lua if mine ~= 5 then error(\"it is \" .. mine) end");
    room_close(&room);
}

Test(lesson_check, leaves_the_record_of_progress_and_no_file)
{
    Room room = room_open();
    int files;

    write_lesson();
    type(&room, "lesson tiny.lesson");
    type(&room, "lesson skip");
    type(&room, "lesson off");
    files = files_in("state/halfstep");
    type(&room, "lesson check tiny.lesson");
    cr_expect_eq(files_in("state/halfstep"), files);
    cr_expect_str_eq(room.repl->teacher->ledger.step, "end");
    cr_expect_eq(ledger_find(&room.repl->teacher->ledger, "tiny", "act")->verdict, VERDICT_SKIPPED);
    cr_expect_not(room.repl->teacher->checking);
    room_close(&room);
}
