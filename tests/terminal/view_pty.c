/* The live view on a terminal of its own: what is typed into it, and what it answers. */
#include "expect.h"
#include "view.h"

#include <stdio.h>
#include <string.h>

static void test_editing(void)
{
    Pty terminal;

    view_open(&terminal);
    expect(terminal.alternate && terminal.cursor, "the view has a screen, and the prompt a cursor");
    pty_type(&terminal, "batch 33\001\004\004\004\004\004BATCH\005");
    expect(view_prompt_is(&terminal, "> BATCH 33"), "a line is edited as at the prompt");
    pty_type(&terminal, "\025caf\303\251 \344\270\226x\002");
    expect(view_prompt_is(&terminal, "> café 世x"), "characters of several bytes are typed");
    expect(pty_cursor(&terminal).col == 9, "the cursor stands by columns, not bytes");
    pty_type(&terminal, "\002\002\002\002");
    (void)pty_wait_for(&terminal, "café");
    pty_settle(&terminal);
    expect(pty_cursor(&terminal).col == 4, "and moves by characters");
    pty_type(&terminal, "\005\025a\026\001b");
    expect(view_prompt_is(&terminal, "> a^Ab"), "a control character is shown");
    view_quit(&terminal);
}

static void test_long_line(void)
{
    Pty terminal;
    char line[PTY_LINE];

    view_open_at(&terminal, 24, 40);
    for (int i = 0; i < 10; i++)
        pty_type(&terminal, "0123456789");
    pty_type(&terminal, "end");
    (void)pty_wait_for(&terminal, "end");
    pty_settle(&terminal);
    pty_last_row(&terminal, line);
    expect(line[0] == '<' && strstr(line, "789end") != NULL,
           "a long line moves aside, and says so");
    pty_type(&terminal, "\001");
    (void)pty_wait_for(&terminal, "> 0123");
    pty_settle(&terminal);
    pty_last_row(&terminal, line);
    expect(strlen(line) == 40 && line[39] == '>', "its other end, too");
    expect(pty_cursor(&terminal).col == 2, "the cursor is on its beginning");
    view_quit(&terminal);
}

static void test_history_and_search(void)
{
    Pty terminal;

    view_open(&terminal);
    pty_enter(&terminal, "print 1 # caf\303\251");
    pty_enter(&terminal, "batch 17");
    (void)pty_wait_for_prompt(&terminal);
    pty_type(&terminal, "\033[A");
    expect(view_prompt_is(&terminal, "> batch 17"), "the last line can be called back");
    pty_type(&terminal, "\033[B\022\303\251");
    expect(pty_wait_for(&terminal, "(reverse-i-search)`é': print 1 # café"),
           "^R searches, in characters of several bytes");
    pty_type(&terminal, "\r");
    expect(pty_wait_for(&terminal, "> print 1 # café") && pty_wait_for_prompt(&terminal),
           "Enter runs what was found");
    pty_type(&terminal, "\022bat\033");
    expect(view_prompt_is(&terminal, "> batch 17"), "Escape ends a search and keeps the line");
    pty_type(&terminal, "\003");
    expect(view_prompt_is(&terminal, ">"), "^C clears the line");
    pty_type(&terminal, "\022bat\003");
    expect(view_prompt_is(&terminal, ">"), "and ends a search");
    pty_type(&terminal, "\023");
    pty_enter(&terminal, "\025print 6*7");
    expect(pty_wait_for(&terminal, "42"), "^S stops nothing");
    view_quit(&terminal);
}

static void test_completion(void)
{
    Pty terminal;

    view_open(&terminal);
    pty_type(&terminal, "autoc\tbf\t");
    expect(view_prompt_is(&terminal, "> autocast bf16"), "Tab completes");
    pty_type(&terminal, "\025s\t\t");
    expect(pty_wait_for(&terminal, "source"), "Tab twice lists what there is, above the prompt");
    expect(view_prompt_is(&terminal, "> s"), "which stays as it was");
    view_quit(&terminal);
}

static void test_pasting(void)
{
    Pty terminal;

    view_open(&terminal);
    pty_type(&terminal, "\033[200~batch 31\nprint 40 + 2\033[201~");
    expect(view_prompt_is(&terminal, "> batch 31^Jprint 40 + 2"), "pasted lines wait for Enter");
    pty_type(&terminal, "\r");
    expect(pty_wait_for(&terminal, "42"), "and then run one after the other");
    pty_enter(&terminal, "batch");
    expect(pty_wait_for(&terminal, "batch 31"), "all of them");
    pty_type(&terminal, "print 1\rprint 2\rbatch\r");
    expect(pty_wait_for_prompt(&terminal) && pty_wait_for(&terminal, "batch 31"),
           "lines that come at once without brackets run, too");
    view_quit(&terminal);
}

static void test_keys(void)
{
    Pty terminal;

    view_open(&terminal);
    pty_type(&terminal, " ");
    expect(pty_wait_for(&terminal, "space pause"), "space on an empty line runs");
    pty_type(&terminal, "+");
    expect(pty_wait_for(&terminal, "pace 120/s"), "+ doubles the pace");
    pty_type(&terminal, "-");
    expect(pty_wait_for(&terminal, "pace 60/s"), "- halves it");
    pty_type(&terminal, "a - b");
    expect(view_prompt_is(&terminal, "> a - b"), "on a line they are characters");
    pty_type(&terminal, "\033[15~");
    expect(pty_wait_for(&terminal, "PAUSE") && view_prompt_is(&terminal, "> a - b"),
           "F5 pauses, whatever is typed");
    pty_type(&terminal, "\025>");
    pty_enter(&terminal, "pause");
    expect(pty_wait_for(&terminal, "nothing is training"), "commands and keys mix");
    pty_type(&terminal, " ");
    (void)pty_wait_for(&terminal, "space pause");
    pty_type(&terminal, "\003");
    expect(pty_wait_for(&terminal, "space run"), "^C on an empty line pauses");
    pty_type(&terminal, "\003");
    expect(pty_wait_for(&terminal, "^D or watch off"), "and then says how to leave");
    pty_enter(&terminal, "reset; step 2; print step");
    (void)pty_wait_for(&terminal, "step 2");
    pty_enter(&terminal, "step 3");
    (void)pty_wait_for(&terminal, "step 5");
    (void)pty_wait_for_prompt(&terminal);
    pty_type(&terminal, "\r");
    expect(pty_wait_for(&terminal, "step 8"), "Enter on an empty line repeats a step");
    pty_type(&terminal, "\004");
    expect(pty_wait_for(&terminal, "the view is closed") && !terminal.alternate,
           "^D on an empty line leaves the view");
    pty_enter(&terminal, "watch");
    expect(pty_wait_for(&terminal, "space run"), "watch opens it again");
    view_quit(&terminal);
}

static void test_typing_ahead(void)
{
    Pty terminal;

    view_open(&terminal);
    pty_type(&terminal, "watch off\rprint 6*7\rprint 5*5");
    expect(pty_wait_for(&terminal, "the view is closed") && pty_wait_for(&terminal, "42"),
           "what is typed behind watch off is the prompt's");
    expect(pty_wait_for(&terminal, "> print 5*5"), "up to the last character");
    pty_enter(&terminal, "\025watch");
    (void)pty_wait_for(&terminal, "space run");
    pty_enter(&terminal, "train 700; watch off");
    (void)pty_wait_for(&terminal, "space pause");
    pty_enter(&terminal, "print 3*3");
    pty_type(&terminal, "print 4*4");
    expect(pty_wait_for(&terminal, "the view is closed") && pty_wait_for(&terminal, "> print 4*4"),
           "and so is a line that waited while a command closed it");
    expect(pty_count_rows(&terminal, "9") > 0, "which runs");
    view_quit(&terminal);
}

static void test_answers(void)
{
    Pty terminal;

    view_open(&terminal);
    pty_enter(&terminal, "help");
    expect(pty_wait_for(&terminal, "more: PgDn"), "a long answer says that there is more");
    expect(pty_count_rows(&terminal, "build an experiment") == 1, "it begins at its beginning");
    expect(pty_count_rows(&terminal, "── gradients") == 1, "and leaves room for the picture");
    pty_type(&terminal, "\033[6~\033[6~\033[6~\033[6~\033[6~\033[6~");
    expect(pty_wait_for(&terminal, "say more"), "PgDn goes to its end");
    pty_type(&terminal, "\033");
    expect(pty_wait_for(&terminal, "── log"), "Escape puts it away");
    pty_type(&terminal, "\033[5~");
    expect(pty_wait_for(&terminal, "help"), "PgUp brings it back");
    pty_enter(&terminal, "net 784 1O");
    expect(pty_wait_for(&terminal, "'1O' is not a number"), "a mistake is explained");
    pty_enter(&terminal, "step 4; show loss");
    expect(pty_wait_for(&terminal, "loss"), "a panel can be an answer");
    pty_enter(&terminal, "train 40; print 6*7");
    expect(pty_wait_for(&terminal, "42"),
           "a training that is waited for ends, and its line goes on");
    pty_enter(&terminal, "train 900 epochs; print 343*1001");
    (void)pty_wait_for(&terminal, "space pause");
    pty_type(&terminal, "batch 9");
    expect(view_prompt_is(&terminal, "> batch 9"), "meanwhile the next line can be typed");
    pty_type(&terminal, "\003");
    expect(pty_wait_for(&terminal, "paused after step"), "^C pauses it");
    (void)view_prompt_is(&terminal, ">");
    expect(pty_count_rows(&terminal, "343343") == 0, "and the rest of the line does not run");
    view_quit(&terminal);
}

static void test_measuring(void)
{
    Pty terminal;

    view_open(&terminal);
    pty_enter(&terminal, "bench steps=100000");
    expect(pty_wait_for(&terminal, "bench 1 of 8: fp32"), "bench says what it measures");
    pty_type(&terminal, "\033[15~print 6*7");
    expect(view_prompt_is(&terminal, "> print 6*7"), "meanwhile the next line can be typed");
    pty_type(&terminal, "\003");
    expect(pty_wait_for(&terminal, "bench was ended"), "and ^C ends it");
    expect(pty_count_rows(&terminal, "RUN") == 0, "while keys start nothing beside it");
    pty_enter(&terminal, "\025print 6*7");
    expect(pty_wait_for(&terminal, "42"), "and the prompt goes on");
    view_quit(&terminal);
}

static void test_stages(void)
{
    Pty terminal;

    view_open(&terminal);
    pty_enter(&terminal, "fork b; fork c lr=1; view beside c; step 3");
    (void)pty_wait_for(&terminal, "── c ─");
    pty_enter(&terminal, "drop c");
    expect(pty_wait_for(&terminal, "── b ─"), "where the run beside is gone, another one is");
    pty_enter(&terminal, "view zoom loss; view freeze on");
    (void)pty_wait_for(&terminal, "view freeze on");
    pty_enter(&terminal, "demo scale");
    expect(pty_wait_for(&terminal, "── plain ─") && pty_wait_for(&terminal, "── log"),
           "a demo shows both runs whole, whatever was looked at");
    pty_enter(&terminal, "view zoom log");
    (void)pty_wait_for(&terminal, "view zoom log");
    pty_enter(&terminal, "demo silent");
    expect(pty_wait_for(&terminal, "silent and scaled:") && pty_wait_for(&terminal, "── loss") &&
               pty_wait_for(&terminal, "── log"),
           "and its words leave room for loss and log");
    pty_type(&terminal, "\004");
    (void)pty_wait_for(&terminal, "looks again");
    pty_enter(&terminal, "demo scale");
    expect(pty_wait_for(&terminal, "plain and scaled: loss scale 1") && terminal.alternate,
           "they stand in the view where the demo opens it");
    view_quit(&terminal);
}

static void test_shots(void)
{
    static const struct {
        const char *words, *size;
    } shots[] = {{"", "view, 100 columns by 30 rows"},
                 {" cols=60", "view, 60 columns by 30 rows"},
                 {" rows=20", "view, 100 columns by 20 rows"},
                 {" loss", "loss, 100 columns by 10 rows"}};
    char line[2 * PTY_PATH];
    Pty terminal;

    view_open_at(&terminal, 30, 100);
    for (size_t i = 0; i < sizeof shots / sizeof *shots; i++) {
        snprintf(line, sizeof line, "shot %s/a.txt%s", terminal.folder, shots[i].words);
        pty_enter(&terminal, line);
        expect(pty_wait_for(&terminal, shots[i].size), shots[i].size);
    }
    pty_resize(&terminal, 40, 90);
    (void)pty_wait_for_prompt(&terminal);
    snprintf(line, sizeof line, "shot %s/a.txt", terminal.folder);
    pty_enter(&terminal, line);
    expect(pty_wait_for(&terminal, "view, 90 columns by 40 rows"),
           "a shot of the view has the size of the screen of now");
    view_quit(&terminal);
}

/* A card's line stands in the prompt, once, also behind a line of one's own. */
static void test_card(void)
{
    Pty terminal;

    view_open(&terminal);
    pty_enter(&terminal, "lesson present L7");
    expect(view_prompt_is(&terminal, "> data fashion size=14; net 196 64 10; autocast fp16"),
           "a card puts its first line into the prompt");
    pty_type(&terminal, "\r");
    expect(view_prompt_is(&terminal, "> scale dynamic 2^24"), "Enter runs it, and the next comes");
    expect(pty_wait_for(&terminal, "card, line 2 of 7"), "the card shows how far it is");
    pty_type(&terminal, "\025");
    pty_enter(&terminal, "lesson poll a=12 b=7");
    expect(view_prompt_is(&terminal, "> scale dynamic 2^24"), "behind a poll it comes again");
    pty_type(&terminal, "\025");
    pty_enter(&terminal, "lesson off");
    expect(view_prompt_is(&terminal, ">"), "behind the card the prompt is one's own");
    view_quit(&terminal);
}

int main(void)
{
    test_editing();
    test_long_line();
    test_history_and_search();
    test_completion();
    test_pasting();
    test_keys();
    test_typing_ahead();
    test_card();
    test_answers();
    test_measuring();
    test_stages();
    test_shots();
    return expect_sum();
}
