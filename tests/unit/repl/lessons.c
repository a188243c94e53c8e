/* Lessons as somebody at the prompt has them. */
#include "lesson_room.h"

#include "repl/state.h"
#include "repl/teacher.h"
#include "repl/teacher_page.h"
#include "repl/teacher_panel.h"
#include "view/canvas.h"

#include <criterion/criterion.h>

TestSuite(lessons, .init = lessons_begin, .fini = rooms_end);

/* What the live view shows of it, in so many rows and columns. */
static void expect_panel(const Room *room, int rows, int cols, const char *shown)
{
    Canvas *canvas = canvas_new(rows, cols, GLYPHS_ASCII);
    Text text = {0};

    lesson_draw(room->repl->teacher, canvas);
    canvas_text(canvas, NULL, &text);
    cr_expect_str_eq(text_chars(&text), shown);
    text_release(&text);
    canvas_free(canvas);
}

static void write_card(void)
{
    static const char card[] =
        "@lesson card\n@version 1\n@lang en\n@title A card\n@goal g\n"
        "@source s One sentence,\n  that goes on.\n"
        "@step text read\n@text\nThe first page. [s]\n@step act read\n@text\nOf no concern.\n"
        "@demo 5min\n@say How many?\ndata moons\nnet 2 4 2\n@say Look at this.\ntrain 2\n";

    put("card.lesson", card);
}

Test(lessons, a_step_is_passed_by_what_happened_and_not_before)
{
    Room room = open_lesson();

    cr_expect_not(room.repl->teacher->passed);
    type(&room, "train 4");
    cr_expect_not(room.repl->teacher->passed);
    cr_expect_eq(room.repl->teacher->attempts, 1);
    type(&room, "next");
    cr_expect_eq(room.repl->teacher->at, 0);
    type(&room, "train 6");
    cr_expect(room.repl->teacher->passed);
    type(&room, "next");
    cr_expect_eq(room.repl->teacher->at, 1);
    room_close(&room);
}

Test(lessons, one_may_go_back_to_a_step_that_is_done_and_on_again)
{
    Room room = open_lesson();

    type(&room, "train 10");
    type(&room, "next");
    type(&room, "back");
    cr_expect_eq(room.repl->teacher->at, 0);
    cr_expect_not(room.repl->teacher->passed);
    type(&room, "next");
    cr_expect_eq(room.repl->teacher->at, 1);
    room_close(&room);
}

Test(lessons, what_is_done_in_play_does_not_count_and_is_gone_afterwards)
{
    Room room = open_lesson();

    type(&room, "train 4");
    type(&room, "play");
    type(&room, "train 50");
    cr_expect_not(room.repl->teacher->passed);
    refuse(&room, "play");
    type(&room, "next");
    cr_expect_not(room.repl->teacher->passed);
    cr_expect_eq(step_of(room.session), 4);
    cr_expect_eq(room.repl->teacher->attempts, 1);
    room_close(&room);
}

Test(lessons, a_file_that_changes_is_read_again)
{
    Room room = open_lesson();

    write_lesson(3);
    type(&room, "print step");
    type(&room, "train 4");
    cr_expect(room.repl->teacher->passed);
    put("tiny.lesson", "@nonsense\n");
    type(&room, "print step");
    cr_expect_eq(room.repl->teacher->lesson->step_count, 2, "it goes on as it was");
    room_close(&room);
}

Test(lessons, words_of_a_lesson_mean_nothing_without_one)
{
    Room room = open_lesson();

    type(&room, "hint");
    type(&room, "lesson off");
    refuse(&room, "hint");
    refuse(&room, "lesson next");
    room_close(&room);
}

Test(lessons, the_learners_own_run_comes_back)
{
    Room room = room_open();

    type(&room, "train 7");
    write_lesson(10);
    type(&room, "lesson tiny.lesson");
    cr_expect_eq(step_of(room.session), 0);
    type(&room, "train 2");
    type(&room, "lesson off");
    cr_expect_eq(step_of(room.session), 7);
    refuse(&room, "lesson check tiny.lesson"); /* no @wrong, no @also */
    cr_expect_eq(step_of(room.session), 7);
    room_close(&room);
}

Test(lessons, in_the_live_view_a_card_shows_its_note_and_no_page)
{
    Room room = room_open();

    write_card();
    type(&room, "lesson present card.lesson");
    type(&room, "data moons");
    expect_panel(&room, 4, 64,
                 "-- A card --------------------------------- card, line 2 of 3 --\n"
                 "How many?\n"
                 "Enter runs what stands in the prompt; next, back, lesson off\n");
    type(&room, "net 2 4 2");
    cr_expect_eq(lesson_place(room.repl->teacher, 11, 80).rows, 3);
    expect_panel(&room, 4, 64,
                 "-- A card --------------------------------- card, line 3 of 3 --\n"
                 "Look at this.\n"
                 "Enter runs what stands in the prompt; next, back, lesson off\n");
    room_close(&room);
}

Test(lessons, in_the_live_view_nothing_is_said_of_an_attempt_before_there_is_one)
{
    Room room = open_lesson();

    expect_panel(&room, 4, 64,
                 "-- t -------------------------------------------- step 1 of 2 --\n"
                 "Train.\n"
                 "hint, skip, back, play, restart; lesson shows this again\n");
    type(&room, "train 2");
    expect_panel(&room, 4, 64,
                 "-- t -------------------------------------------- step 1 of 2 --\n"
                 "Train.\n"
                 "not yet (0 of 1): longer\n");
    cr_expect_eq(lesson_place(room.repl->teacher, 11, 80).rows, 0,
                 "a task leaves the picture whole");
    room_close(&room);
}

Test(lessons, a_title_makes_room_for_the_place)
{
    Room room = room_open();

    write_card();
    type(&room, "lesson present card.lesson");
    expect_panel(&room, 4, 33,
                 "-- A c~ ---- card, line 1 of 3 --\n"
                 "How many?\n"
                 "Enter runs what stands in the\n"
                 "prompt; next, back, lesson off\n");
    room_close(&room);
}

Test(lessons, a_card_is_turned_and_is_no_step)
{
    Room room = room_open();

    write_card();
    type(&room, "lesson present card.lesson");
    type(&room, "data moons");
    type(&room, "lesson poll a=1");
    cr_expect_eq(room.repl->teacher->card, 1, "the line waits");
    type(&room, "lesson lang en");
    cr_expect_eq(room.repl->teacher->card, 1, "as it is in another language");
    type(&room, "back");
    type(&room, "back");
    cr_expect_eq(room.repl->teacher->card, 0);
    refuse(&room, "restart");
    refuse(&room, "skip");
    type(&room, "net 2 4 2");
    type(&room, "train 2");
    type(&room, "lesson off");
    cr_expect_eq(step_of(room.session), 2, "the state stays");
    room_close(&room);
}

Test(lessons, a_page_that_is_cut_says_so_in_its_last_row)
{
    Room room = room_open();
    static const char page[] = "@lesson cut\n@version 1\n@lang en\n@title Cut\n@goal g\n"
                               "@step text read\n@text\nCut lines are hard to read, as is any\n"
                               "line that is precisely as wide as can\nbe.\n";

    put("cut.lesson", page);
    type(&room, "lesson cut.lesson");
    expect_panel(&room, 4, 37,
                 "-- Cut --------------- step 1 of 1 --\n"
                 "Cut lines are hard to read, as is any\n"
                 "line that is precisely as wide as ...\n"
                 "next goes on\n");
    room_close(&room);
}

Test(lessons, a_source_of_two_lines_is_one_sentence)
{
    Room room = room_open();
    Text page = {0};

    write_card();
    type(&room, "lesson card.lesson");
    page_sources(room.repl->teacher->lesson, "The first page. [s]", 76, &page);
    cr_expect_str_eq(text_chars(&page), "  [s] One sentence, that goes on.\n");
    text_release(&page);
    room_close(&room);
}

/* A question about a run; what it prints of it is a log. */
Test(lessons, a_log_stays_as_it_was_printed_and_folds_between_its_cells)
{
    Room room = room_open();
    static const char log[] =
        "@lesson log\n@version 1\n@lang en\n@title Log\n@goal g\n@step log quiz\n@setup\n"
        "data moons; net 2 4 2; train 2\n@ask\n  step {step}   skipped {skipped}   "
        "moved {moved(\"fc1.weight\"):%.0f%%}\nWhat is wrong?\n@choice a nothing\n@choice* b all\n"
        "@why\nw\n";

    put("log.lesson", log);
    type(&room, "lesson log.lesson");
    type(&room, "train 3");
    expect_panel(&room, 8, 30,
                 "-- Log -------- step 1 of 1 --\n"
                 "  step 2   skipped 0\n"
                 "  moved 100%\n"
                 "What is wrong?\n"
                 "  a) nothing\n"
                 "  b) all\n"
                 "answer with a letter, as in: a\n");
    cr_expect_eq(lesson_place(room.repl->teacher, 11, 80).rows, 6, "all of a question is shown");
    room_close(&room);
}

Test(lessons, lines_of_chinese_are_joined_as_one_writes_it)
{
    Text page = {0};

    page_wrap("\u770b\uff1a\nFP16 \u7684\n\u6570\u3002\n[a] FP16\n\u7684\n", 76, "", &page);
    text_append(&page, "-\n");
    page_wrap("\u4e8c\u4e09\u56db)", 6, "", &page);
    cr_expect_str_eq(
        text_chars(&page),
        "\u770b\uff1aFP16 \u7684\u6570\u3002[a] FP16 \u7684\n-\n\u4e8c\u4e09\n\u56db)\n");
    text_release(&page);
}

Test(lessons, a_choice_of_two_lines_goes_on_below_its_words)
{
    static const char page[] = "@lesson far\n@version 1\n@lang en\n@title Far\n@goal g\n"
                               "@step q quiz\n@ask\nWhich?\n@choice a Neither of these\n"
                               "@choice* b Both\n";
    Room room = room_open();
    Text shown = {0};

    put("far.lesson", page);
    type(&room, "lesson far.lesson");
    page_choices(teacher_step(room.repl->teacher), 16, &shown);
    cr_expect_str_eq(text_chars(&shown), "  a) Neither of\n     these\n  b) Both\n");
    text_release(&shown);
    room_close(&room);
}
