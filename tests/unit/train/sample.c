/* Sessions that learn from a text: what they write, keep, and hand to PyTorch. */
#include "rig.h"

#include "base/file.h"
#include "train/export.h"
#include "train/travel.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void open_text(void)
{
    Settings wanted;

    open_small();
    wanted = *session_settings(session);
    must(data_spec_parse("text", &wanted.data));
    wanted.data.context = 16;
    must(net_parse("embedding 12, position, linear 16, gelu, linear", "relu", &wanted.net));
    wanted.batch = 8;
    wanted.optim.lr = 0.01;
    apply(&wanted);
    must(session_problem(session));
}

TestSuite(sample, .init = open_text, .fini = close_all);

static char *written(const char *from, double temperature, uint64_t seed)
{
    static char kept[4][512];
    static int turn;
    char *text = kept[turn++ % 4];
    SampleSpec spec = {.from = from, .count = 60, .temperature = temperature, .seed = seed};
    Text words = {0};

    must(session_sample(session, &spec, &words));
    text_copy(text, sizeof kept[0], text_chars(&words));
    text_release(&words);
    return text;
}

Test(sample, the_same_weights_and_seed_write_the_same_and_others_do_not)
{
    const char *first;

    train(20);
    first = written("Mr. ", 1.0, 5);
    cr_expect_eq(strlen(first), 64);
    cr_expect_eq(strncmp(first, "Mr. ", 4), 0);
    cr_expect_str_eq(written("Mr. ", 1.0, 5), first);
    cr_expect_str_neq(written("Mr. ", 1.0, 6), first);
    train(40);
    cr_expect_str_neq(written("Mr. ", 1.0, 5), first);
    cr_expect_str_eq(written("Mr. ", 0.0, 1), written("Mr. ", 0.0, 2));
}

Test(sample, what_comes_next_is_what_the_network_gives_for_the_last_character)
{
    train(150);
    cr_expect_eq(written("t", 0.0, 1)[1], 'h');
    cr_expect_eq(written("It was the t", 0.0, 1)[12], 'h');
    cr_expect_eq(written("It is a truth universally acknowledged t", 0.0, 1)[40], 'h');
    cr_expect_eq(written("It is a truth universally acknowledged,", 0.0, 1)[39], ' ');
}

Test(sample, of_a_long_beginning_the_network_sees_the_last_characters)
{
    const char *longer, *shorter;
    Settings wanted = *session_settings(session);

    must(net_parse("embedding 12, position, attention 2, linear", "relu", &wanted.net));
    apply(&wanted);
    train(20);
    shorter = written("house in town or", 1.0, 5); /* all of a window */
    longer = written("It was nothing, and then a house in town or", 1.0, 5);
    cr_expect_str_eq(longer + 43, shorter + 16);
    cr_expect_str_neq(written("a house in a tow", 1.0, 5) + 16, shorter + 16);
}

Test(sample, writing_changes_nothing_of_the_run)
{
    Snapshot plain;
    int64_t told;

    train(30);
    look();
    plain = seen(0);
    must(session_reset(session));
    train(15);
    told = look()->events.total;
    (void)written(NULL, 1.0, 3);
    cr_expect_eq(look()->step, 15);
    cr_expect_eq(now.events.total, told);
    train(15);
    look();
    cr_expect_eq(now.loss.value, plain.loss.value);
    cr_expect_eq(now.batch_loss.value, plain.batch_loss.value);
    cr_expect_eq(now.scaler.scale, plain.scaler.scale);
}

Test(sample, a_training_goes_on_while_it_writes)
{
    Goal endless = {.steps = 0};
    int64_t before;

    must(session_start(session, &endless));
    cr_expect_eq(strlen(written("A", 1.0, 1)), 61);
    cr_expect(session_training(session));
    before = look()->step;
    while (look()->step <= before)
        ;
    session_pause(session);
    while (!session_wait(session, 1.0))
        ;
    must(session_result(session));
}

Test(sample, what_cannot_be_written_is_refused)
{
    SampleSpec spec = {.from = "\xC3\xA9", .count = 3, .temperature = 1.0};
    Settings wanted = *session_settings(session);
    Text words = {0};

    cr_expect_eq(session_sample(session, &spec, &words).code, STATUS_USAGE);
    spec.from = "a\xE9";
    cr_expect_eq(session_sample(session, &spec, &words).code, STATUS_USAGE);
    spec.from = NULL;
    wanted.scaler.mode = SCALE_OFF;
    wanted.optim.lr = 1e30;
    apply(&wanted);
    train(3);
    cr_expect_eq(session_sample(session, &spec, &words).code, STATUS_UNSUPPORTED);
    must(net_parse("linear 3", "relu", &wanted.net));
    apply(&wanted);
    cr_expect_eq(session_sample(session, &spec, &words).code, STATUS_SHAPE);
    must(data_spec_parse("spirals", &wanted.data));
    wanted.data.context = 0;
    apply(&wanted);
    cr_expect_eq(session_sample(session, &spec, &words).code, STATUS_UNSUPPORTED);
    text_release(&words);
}

Test(sample, accuracy_is_the_share_of_held_out_characters_and_falls_to_that_of_the_commonest)
{
    Settings wanted = *session_settings(session);

    wanted.optim.lr = 0.05;
    apply(&wanted);
    train(60);
    must(session_measure(session, (ExprNeeds){.accuracy = true}, &now));
    cr_expect_gt(now.accuracy.value, 0.1); /* a blank is 0.18 of the characters */
    cr_expect_lt(now.accuracy.value, 0.5);
    cr_expect_lt(now.loss.value, log(75.0));
}

Test(sample, a_file_and_a_step_back_bring_back_what_it_wrote)
{
    char path[] = "/tmp/halfstep-sample-XXXXXX", *first;
    Text what = {0};
    int64_t step;
    int file = mkstemp(path);

    cr_assert_geq(file, 0);
    close(file);
    train(25);
    first = written(NULL, 1.0, 9);
    must(session_save(session, path, &step));
    train(10);
    must(session_load(session, path, &what));
    cr_expect_eq(look()->step, 25);
    cr_expect_str_eq(session_settings(session)->data.kind, "text");
    cr_expect_eq(session_settings(session)->data.context, 16);
    cr_expect_str_eq(written(NULL, 1.0, 9), first);
    train(3);
    text_release(&what);
    unlink(path);
}

/* As many characters, one of which is another: each row of the table would be that of its neighbour. */
Test(sample, a_run_is_not_loaded_over_a_text_of_other_characters)
{
    char text[] = "/tmp/halfstep-sample-XXXXXX", run[] = "/tmp/halfstep-sample-XXXXXX", words[200];
    Settings wanted = *session_settings(session);
    Text what = {0};
    int64_t step;

    close(mkstemp(text));
    close(mkstemp(run));
    for (int i = 0; i < 200; i++)
        words[i] = "bdfh"[i * i % 7 % 4];
    must(file_write(text, words, sizeof words));
    text_copy(wanted.data.path, sizeof wanted.data.path, text);
    apply(&wanted);
    must(session_problem(session));
    must(session_save(session, run, &step));
    must(session_load(session, run, &what));
    for (int i = 0; i < 200; i++)
        if (words[i] == 'd')
            words[i] = 'g';
    must(file_write(text, words, sizeof words));
    cr_expect_eq(session_load(session, run, &what).code, STATUS_SHAPE);
    text_release(&what);
    unlink(text);
    unlink(run);
}

static char *exported(const char *folder)
{
    char path[96];
    Bytes bytes;
    char *text;

    snprintf(path, sizeof path, "%s/a.py", folder);
    must(session_export_pytorch(session, path));
    must(file_read(path, 1 << 24, &bytes));
    text = strndup((const char *)bytes.data, bytes.count);
    bytes_release(&bytes);
    return text;
}

Test(sample, pytorch_gets_the_text_and_the_layers_that_it_has_not)
{
    char folder[] = "/tmp/halfstep-sample-XXXXXX", command[96], *text;

    cr_assert_not_null(mkdtemp(folder));
    text = exported(folder);
    cr_expect_not_null(strstr(text, "CONTEXT = 16  # characters of an example"));
    cr_expect_not_null(strstr(text, "class Position(nn.Module):"));
    cr_expect_not_null(strstr(text, "(\"emb1\", nn.Embedding(75, 12)),\n"
                                    "        (\"pos1\", Position(16, 12)),\n"
                                    "        (\"fc1\", nn.Linear(12, 16)),"));
    cr_expect_not_null(strstr(text, "(\"fc2\", nn.Linear(16, 75)),"));
    free(text);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}
