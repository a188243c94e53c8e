/* Which commands of a lesson may change places, and which may not reach out. */
#include "repl/lesson_order.h"
#include "repl/lesson_mess.h"
#include "repl/lesson_reach.h"

#include <criterion/criterion.h>
#include <string.h>

typedef struct Order {
    const char *commands, *other; /* NULL: nothing changes */
} Order;

static const Order orders[] = {
    {"autocast fp16\nscale static 8\nclip off\ntrain 5",
     "clip off\nscale static 8\nautocast fp16\ntrain 5\n"},
    {"autocast fp16; scale static 8; train 5", "scale static 8\nautocast fp16\ntrain 5\n"},
    {"net \"linear 4; relu\"; seed 2", "seed 2\nnet \"linear 4; relu\"\n"},
    {"optim adam\nlr 0.1\nmaster off\nround kahan",
     "master off\nround kahan\noptim adam\nlr 0.1\n"},
    {"optim adam\nclip off\nlr 0.1", "clip off\noptim adam\nlr 0.1\n"},
    {"seed 1; batch 2; print loss; clip off; lr 1",
     "batch 2\nseed 1\nprint loss\nlr 1\nclip off\n"},
    {"lua a = 1; b = 2\nseed 1; lr 1", "lua a = 1; b = 2\nlr 1\nseed 1\n"},
    {"seed 1 # one\n# nothing\nlr 1", "lr 1\nseed 1\n"},
    {"scale static 8\nscale dynamic\ntrain 5", NULL},
    {"train 5\nautocast fp16\nscale static 8", NULL},
    {"reset; autocast fp16\ntrain 5; reset; clip off; lr 1", NULL},
    {"b: lr 1\nclip off", NULL},
    {"clip of\nlr 1", NULL},
    {"", NULL},
};

Test(lesson_order, settings_of_different_things_change_places_before_the_first_training)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        Text other = {0};
        bool changed = order_other(orders[i].commands, &other);

        cr_expect_eq(changed, orders[i].other != NULL, "%s", orders[i].commands);
        if (orders[i].other != NULL)
            cr_expect_str_eq(text_chars(&other), orders[i].other);
        text_release(&other);
    }
}

Test(lesson_reach, the_line_that_reaches_out_is_named)
{
    int line = 0;
    Status status = reach_of_text("train 1\n\n# save a\nbits 1; save a.safetensors", &line);

    cr_expect(failed(status));
    cr_expect_eq(line, 4);
    cr_expect(strstr(status.text, "save a.safetensors writes a file") != NULL, "%s", status.text);
}

Test(lesson_reach, what_stays_within_the_session_is_taken)
{
    int line;

    cr_expect_not(failed(reach_of_text("data fashion size=14\ndata text\nexport trace off\n"
                                       "inspect fc1.weight 0\nlua print(\"saved\")\nfork b",
                                       &line)));
}

Test(lesson_mess, the_same_lesson_gets_the_same_mess_and_no_line_of_it_twice)
{
    for (int n = 0; n < 30; n++) {
        cr_expect_str_eq(mess_line("six-boxes", 3, n), mess_line("six-boxes", 3, n));
        for (int m = 0; m < n; m++)
            cr_expect_neq(mess_line("six-boxes", 3, n), mess_line("six-boxes", 3, m));
    }
    cr_expect_str_neq(mess_line("six-boxes", 3, 0), mess_line("six-boxes", 4, 0));
}
