#include "lesson_room.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void lessons_begin(void)
{
    char here[512], state[560];

    rooms_begin();
    cr_assert_not_null(getcwd(here, sizeof here));
    snprintf(state, sizeof state, "%s/state", here);
    setenv("XDG_STATE_HOME", state, 1);
}

void put(const char *path, const char *text)
{
    cr_assert(!failed(file_write(path, text, strlen(text))));
}

void write_lesson(int steps)
{
    Text text = {0};

    text_printf(&text,
                "@lesson tiny\n@version 1\n@lang en\n@title t\n@goal g\n"
                "@step act do\n@setup\ndata moons\nnet 2 4 2\n@task\nTrain.\n@check\n"
                "long  most(runs, function(r) return r.step end) >= %d  -- longer\n"
                "@hint\nh\n@solution\ntrain %d\n"
                "@step end read\n@text\nThe end.\n",
                steps, steps);
    put("tiny.lesson", text_chars(&text));
    text_release(&text);
}

Room open_lesson(void)
{
    Room room = room_open();

    write_lesson(10);
    type(&room, "lesson tiny.lesson");
    return room;
}

void write_setup(const char *line)
{
    Text text = {0};

    text_printf(&text,
                "@lesson staged\n@version 1\n@lang en\n@title t\n@goal g\n"
                "@step begin read\n@text\nHere.\n"
                "@step act do\n@setup\n# not counted before\ndata moons\nnet 2 4 2\n%s\n@task\nT.\n"
                "@check\nlong  step >= 1000  -- longer\n@hint\nh\n@solution\ntrain 1000\n",
                line);
    put("staged.lesson", text_chars(&text));
    text_release(&text);
}
