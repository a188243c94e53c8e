/* What is typed beside a lesson, and not as it was meant. */
#include "lesson_room.h"

#include "base/file.h"
#include "repl/state.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>

TestSuite(lesson_words, .init = lessons_begin, .fini = rooms_end);

/* The course has another that begins with the same letters. */
Test(lesson_words, a_lesson_of_a_file_is_come_back_to)
{
    Room room = room_open(), later;

    write_lesson(10);
    put("course.idx", "L1 tiny-numbers\n");
    setenv("HALFSTEP_LESSONS", ".", 1);
    type(&room, "lesson ./tiny.lesson");
    type(&room, "lesson off");
    type(&room, "lesson");
    cr_expect_str_eq(room.repl->teacher->lesson->id, "tiny");
    room_close(&room);
    later = room_open();
    refuse(&later, "lesson"); /* the record has its name, and not its place */
    room_close(&later);
}

Test(lesson_words, a_name_may_be_typed_in_full_width)
{
    Room room = room_open();

    write_lesson(10);
    put("course.idx", "L1 tiny\n");
    setenv("HALFSTEP_LESSONS", ".", 1);
    type(&room, "lesson \xef\xbc\xac\xef\xbc\x91");
    cr_expect_str_eq(room.repl->teacher->lesson->id, "tiny");
    room_close(&room);
}

static void write_quiz(const char *hint)
{
    Text text = {0};

    text_printf(&text,
                "@lesson quiz\n@version 1\n@lang en\n@title t\n@goal g\n"
                "@step ask quiz\n@ask\nHow many?\n@answer 2^10\n%s"
                "@step end read\n@text\nThe end.\n",
                hint);
    put("quiz.lesson", text_chars(&text));
    text_release(&text);
}

Test(lesson_words, a_question_says_when_it_has_no_further_hint)
{
    Room room = room_open();

    write_quiz("@hint\nh\n");
    type(&room, "lesson quiz.lesson");
    type(&room, "hint");
    type(&room, "hint");
    type(&room, "lesson off");
    write_quiz("");
    type(&room, "lesson quiz.lesson");
    refuse(&room, "hint");
    room_close(&room);
}

Test(lesson_words, blanks_within_an_answer_do_not_count)
{
    static const char *const forms[] = {"2 ^ 10", "answer 2 ^ 10", "lesson answer 2^ 10",
                                        "\xef\xbc\x92 \xef\xbc\xbe \xef\xbc\x91\xef\xbc\x90"};
    Room room = room_open();

    write_quiz("");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        type(&room, "lesson forget quiz.lesson");
        type(&room, "lesson quiz.lesson");
        type(&room, "2 ^ 9");
        cr_expect_not(room.repl->teacher->passed);
        type(&room, forms[i]);
        cr_expect(room.repl->teacher->passed, "%s", forms[i]);
    }
    room_close(&room);
}

Test(lesson_words, what_a_word_of_a_lesson_does_not_take_is_refused)
{
    static const char *const lines[] = {
        "next now",
        "lesson off please",
        "lesson list all",
        "poll hello a=1",
        "restart it",
        "lesson stamp quiz.lesson lang=fr",
        "lesson check quiz.lesson lang=fr",
        "lesson lang fr",
    };
    Room room = room_open();

    write_quiz("");
    type(&room, "lesson quiz.lesson");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        refuse(&room, lines[i]);
    cr_expect_not_null(room.repl->teacher->lesson);
    cr_expect_not(file_exists("i18n"));
    room_close(&room);
}

Test(lesson_words, a_translation_with_a_mistake_keeps_nobody_out)
{
    Room room = room_open();

    write_lesson(10);
    cr_assert_eq(mkdir("i18n", 0755), 0);
    cr_assert_eq(mkdir("i18n/zh", 0755), 0);
    put("i18n/zh/tiny.lesson", "@of tiny\n@lang zh\n@task step=none src=0\nhallo\n");
    type(&room, "lesson lang zh");
    type(&room, "lesson tiny.lesson");
    cr_expect_str_eq(room.repl->teacher->lesson->shown, "en");
    type(&room, "train 10");
    cr_expect(room.repl->teacher->passed);
    room_close(&room);
}
