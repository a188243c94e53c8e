#include "data/data.h"
#include "scratch.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(text, .init = scratch_make, .fini = scratch_remove);

static DataSpec spec_of(const char *name, int64_t context)
{
    DataSpec spec = scratch_spec("text", name);

    spec.context = context;
    return spec;
}

static void put(const char *name, const char *text)
{
    scratch_put(name, text, strlen(text));
}

/* A hundred characters: "bacab" and so on. */
static void put_hundred(void)
{
    char text[101] = "";

    for (int i = 0; i < 100; i++)
        text[i] = "bac"[i * i % 7 % 3];
    put("hundred", text);
}

Test(text, the_vocabulary_is_what_occurs_in_order_and_characters_are_code_points)
{
    DataSpec spec = spec_of("mixed", 1);
    Dataset *set;

    put("mixed", "\xEF\xBB\xBFz\xC3\xA9"
                 "a\xE2\x82\xAC\nza\xF0\x9F\x98\x80\xC3\xA9zzzzzzzzzzzzzzz");
    set = loaded(&spec);
    cr_expect_eq(set->text_count, 24);
    cr_assert_eq(set->class_count, 6);
    cr_expect_eq(set->characters[0], '\n');
    cr_expect_eq(set->characters[1], 'a');
    cr_expect_eq(set->characters[2], 'z');
    cr_expect_eq(set->characters[3], 0xE9);
    cr_expect_eq(set->characters[4], 0x20AC);
    cr_expect_eq(set->characters[5], 0x1F600);
    cr_expect_eq(set->inputs[0], 2.0f);
    cr_expect_eq(set->inputs[1], 3.0f);
    cr_expect_eq(set->inputs[7], 5.0f);
    cr_expect_null(set->labels);
    cr_expect_null(set->targets);
    data_free(set);
}

Test(text, the_first_nine_tenths_are_to_train_and_the_last_is_held_out_each_cut_into_windows)
{
    DataSpec spec = spec_of("hundred", 4);
    Dataset *set;

    put_hundred();
    set = loaded(&spec);
    cr_expect_eq(set->features, 4);
    cr_expect_eq(set->rank, 1);
    cr_expect_eq(set->shape[0], 4);
    cr_expect_eq(set->held_out_from, 90);
    cr_expect_eq(set->train_count, 21); /* 22 side by side, but for one that makes room to shift */
    cr_expect_eq(set->test_count, 2);
    data_free(set);
    spec.context = 5;
    set = loaded(&spec);
    cr_expect_eq(set->test_count, 1); /* ten characters, the last of which tells nothing */
    data_free(set);
    spec.context = 4;
    spec.limit = 5;
    set = loaded(&spec);
    cr_expect_eq(set->train_count, 5);
    cr_expect_eq(set->test_count, 2);
    cr_expect_eq(set->text_count, 100);
    data_free(set);
}

Test(text, every_epoch_cuts_anew_and_no_window_reaches_into_what_is_held_out)
{
    DataSpec spec = spec_of("hundred", 8);
    bool shifted[8] = {false};
    int32_t order[16];
    Dataset *set;

    put_hundred();
    set = loaded(&spec);
    cr_assert_eq(set->train_count, 10);
    for (int64_t epoch = 0; epoch < 60; epoch++) {
        bool had[16] = {false};

        data_order(&spec, set, 5, epoch, order);
        for (int i = 0; i < 10; i++) {
            cr_assert(order[i] >= 0 && order[i] + 8 < 90, "%d", order[i]);
            cr_expect_eq(order[i] % 8, order[0] % 8);
            cr_expect_not(had[order[i] / 8]);
            had[order[i] / 8] = true;
        }
        shifted[order[0] % 8] = true;
    }
    for (int i = 0; i < 8; i++)
        cr_expect(shifted[i], "%d", i);
    spec.shuffle = false;
    data_order(&spec, set, 5, 3, order);
    for (int i = 0; i < 10; i++)
        cr_expect_eq(order[i], 8 * i);
    data_free(set);
}

Test(text, without_a_path_it_is_the_novel_that_comes_along)
{
    DataSpec spec = data_spec_default();
    Dataset *set;
    char begins[12] = "";

    setenv("HALFSTEP_DATASETS", "datasets", 1);
    cr_assert_not(failed(data_spec_parse("text", &spec)));
    set = loaded(&spec);
    cr_expect_eq(set->text_count, 684768);
    cr_expect_eq(set->class_count, 75);
    cr_expect_eq(set->features, 128);
    for (int i = 0; i < 11; i++)
        begins[i] = (char)set->characters[(int)set->inputs[i]];
    cr_expect_str_eq(begins, "PRIDE AND P");
    data_free(set);
}

Test(text, what_is_no_text_to_learn_from_is_refused)
{
    static char many[3 * 9000 + 1];
    DataSpec spec = spec_of("a", 4);
    int at = 0;

    refuses(&spec, STATUS_IO, "cannot read");
    put("a", "");
    refuses(&spec, STATUS_IO, "has 0 characters; a text has 20 at least");
    put("a", "a text of 19 letter");
    refuses(&spec, STATUS_IO, "has 19 characters; a text has 20 at least");
    put("a", "a text that has some thirty letters..");
    refuses(&spec, STATUS_IO,
            "has 37 characters, and examples of 4 want 50 of them; say context=2");
    put("a", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
    refuses(&spec, STATUS_IO, "one character over and over");
    put("a", "one\ntwo\nth\xE9"
             "e");
    refuses(&spec, STATUS_IO, "is not UTF-8: line 3");
    scratch_put("a", "nul\0byte", 8);
    refuses(&spec, STATUS_IO, "is not UTF-8: line 1");
    put("a", "cut short \xE2\x82");
    refuses(&spec, STATUS_IO, "is not UTF-8: line 1");
    for (int i = 0; i < 9000; i++)
        at += sprintf(many + at, "%c%c%c", 0xE0 | (0x3000 + i) >> 12,
                      0x80 | ((0x3000 + i) >> 6 & 63), 0x80 | (i & 63));
    put("a", many);
    refuses(&spec, STATUS_IO, "has 9000 different characters, and a text may have 8192");
}

Test(text, what_a_text_cannot_do_is_refused)
{
    DataSpec spec = spec_of("hundred", 4);

    put_hundred();
    spec.size = 3;
    refuses(&spec, STATUS_USAGE, "a text has none");
    spec.size = 0;
    spec.gain = 2.0;
    refuses(&spec, STATUS_USAGE, "gain is about numbers");
    spec.gain = 1.0;
    spec.target_input = true;
    refuses(&spec, STATUS_USAGE, "target=input is about numbers");
    spec = data_spec_default();
    spec.context = 4;
    refuses(&spec, STATUS_USAGE, "context is chosen for text only");
}

Test(text, is_printed_as_it_is_typed)
{
    DataSpec spec = data_spec_default();
    char words[64];

    cr_assert_not(failed(data_spec_parse("text:a b.txt", &spec)));
    spec.context = 32;
    data_spec_print(&spec, words, sizeof words);
    cr_expect_str_eq(words, "\"text:a b.txt\" context=32");
    cr_expect(failed(data_spec_parse("text a.txt", &spec)));
    cr_assert_not(failed(data_spec_parse("text", &spec)));
    cr_expect_str_eq(spec.path, "");
}
