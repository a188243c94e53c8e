/* The program itself on a terminal of its own: completion, history, Ctrl-C while it trains, the
 * live view, resizing, suspending, pasting.
 *
 * $HALFSTEP names the program (build/halfstep).
 */
#include "console.h"
#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program_path(void)
{
    const char *path = getenv("HALFSTEP");

    return path == NULL ? "build/halfstep" : path;
}

static int run_program(void)
{
    execl(program_path(), "halfstep", "--backend", "cpu", "--threads", "1", (char *)NULL);
    perror(program_path());
    return 1;
}

static int run_as_job(void)
{
    return pty_run_job(run_program);
}

static void open_program(Pty *terminal)
{
    pty_open(terminal, &(PtyProgram){.run = run_program});
}

static void test_banner(void)
{
    Pty terminal;
    char line[PTY_LINE];

    open_program(&terminal);
    expect(pty_wait_for(&terminal, "type watch, train, help"), "a banner says what to type");
    expect(pty_wait_for_prompt(&terminal), "a prompt follows");
    pty_row(&terminal, 0, line);
    expect(strstr(line, "cpu") != NULL, "its first line names what computes");
    pty_type(&terminal, "\004");
    expect(pty_end(&terminal) == 0, "^D on an empty line ends the program");
    expect(pty_is_cooked(&terminal), "and the terminal is as it was");
    pty_close(&terminal);
}

static void test_completion(void)
{
    Pty terminal;

    open_program(&terminal);
    (void)pty_wait_for_prompt(&terminal);
    pty_type(&terminal, "autoc\tbf\t");
    expect(pty_wait_for(&terminal, "> autocast bf16"), "Tab completes a command and its value");
    pty_type(&terminal, "\r");
    (void)pty_wait_for_prompt(&terminal);
    pty_type(&terminal, "scale dyn\tint\t50");
    expect(pty_wait_for(&terminal, "> scale dynamic interval=50"),
           "Tab completes a key, without a blank");
    pty_type(&terminal, "\025");
    pty_type(&terminal, "print underf\t\"fc2.o\t.\t)");
    expect(pty_wait_for(&terminal, "> print underflow(\"fc2.out.grad\")"),
           "Tab completes a metric and a tensor, with its closing quote");
    pty_type(&terminal, "\025");
    pty_type(&terminal, "sc\t\t");
    expect(pty_wait_for(&terminal, "> scale"), "Tab completes what is unique");
    pty_type(&terminal, "\025s\t\t");
    expect(pty_wait_for(&terminal, "source"), "Tab twice lists what there is");
    pty_type(&terminal, "\025quit\r");
    expect(pty_end(&terminal) == 0, "quit ends the program");
    pty_close(&terminal);
}

static void test_wrapping(void)
{
    Pty terminal;

    pty_open(&terminal, &(PtyProgram){.run = run_program, .cols = 40});
    (void)pty_wait_for_prompt(&terminal);
    pty_enter(&terminal, "scale 0");
    expect(pty_wait_for(&terminal, "most 3.4e38, what fp32"),
           "a message goes on with a whole word");
    pty_type(&terminal, "\004");
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

static void test_history(void)
{
    Pty first, second;

    open_program(&first);
    pty_enter(&first, "batch 32");
    pty_enter(&first, "quit");
    (void)pty_end(&first);
    pty_open(&second, &(PtyProgram){.run = run_program, .folder = first.folder});
    (void)pty_wait_for_prompt(&second);
    pty_type(&second, "\033[A\033[A");
    expect(pty_wait_for(&second, "> batch 32"), "a line of the last session can be called back");
    pty_type(&second, "\025quit\r");
    (void)pty_end(&second);
    pty_close(&first);
    pty_close(&second);
}

static void test_interrupt(void)
{
    Pty terminal;

    open_program(&terminal);
    (void)pty_wait_for_prompt(&terminal);
    pty_type(&terminal, "half a line");
    (void)pty_wait_for(&terminal, "> half a line");
    pty_type(&terminal, "\003");
    expect(pty_wait_for_prompt(&terminal), "^C at the prompt clears the line");
    pty_enter(&terminal, "step 5; print step");
    (void)pty_wait_for(&terminal, "5/5");
    pty_enter(&terminal, "train 900 epochs; print \"not\" .. \"reached\"");
    expect(pty_wait_for(&terminal, "/112,500"), "a bar shows how far the training is");
    expect(pty_count_rows(&terminal, "/112,500") == 1, "it is drawn on one line");
    pty_type(&terminal, "\003");
    expect(pty_wait_for(&terminal, "paused after step"), "^C pauses");
    expect(pty_wait_for_prompt(&terminal), "and returns to the prompt");
    expect(pty_count_rows(&terminal, "notreached") == 0, "the rest of the line does not run");
    pty_enter(&terminal, "print step > 5");
    expect(pty_wait_for(&terminal, "true"), "the run is intact");
    pty_enter(&terminal, "train 3");
    expect(pty_wait_for(&terminal, "3/3"), "and goes on");
    pty_enter(&terminal, "quit");
    expect(pty_end(&terminal) == 0, "quit ends the program");
    pty_close(&terminal);
}

static void test_interrupted_bench(void)
{
    Pty terminal;

    open_program(&terminal);
    pty_enter(&terminal, "train 3; bench; print \"not\" .. \"reached\"");
    expect(pty_wait_for(&terminal, "bench 2 of 8: fp32, probes on"), "a bench says where it is");
    pty_type(&terminal, "\003");
    expect(pty_wait_for(&terminal, "the run is as it was before"), "^C ends a bench");
    expect(pty_wait_for_prompt(&terminal), "and returns to the prompt");
    expect(pty_count_rows(&terminal, "ms/step") == 0, "without a table");
    expect(pty_count_rows(&terminal, "notreached") == 0, "and without the rest of the line");
    pty_enter(&terminal, "print step == 3");
    expect(pty_wait_for(&terminal, "true"), "the run is intact");
    pty_enter(&terminal, "bench fp32 steps=1");
    expect(pty_wait_for(&terminal, "no speed-up to show"), "a bench can follow");
    pty_enter(&terminal, "quit");
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

static void test_interrupted_check(void)
{
    Pty terminal;

    open_program(&terminal);
    pty_enter(&terminal, "lua mine = 5");
    pty_enter(&terminal, "train 3; print \"be\" .. \"gins\"; lesson check --all");
    (void)pty_wait_for(&terminal, "begins");
    usleep(300000);
    pty_type(&terminal, "\003");
    expect(pty_wait_for(&terminal, "not finished"), "^C ends a check of lessons, which is no ok");
    expect(pty_wait_for_prompt(&terminal), "and returns to the prompt");
    pty_enter(&terminal, "print step == 3");
    expect(pty_wait_for(&terminal, "true"), "the run is as it was");
    pty_enter(&terminal, "lua mine + 37");
    expect(pty_wait_for(&terminal, "42"), "and so is what Lua remembers");
    pty_enter(&terminal, "lesson off");
    expect(pty_wait_for(&terminal, "off belongs into a lesson"), "no lesson is left behind");
    pty_enter(&terminal, "quit");
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

static void test_travel(void)
{
    Pty terminal;

    open_program(&terminal);
    pty_enter(&terminal, "break when step >= 30; run");
    expect(pty_wait_for(&terminal, "training on and on"), "it trains with the prompt free");
    usleep(500000);
    pty_enter(&terminal, "pause");
    expect(pty_wait_for(&terminal, "stopped after step 30 by break 1"), "a break stops it");
    pty_enter(&terminal, "mark good; train 300; rewind 1; print \"not\" .. \"reached\"");
    (void)pty_wait_for(&terminal, "300/300");
    pty_type(&terminal, "\003");
    expect(pty_wait_for_prompt(&terminal), "^C ends a journey");
    expect(pty_count_rows(&terminal, "notreached") == 0, "and the rest of the line does not run");
    pty_enter(&terminal, "print step == 330");
    expect(pty_wait_for(&terminal, "true"), "the run is where it was");
    pty_type(&terminal, "rewind to go\t");
    expect(pty_wait_for(&terminal, "> rewind to good"), "marks are completed");
    pty_type(&terminal, "\r");
    expect(pty_wait_for(&terminal, "step 30; rewind forward"), "and lead back");
    pty_enter(&terminal, "quit");
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

static void test_lines(void)
{
    Pty terminal;

    open_program(&terminal);
    pty_enter(&terminal, "net 784 256 128 1O");
    expect(pty_wait_for(&terminal, "'1O' is not a number"), "a mistake is explained");
    expect(pty_count_rows(&terminal, "^~") == 1, "with a caret under it");
    pty_enter(&terminal, "his");
    expect(pty_wait_for(&terminal, "nothing has been trained"), "a verb may be shortened");
    pty_enter(&terminal, "\033[200~batch 31\nprint 1 # one\033[201~");
    (void)pty_wait_for_prompt(&terminal);
    pty_enter(&terminal, "batch");
    expect(pty_wait_for(&terminal, "batch 31"), "pasted lines are lines");
    pty_enter(&terminal, "quit");
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

static void test_watch(void)
{
    Pty terminal;

    open_program(&terminal);
    pty_enter(&terminal, "watch");
    expect(pty_wait_for(&terminal, "space run"), "the view opens and says what may be typed");
    expect(terminal.alternate, "on a screen of its own");
    pty_enter(&terminal, "run");
    expect(pty_wait_for(&terminal, "space pause"), "commands are typed below it");
    expect(pty_wait_for(&terminal, "training on and on"), "and answered there");
    pty_enter(&terminal, "watch off");
    expect(pty_wait_for(&terminal, "the training goes on"), "watch off leaves the training alone");
    expect(!terminal.alternate, "the screen is given back");
    pty_enter(&terminal, "print step > 0; pace");
    expect(pty_wait_for(&terminal, "true"), "the run can be asked");
    expect(pty_wait_for(&terminal, "pace max"), "the pace is what it was");
    pty_enter(&terminal, "quit");
    expect(pty_end(&terminal) == 0, "quit ends the program while it trains");
    pty_close(&terminal);
}

static void test_suspending(void)
{
    Pty terminal;

    pty_open(&terminal, &(PtyProgram){.run = run_as_job});
    (void)pty_wait_for_prompt(&terminal);
    pty_type(&terminal, "batch 12");
    (void)pty_wait_for(&terminal, "> batch 12");
    pty_type(&terminal, "\032");
    expect(pty_wait_for(&terminal, "job stopped"), "^Z at the prompt stops the program");
    pty_type(&terminal, "\n");
    pty_type(&terminal, "8\r");
    expect(pty_wait_for(&terminal, "batch 128"), "and what was typed is still there");
    pty_enter(&terminal, "watch");
    (void)pty_wait_for(&terminal, "space run");
    pty_type(&terminal, "half");
    (void)pty_wait_for(&terminal, "> half");
    pty_type(&terminal, "\032");
    expect(pty_wait_for(&terminal, "job stopped") && !terminal.alternate, "^Z in the view, too");
    pty_type(&terminal, "\n");
    expect(pty_wait_for(&terminal, "space run"), "and the view comes back");
    expect(pty_wait_for(&terminal, "> half"), "with what was typed");
    pty_type(&terminal, "\025quit\r");
    expect(pty_end(&terminal) == 0, "quit ends the program");
    pty_close(&terminal);
}

static void test_vanishing(void)
{
    Pty terminal;
    int status;

    open_program(&terminal);
    pty_enter(&terminal, "run");
    (void)pty_wait_for_prompt(&terminal);
    pty_hang_up(&terminal);
    status = pty_wait(&terminal);
    expect(WIFEXITED(status) || WIFSIGNALED(status), "a terminal that goes ends the program");
    pty_close(&terminal);
}

int main(void)
{
    test_banner();
    test_completion();
    test_wrapping();
    test_history();
    test_interrupt();
    test_interrupted_bench();
    test_interrupted_check();
    test_travel();
    test_lines();
    test_watch();
    test_suspending();
    test_vanishing();
    return expect_sum();
}
