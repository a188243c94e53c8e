#include "repl/teacher_page.h"

#include "lesson/fill.h"
#include "repl/phrase.h"
#include "view/rune.h"

#include <string.h>

enum { ENGLISH, CHINESE, LANGUAGES };

static const char *const sentences[SAID_COUNT][LANGUAGES] = {
    [SAID_STEP] = {"step % of %", "第 % 步，共 % 步"},
    [SAID_TASK] = {"To do: ", "任务："},
    [SAID_ASK] = {"answer with a letter, as in: a", "输入字母作答，例如：a"},
    [SAID_PREDICT] = {"What do you expect? Answer with a letter, as in: a",
                      "你预计会怎样？输入字母作答，例如：a"},
    [SAID_NUMBER] = {"answer with a number, as in: 2^10", "输入数字作答，例如：2^10"},
    [SAID_NEXT] = {"next goes on", "输入 next 继续"},
    [SAID_KEYS_DO] = {"hint, skip, back, play, restart; lesson shows this again",
                      "hint 提示，skip 跳过，back 上一步，play 随意试，restart 重来，lesson 重看"},
    [SAID_KEYS_READ] = {"next goes on; back, skip; lesson shows this again",
                        "next 继续；back 上一步，skip 跳过；lesson 再看本页"},
    [SAID_KEYS_FREE] = {"try what you like; next goes on", "随意尝试；next 继续"},
    [SAID_NOT_YET] = {"not yet (% of %): ", "还没有（%/%）："},
    [SAID_STAY] = {"not yet: %; skip passes over this step", "还没有：%；skip 跳过本步"},
    [SAID_ASKED] = {"this question waits for an answer; skip passes over it",
                    "这个问题还没有回答；skip 跳过本步"},
    [SAID_DONE] = {"done. ", "完成。"},
    [SAID_RIGHT] = {"right. ", "正确。"},
    [SAID_WRONG] = {"no. Try again, or hint, or skip.", "不对。再试一次，或输入 hint、skip。"},
    [SAID_WRONG_ALONE] = {"no. Try again, or skip.", "不对。再试一次，或输入 skip。"},
    [SAID_NOTED] = {"noted: %. You will see.", "已记下：%。接下来就会看到。"},
    [SAID_PREDICTED_RIGHT] = {"You had predicted it: %", "你预测对了：%"},
    [SAID_PREDICTED_WRONG] = {"You had predicted: %. It was otherwise: %",
                              "你原来的预测是：%。实际是：%"},
    [SAID_HINT_OFFER] = {"hint helps", "可输入 hint 看提示"},
    [SAID_SOLUTION_OFFER] = {"hint helps; solution types what passes into the prompt",
                             "可输入 hint 看提示；solution 会把答案写进命令行"},
    [SAID_NO_HINTS] = {"there is no further hint; solution types what passes into the prompt",
                       "没有更多提示了；solution 会把答案写进命令行"},
    [SAID_SOLUTION] = {"Enter runs it: ", "按回车执行："},
    [SAID_SKIPPED] = {"skipped", "已跳过"},
    [SAID_PLAY] = {"the step is kept; do what you like, and next comes back to it",
                   "本步已保存；随意尝试，输入 next 回到这里"},
    [SAID_BACK] = {"back in the step, as it was", "回到本步，一切如前"},
    [SAID_END] =
        {"That was the last step. lesson off leaves, lesson list shows what else there is.",
         "这是最后一步。lesson off 离开，lesson list 列出其他课程。"},
    [SAID_THEN] = {"That was the last step. lesson % comes next: %",
                   "这是最后一步。下一课是 lesson %：%"},
    [SAID_KEPT_OWN] = {"your own run is kept; lesson off brings it back",
                       "你自己的训练已保存；lesson off 会恢复它"},
    [SAID_KEPT_RUNS] = {"your own runs are kept; lesson off brings them back",
                        "你自己的各个训练已保存；lesson off 会恢复它们"},
    [SAID_KEPT_BREAKS] = {"your own break conditions are put aside; lesson off brings them back",
                          "你自己的 break 条件已收起；lesson off 会恢复它们"},
    [SAID_LEFT] = {"the lesson is left; lesson goes on with it", "已离开课程；输入 lesson 继续"},
    [SAID_CARD_LINE] = {"card, line % of %", "演示，第 % 行，共 % 行"},
    [SAID_CARD_KEYS] = {"Enter runs what stands in the prompt; next, back, lesson off",
                        "按回车执行命令行里的命令；next 跳过，back 上一行，lesson off 离开"},
    [SAID_CARD_END] = {"the card ends here; all is as it stands", "演示到此结束，状态保持不变"},
    [SAID_SOURCES] = {"Sources:", "出处："},
};

const char *said(const Teacher *teacher, Said what)
{
    return sentences[what][strcmp(teacher->lang, "zh") == 0 ? CHINESE : ENGLISH];
}

void said_fill(const char *sentence, const char *const *words, Text *text)
{
    for (; *sentence != '\0'; sentence++) {
        if (*sentence == '%' && *words != NULL)
            text_append(text, *words++);
        else
            text_append_bytes(text, sentence, 1);
    }
}

size_t page_columns(const Repl *repl)
{
    int columns = repl_columns(repl);

    return columns < PAGE_COLUMNS ? (size_t)columns : PAGE_COLUMNS;
}

size_t page_width(const char *text, size_t length)
{
    const char *end = text + length;
    size_t columns = 0;

    while (text < end && *text != '\0')
        columns += (size_t)rune_width(rune_next(&text));
    return columns;
}

/* Chinese is broken between any two characters, but not before these. */
static bool hangs(uint32_t rune)
{
    static const uint32_t marks[] = {0x3001, 0x3002, 0xFF0C, 0xFF1A, 0xFF1B, 0xFF01,
                                     0xFF1F, 0xFF09, 0x300D, 0x300F, 0x201D, 0x2019};

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (rune == marks[i])
            return true;
    return false;
}

/* Nor behind these. */
static bool opens(uint32_t rune)
{
    return rune == 0xFF08 || rune == 0x300C || rune == 0x300E || rune == 0x201C || rune == 0x2018;
}

/* The end of what may not be broken, from `at`: a word, or a wide character with its marks. */
static const char *piece_end(const char *at, const char *end)
{
    const char *next = at;
    uint32_t rune = rune_next(&next), following;
    bool wide = rune_width(rune) == 2;

    for (at = next; at < end && *at != ' '; at = next) {
        following = rune_next(&next);
        if (!hangs(following) && following != ')' && !opens(rune) &&
            (wide || rune_width(following) == 2))
            break;
        wide = rune_width(following) == 2;
        rune = following;
    }
    return at;
}

typedef struct Wrapping {
    size_t columns, at; /* `at`: columns of the present line that are full; 0: it has not begun */
    const char *indent, *rest; /* of the present line, and of those behind it */
    Text *page;
} Wrapping;

static void new_line(Wrapping *wrapping)
{
    text_append(wrapping->page, "\n");
    wrapping->at = 0;
    wrapping->indent = wrapping->rest;
}

static void add_piece(Wrapping *wrapping, const char *piece, size_t length, bool blank)
{
    size_t width = page_width(piece, length);

    if (wrapping->at > 0 && wrapping->at + blank + width > wrapping->columns)
        new_line(wrapping);
    if (wrapping->at == 0) {
        text_append(wrapping->page, wrapping->indent);
        wrapping->at = strlen(wrapping->indent);
    } else if (blank) {
        text_append(wrapping->page, " ");
        wrapping->at++;
    }
    text_append_bytes(wrapping->page, piece, length);
    wrapping->at += width;
}

static void add_words(Wrapping *wrapping, const char *line, const char *end, bool joined)
{
    bool blank = joined;

    while (line < end) {
        const char *behind;

        if (*line == ' ') {
            blank = true;
            line++;
            continue;
        }
        behind = piece_end(line, end);
        add_piece(wrapping, line, (size_t)(behind - line), blank && wrapping->at > 0);
        line = behind;
        blank = false;
    }
}

/* The end of a cell: two blanks part it from the next. */
static const char *cell_end(const char *at, const char *end)
{
    while (at < end && !(*at == ' ' && (at + 1 == end || at[1] == ' ')))
        at++;
    return at;
}

/* A line that stays as it is, or goes on below its first cell. */
static void add_row(Wrapping *wrapping, const char *line, const char *end)
{
    const char *first = line + strspn(line, " "), *cell = line;

    text_append(wrapping->page, wrapping->indent);
    wrapping->at = strlen(wrapping->indent);
    while (cell < end) {
        const char *word = cell + strspn(cell, " "), *behind = cell_end(word, end);
        size_t width = page_width(cell, (size_t)(behind - cell));

        if (cell > line && wrapping->at + width > wrapping->columns) {
            new_line(wrapping);
            text_append(wrapping->page, wrapping->indent);
            text_append_bytes(wrapping->page, line, (size_t)(first - line));
            wrapping->at = strlen(wrapping->indent) + (size_t)(first - line);
            width = page_width(word, (size_t)(behind - word));
            cell = word;
        }
        text_append_bytes(wrapping->page, cell, (size_t)(behind - cell));
        wrapping->at += width;
        cell = behind;
    }
    new_line(wrapping);
}

/* Lines are joined by a blank, but not between wide characters, nor behind a mark that is as wide as they. */
static bool parted(const char *prose, const char *line)
{
    const char *before = line - 1, *mark;

    while (before > prose && ((unsigned char)before[-1] & 0xC0) == 0x80)
        before--;
    if (before > prose)
        before--;
    mark = before;
    if (hangs(rune_next(&mark)))
        return false;
    return rune_width(rune_next(&before)) != 2 || rune_width(rune_next(&line)) != 2;
}

/* As page_wrap; the lines behind the first have an indent of their own. */
static void wrap(const char *prose, size_t columns, const char *first, const char *rest, Text *page)
{
    Wrapping wrapping = {.columns = columns, .indent = first, .rest = rest, .page = page};
    const char *line = prose;

    while (*line != '\0') {
        const char *end = line + strcspn(line, "\n");

        if (wrapping.at > 0 && (end == line || *line == ' '))
            new_line(&wrapping);
        if (end == line) {
            new_line(&wrapping);
        } else if (*line == ' ') {
            add_row(&wrapping, line, end);
        } else {
            add_words(&wrapping, line, end, line > prose && parted(prose, line));
        }
        line = *end == '\0' ? end : end + 1;
    }
    if (wrapping.at > 0)
        new_line(&wrapping);
}

void page_wrap(const char *prose, size_t columns, const char *indent, Text *page)
{
    wrap(prose, columns, indent, indent, page);
}

void page_prose(const char *prose, const Snapshot *snapshot, size_t columns, const char *indent,
                Text *page)
{
    Text filled = {0};

    fill_append(prose, snapshot, &filled);
    page_wrap(text_chars(&filled), columns, indent, page);
    text_release(&filled);
}

void page_choices(const Step *step, size_t columns, Text *page)
{
    for (size_t i = 0; i < step->block_count; i++) {
        const Block *block = &step->blocks[i];
        Text line = {0};

        if (block->kind != BLOCK_CHOICE && block->kind != BLOCK_RIGHT)
            continue;
        text_printf(&line, "%s) %s", block->name, block_prose(block));
        wrap(text_chars(&line), columns, "  ", "     ", page);
        text_release(&line);
    }
}

/* A source may go on in lines that begin with blanks; it is one sentence. */
static void append_source(const Block *source, Text *line)
{
    text_printf(line, "[%s]", source->name);
    for (const char *at = source->text; *at != '\0';) {
        size_t length = strcspn(at, "\n");

        text_append(line, " ");
        text_append_bytes(line, at, length);
        at += length;
        at += strspn(at, "\n ");
    }
}

void page_sources(const Lesson *lesson, const char *prose, size_t columns, Text *page)
{
    const Block *source;

    for (int n = 0; (source = step_block(&lesson->header, BLOCK_SOURCE, n)) != NULL; n++) {
        Text key = {0}, line = {0};

        text_printf(&key, "[%s]", source->name);
        if (strstr(prose, text_chars(&key)) != NULL) {
            append_source(source, &line);
            page_wrap(text_chars(&line), columns, "  ", page);
        }
        text_release(&key);
        text_release(&line);
    }
}

/* Something of it is shown as it was written. */
static bool is_untranslated(const Step *step)
{
    for (size_t i = 0; i < step->block_count; i++)
        if (block_table[step->blocks[i].kind].prose && step->blocks[i].other == NULL)
            return true;
    return false;
}

static void heading(const Teacher *teacher, size_t columns, Text *page)
{
    const Lesson *lesson = teacher->lesson;
    const Step *step = teacher_step(teacher);
    char at[NUMBER_TEXT], count[NUMBER_TEXT];
    const char *const numbers[] = {phrase_count(teacher->at + 1, at),
                                   phrase_count((int64_t)lesson->step_count, count), NULL};
    Text line = {0};

    text_printf(&line, "%s - ", step_prose(&lesson->header, BLOCK_TITLE));
    said_fill(said(teacher, SAID_STEP), numbers, &line);
    text_printf(&line, " (%s/%s)", lesson->id, step->id);
    if (strcmp(lesson->lang, teacher->lang) != 0 && is_untranslated(step))
        text_printf(&line, " [%s]", lesson->lang);
    page_wrap(text_chars(&line), columns, "", page);
    text_append(page, "\n");
    text_release(&line);
}

static const char *keys(const Teacher *teacher, const Step *step)
{
    if (step_asks(step))
        return said(teacher, step_block(step, BLOCK_ANSWER, 0) != NULL ? SAID_NUMBER
                             : step->kind == STEP_PREDICT              ? SAID_PREDICT
                                                                       : SAID_ASK);
    if (teacher->passed)
        return said(teacher, SAID_NEXT);
    return said(teacher, step->kind == STEP_DO     ? SAID_KEYS_DO
                         : step->kind == STEP_FREE ? SAID_KEYS_FREE
                                                   : SAID_KEYS_READ);
}

/* The last of its parts. */
static void keep_shown(Teacher *teacher, const char *prose, const Snapshot *snapshot)
{
    text_clear(&teacher->shown);
    fill_append(prose, snapshot, &teacher->shown);
}

void page_step(Teacher *teacher, const Snapshot *snapshot, size_t columns, Text *page)
{
    const Step *step = teacher_step(teacher);
    const char *parts[] = {step_prose(step, BLOCK_TEXT), step_prose(step, BLOCK_TASK),
                           step_prose(step, BLOCK_ASK)};
    Text foot = {0};

    heading(teacher, columns, page);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        Text whole = {0};

        if (parts[i][0] == '\0')
            continue;
        text_append(&whole, i == 1 ? said(teacher, SAID_TASK) : "");
        text_append(&whole, parts[i]);
        page_prose(text_chars(&whole), snapshot, columns, "", page);
        page_sources(teacher->lesson, parts[i], columns, page);
        keep_shown(teacher, parts[i], snapshot);
        text_append(page, "\n");
        text_release(&whole);
    }
    page_choices(step, columns, page);
    text_printf(&foot, "(%s)", keys(teacher, step));
    page_wrap(text_chars(&foot), columns, "", page);
    text_release(&foot);
}
