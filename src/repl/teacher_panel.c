#include "repl/teacher_panel.h"

#include "repl/phrase.h"
#include "repl/teacher_page.h"
#include "view/rune.h"
#include "view/widgets.h"

#include <string.h>

enum {
    BESIDE_FROM = 112,
    BESIDE_COLS = 42,
    ABOVE_LEAST = 4,
    PICTURE_ROWS = 11,
    SMALL_PICTURE_ROWS = 4, /* what is to be read goes before the rest of a picture */
    LEAST_COLS = 40,
    GOES_ON_COLS = 4,  /* " ..." */
    HEADING_COLS = 11, /* of rules and blanks around title and place */
};

/* The words of a line that leave room for the sign that it goes on; all of it where it has no blank. */
static size_t cut(const char *line, size_t length, size_t columns)
{
    size_t kept = length;

    while (kept > 0 && page_width(line, kept) > columns)
        do
            kept--;
        while (kept > 0 && line[kept] != ' ');
    return kept > 0 ? kept : length;
}

/* Lines of a page from `row` on, as far as there is room; the row behind them. */
static int draw_lines(Canvas *canvas, int row, int end, Style style, const char *page)
{
    while (*page != '\0' && row < end) {
        size_t length = strcspn(page, "\n");
        bool more = row + 1 == end && page[length] != '\0' && page[length + 1] != '\0';
        int room = canvas_cols(canvas) - GOES_ON_COLS;
        size_t shown = more ? cut(page, length, (size_t)room) : length;
        int behind = (int)page_width(page, shown);

        canvas_print(canvas, row, 0, style, "%.*s", (int)shown, page);
        if (more)
            canvas_print(canvas, row, behind < room ? behind : room, style, " ...");
        row++;
        page += length + (page[length] == '\n');
    }
    return row;
}

/* The note of a card; of a step its task, or the question with its choices, or the text. */
static void fill(const Teacher *teacher, size_t columns, Text *page)
{
    if (teacher->card >= 0) {
        page_wrap(teacher_card_note(teacher), columns, "", page);
        return;
    }
    page_wrap(text_chars(&teacher->shown), columns, "", page);
    page_choices(teacher_step(teacher), columns, page);
}

/* How far it is, on the last row. */
static void state(const Teacher *teacher, Text *text, Style *style)
{
    const Step *step = teacher_step(teacher);
    const Verdict *verdict = &teacher->verdict;
    char holding[NUMBER_TEXT], count[NUMBER_TEXT];
    const char *const words[] = {phrase_count(verdict->holding, holding),
                                 phrase_count(step->check_count, count), NULL};

    *style = teacher->passed ? STYLE_GOOD : STYLE_WARN;
    if (teacher->card >= 0) {
        *style = STYLE_DIM;
        text_append(text, said(teacher, SAID_CARD_KEYS));
    } else if (teacher->playing) {
        text_append(text, said(teacher, SAID_PLAY));
    } else if (teacher->passed || step->kind == STEP_READ || step->kind == STEP_FREE) {
        text_append(text, said(teacher, SAID_NEXT));
    } else if (step->kind == STEP_DO && teacher->attempts == 0) {
        *style = STYLE_DIM;
        text_append(text, said(teacher, SAID_KEYS_DO));
    } else if (step->kind == STEP_DO && verdict->first >= 0) {
        said_fill(said(teacher, SAID_NOT_YET), words, text);
        text_append(text, check_message(&step->checks[verdict->first]));
    } else {
        text_append(text, said(teacher,
                               step_block(step, BLOCK_ANSWER, 0) != NULL ? SAID_NUMBER : SAID_ASK));
    }
}

static int rows_of(const Text *page)
{
    int rows = 0;

    for (const char *at = text_chars(page); *at != '\0'; at++)
        rows += *at == '\n';
    return rows;
}

LessonPlace lesson_place(const Teacher *teacher, int rows, int cols)
{
    Text page = {0}, foot = {0};
    bool first = teacher->card >= 0 || teacher_step(teacher)->kind != STEP_DO;
    int most = rows - (first ? SMALL_PICTURE_ROWS : PICTURE_ROWS), wanted;
    Style unused;

    if (cols >= BESIDE_FROM)
        return (LessonPlace){rows, BESIDE_COLS, true};
    if (most < ABOVE_LEAST || cols < LEAST_COLS)
        return (LessonPlace){0, 0, false};
    fill(teacher, (size_t)cols, &page);
    state(teacher, &foot, &unused);
    page_wrap(text_chars(&foot), (size_t)cols, "", &page);
    wanted = rows_of(&page) + 1;
    text_release(&page);
    text_release(&foot);
    return (LessonPlace){wanted < most ? wanted : most, cols, false};
}

/* The title, as far as it leaves room for the place. */
static void draw_heading(const Teacher *teacher, const char *place, Canvas *canvas)
{
    const char *title = step_prose(&teacher->lesson->header, BLOCK_TITLE), *end = title;
    int room = canvas_cols(canvas) - rune_columns(place) - HEADING_COLS, cols = 0;
    Text short_one = {0};

    while (*end != '\0' && cols <= room)
        cols += rune_width(rune_next(&end));
    if (cols > room) {
        for (end = title, cols = 0; cols < room - 2;)
            cols += rune_width(rune_next(&end));
        text_append_bytes(&short_one, title, (size_t)(end - title));
        text_append(&short_one, canvas_glyphs(canvas) == GLYPHS_ASCII ? "~" : "\u2026");
        title = text_chars(&short_one);
    }
    widget_heading(canvas, title, "", place);
    text_release(&short_one);
}

void lesson_draw(const Teacher *teacher, Canvas *canvas)
{
    size_t columns = (size_t)canvas_cols(canvas);
    int rows = canvas_rows(canvas), last;
    bool card = teacher->card >= 0;
    int lines = card ? teacher_card_lines(teacher) : (int)teacher->lesson->step_count;
    char at[NUMBER_TEXT], count[NUMBER_TEXT];
    const char *const numbers[] = {phrase_count((card ? teacher->card : teacher->at) + 1, at),
                                   phrase_count(lines, count), NULL};
    Text page = {0}, place = {0}, foot = {0}, wrapped = {0};
    Style style;

    said_fill(said(teacher, card ? SAID_CARD_LINE : SAID_STEP), numbers, &place);
    draw_heading(teacher, text_chars(&place), canvas);
    state(teacher, &foot, &style);
    page_wrap(text_chars(&foot), columns, "", &wrapped);
    last = rows - 1;
    for (const char *line = text_chars(&wrapped); *line != '\0' && last > 2; line++)
        last -= *line == '\n';
    fill(teacher, columns, &page);
    last = draw_lines(canvas, 1, last + 1, STYLE_PLAIN, text_chars(&page));
    draw_lines(canvas, last, rows, style, text_chars(&wrapped));
    text_release(&page);
    text_release(&place);
    text_release(&foot);
    text_release(&wrapped);
}
