/* Runs without master weights in files, forks, scripts and PyTorch's words. */
#include "rig.h"

#include "base/file.h"
#include "train/export.h"
#include "train/tensor_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static const char *at(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void open_folder(void)
{
    strcpy(folder, "/tmp/halfstep-masters-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    open_small();
}

static void close_folder(void)
{
    static const char *const names[] = {"a", "a.halfstep", "a.py", "a.safetensors"};

    close_all();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(at(names[i]));
    rmdir(folder);
}

TestSuite(masters_kept, .init = open_folder, .fini = close_folder);

/* Trains on, and goes back and does it again. */
static void expect_saved(WeightRounding rounding)
{
    Snapshot first, again;
    Text what = {0};
    int64_t step;

    begin_without_masters(FORMAT_BF16, rounding);
    say_setting("optim momentum lr=0.01 states=fp16");
    train(10);
    must(session_save(session, at("a"), &step));
    train(15);
    first = *look();
    must(session_load(session, at("a"), &what));
    text_release(&what);
    cr_expect_eq(session_settings(session)->rounding, rounding);
    cr_expect_not(session_settings(session)->master);
    cr_expect_eq(session_settings(session)->optim.states, FORMAT_FP16);
    train(15);
    again = *look();
    expect_same_losses(&first, &again);
}

Test(masters_kept, a_saved_run_goes_on_to_the_bit_however_it_rounds)
{
    for (WeightRounding rounding = ROUNDING_NEAREST; rounding < ROUNDING_COUNT; rounding++)
        expect_saved(rounding);
}

static Format format_in(const TensorFile *file, const char *name)
{
    size_t i = 0;

    while (i < file->tensor_count && strcmp(file->tensors[i].name, name) != 0)
        i++;
    cr_assert_lt(i, file->tensor_count, "there is no %s in the file", name);
    return file->tensors[i].format;
}

Test(masters_kept, stand_in_a_file_in_the_format_that_they_are_kept_in)
{
    TensorFile file;
    int64_t step;

    begin_without_masters(FORMAT_BF16, ROUNDING_KAHAN);
    say_setting("optim momentum lr=0.01 states=fp16");
    train(2);
    must(session_save(session, at("a"), &step));
    must(tensor_file_read(at("a"), 1 << 24, &file));
    cr_expect_eq(format_in(&file, "fc1.weight"), FORMAT_BF16);
    cr_expect_eq(format_in(&file, "fc1.weight.compensation"), FORMAT_BF16);
    cr_expect_eq(format_in(&file, "fc1.weight.momentum_buffer"), FORMAT_FP16);
    tensor_file_release(&file);
}

Test(masters_kept, a_fork_goes_on_as_its_parent_and_may_do_without)
{
    ForkSpec spec;

    begin_without_masters(FORMAT_BF16, ROUNDING_KAHAN);
    train(5);
    spec = same("b");
    fork_run(&spec);
    spec = same("c");
    spec.settings.rounding = ROUNDING_NEAREST;
    spec.settings.master = true;
    fork_run(&spec);
    train(10);
    cr_expect_eq(session_first_difference(session, 0, 1), -1);
    cr_expect_gt(session_first_difference(session, 0, 2), 5);
}

Test(masters_kept, undo_brings_back_how_the_run_was_kept)
{
    Snapshot before, after;
    Text what = {0};

    begin_without_masters(FORMAT_BF16, ROUNDING_STOCHASTIC);
    train(10);
    before = *look();
    say_setting("net 2 8 2 act=tanh");
    say_setting("round nearest");
    say_setting("master on");
    must(session_undo(session, &what));
    text_release(&what);
    after = *look();
    cr_expect_eq(after.weights, FORMAT_BF16);
    cr_expect_str_eq(after.rounding, "stochastic");
    expect_same_losses(&before, &after);
}

static Settings read_back(const char *text)
{
    Settings settings = settings_default();

    settings.master = false;
    settings.rounding = ROUNDING_KAHAN;
    must(settings_read(text, &settings));
    return settings;
}

Test(masters_kept, files_from_before_there_was_a_choice_are_read)
{
    Settings settings = settings_default();
    Text text = {0};

    settings_print(&settings, "\n", &text);
    cr_expect_null(strstr(text_chars(&text), "master"), "%s", text_chars(&text));
    settings = read_back(text_chars(&text));
    cr_expect(settings.master);
    cr_expect_eq(settings.rounding, ROUNDING_NEAREST);
    settings.master = false;
    settings.rounding = ROUNDING_STOCHASTIC;
    settings.optim.states = FORMAT_FP16;
    text_clear(&text);
    settings_print(&settings, "\n", &text);
    settings = read_back(text_chars(&text));
    cr_expect_not(settings.master);
    cr_expect_eq(settings.rounding, ROUNDING_STOCHASTIC);
    cr_expect_eq(settings.optim.states, FORMAT_FP16);
    text_release(&text);
}

static void expect_in_file(const char *name, const char *words)
{
    Bytes bytes;
    char *text;

    must(file_read(at(name), 1 << 24, &bytes));
    text = strndup((const char *)bytes.data, bytes.count);
    cr_expect_not_null(strstr(text, words), "%s is not in\n%.3000s", words, text);
    free(text);
    bytes_release(&bytes);
}

Test(masters_kept, a_script_of_the_session_does_without_at_the_same_steps)
{
    begin_without_masters(FORMAT_BF16, ROUNDING_NEAREST);
    train(3);
    say_setting("round kahan");
    must(session_export_script(session, at("a.halfstep")));
    expect_in_file("a.halfstep", "\nmaster on\nround nearest\n");
    expect_in_file("a.halfstep", "\nmaster off\n");
    expect_in_file("a.halfstep", "\nround kahan # after step 3\n");
}

Test(masters_kept, pytorch_gets_a_half_model_where_it_has_the_like)
{
    Status status;

    begin_without_masters(FORMAT_BF16, ROUNDING_KAHAN);
    status = session_export_pytorch(session, at("a.py"));
    cr_expect_not_null(strstr(status.text, "try round nearest"), "%s", status.text);
    say_setting("round nearest");
    must(session_export_pytorch(session, at("a.py")));
    expect_in_file("a.py", "WEIGHTS = torch.bfloat16\n");
    say_setting("optim adamw lr=0.001");
    status = session_export_pytorch(session, at("a.py"));
    cr_expect_not_null(strstr(status.text, "try optim states=bf16"), "%s", status.text);
    say_setting("optim adamw lr=0.001 states=bf16");
    must(session_export_pytorch(session, at("a.py")));
    expect_in_file("a.py", "how = dict(foreach=False)");
    say_setting("scale dynamic");
    status = session_export_pytorch(session, at("a.py"));
    cr_expect_not_null(strstr(status.text, "say scale off"), "%s", status.text);
}
