#include "sample.h"

#include "base/file.h"
#include "lesson/progress.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(progress, .init = folder_begin, .fini = folder_end);

static Ledger open_ledger(Text *trouble)
{
    Ledger ledger = {.count = 0};
    Status status = ledger_open(in_folder("p.txt"), &ledger, trouble);

    cr_assert(!failed(status), "%s", status.text);
    return ledger;
}

static void write_ledger(Ledger *ledger)
{
    Status status = ledger_write(in_folder("p.txt"), ledger);

    cr_assert(!failed(status), "%s", status.text);
}

Test(progress, what_was_done_is_there_the_next_time)
{
    Text trouble = {0};
    Ledger ledger = open_ledger(&trouble), again;
    StepMark *mark = ledger_mark(&ledger, "tiny", "act");

    mark->verdict = VERDICT_DONE;
    mark->attempts = 3;
    mark->hints = 1;
    mark->solution = true;
    mark->version = 7;
    ledger_place(&ledger, "tiny", "number");
    write_ledger(&ledger);
    again = open_ledger(&trouble);
    cr_expect_eq(trouble.length, 0);
    cr_expect_str_eq(again.lesson, "tiny");
    cr_expect_str_eq(again.step, "number");
    cr_assert_not_null(ledger_find(&again, "tiny", "act"));
    cr_expect_eq(ledger_find(&again, "tiny", "act")->verdict, VERDICT_DONE);
    cr_expect_eq(ledger_find(&again, "tiny", "act")->attempts, 3);
    cr_expect_eq(ledger_find(&again, "tiny", "act")->version, 7);
    cr_expect(ledger_find(&again, "tiny", "act")->solution);
    cr_expect_null(ledger_find(&again, "tiny", "why"));
    ledger_release(&ledger);
    ledger_release(&again);
}

Test(progress, two_sessions_keep_what_the_other_did)
{
    Text trouble = {0};
    Ledger one = open_ledger(&trouble), other = open_ledger(&trouble), end;

    ledger_mark(&one, "tiny", "act")->verdict = VERDICT_DONE;
    ledger_mark(&other, "tiny", "act")->verdict = VERDICT_SKIPPED;
    ledger_mark(&other, "tiny", "why")->verdict = VERDICT_DONE;
    write_ledger(&one);
    write_ledger(&other);
    ledger_mark(&one, "tiny", "number")->verdict = VERDICT_DONE;
    write_ledger(&one);
    end = open_ledger(&trouble);
    cr_expect_eq(end.count, 3);
    cr_expect_eq(ledger_find(&end, "tiny", "act")->verdict, VERDICT_DONE);
    cr_expect_eq(ledger_find(&end, "tiny", "why")->verdict, VERDICT_DONE);
    ledger_release(&one);
    ledger_release(&other);
    ledger_release(&end);
}

Test(progress, a_forgotten_lesson_stays_forgotten_and_others_stay)
{
    Text trouble = {0};
    Ledger ledger = open_ledger(&trouble), end;

    ledger_mark(&ledger, "tiny", "act")->verdict = VERDICT_DONE;
    ledger_mark(&ledger, "other", "act")->verdict = VERDICT_DONE;
    write_ledger(&ledger);
    ledger_forget(&ledger, "tiny");
    write_ledger(&ledger);
    end = open_ledger(&trouble);
    cr_expect_null(ledger_find(&end, "tiny", "act"));
    cr_expect_not_null(ledger_find(&end, "other", "act"));
    ledger_release(&ledger);
    ledger_release(&end);
}

Test(progress, a_damaged_file_is_set_aside_and_what_can_be_read_is_kept)
{
    Text trouble = {0};
    Ledger ledger, end;

    put(in_folder("p.txt"), "# halfstep lessons 1\n"
                            "step tiny act done attempts=1 hints=0 solution=0 version=1\n"
                            "step tiny \x01\x02 half a li");
    ledger = open_ledger(&trouble);
    cr_expect(strstr(text_chars(&trouble), "set aside") != NULL, "%s", text_chars(&trouble));
    cr_expect(file_exists(in_folder("p.txt.damaged")));
    cr_expect_not_null(ledger_find(&ledger, "tiny", "act"));
    text_clear(&trouble);
    end = open_ledger(&trouble);
    cr_expect_eq(trouble.length, 0);
    cr_expect_not_null(ledger_find(&end, "tiny", "act"));
    ledger_release(&ledger);
    ledger_release(&end);
    text_release(&trouble);
}

static void write_for_ever(void)
{
    Ledger ledger = {.count = 0};
    Text trouble = {0};
    char step[LESSON_ID];

    for (int i = 0;; i++) {
        snprintf(step, sizeof step, "s%d", i % 50);
        if (failed(ledger_open(in_folder("p.txt"), &ledger, &trouble)) || trouble.length > 0)
            _exit(1);
        ledger_mark(&ledger, "tiny", step)->verdict = VERDICT_DONE;
        if (failed(ledger_write(in_folder("p.txt"), &ledger)))
            _exit(1);
        ledger_release(&ledger);
    }
}

Test(progress, killed_at_any_moment_the_file_is_whole)
{
    Text trouble = {0};

    for (int i = 0; i < 20; i++) {
        int status;
        pid_t child = fork();
        Ledger ledger;

        cr_assert_geq(child, 0);
        if (child == 0)
            write_for_ever();
        usleep(3000 + 997 * (useconds_t)i);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        cr_assert(WIFSIGNALED(status));
        ledger = open_ledger(&trouble);
        cr_assert_eq(trouble.length, 0, "%s", text_chars(&trouble));
        ledger_release(&ledger);
    }
}

Test(progress, lines_may_end_as_some_editors_end_them)
{
    Text trouble = {0};
    Ledger ledger;

    put(in_folder("p.txt"), "# halfstep lessons 1\r\nlang zh\r\nat tiny act\r\n"
                            "step tiny act done attempts=1 hints=0 solution=0 version=1\r\n");
    ledger = open_ledger(&trouble);
    cr_expect_eq(trouble.length, 0);
    cr_expect_str_eq(ledger.lang, "zh");
    cr_expect_str_eq(ledger.step, "act");
    cr_assert_not_null(ledger_find(&ledger, "tiny", "act"));
    cr_expect_eq(ledger_find(&ledger, "tiny", "act")->version, 1);
    ledger_release(&ledger);
}
