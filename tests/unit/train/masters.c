/* Doing without fp32 master weights: what is kept, what is lost, and that all ways back know of it. */
#include "rig.h"

#include "base/file.h"
#include "numerics/round.h"
#include "train/export.h"
#include "train/tensor_file.h"
#include "train/tensor_values.h"

#include <criterion/criterion.h>
#include <math.h>
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

TestSuite(masters, .init = open_folder, .fini = close_folder);

/* Takes the settings in words: one line, as a saved file has it. */
static void say(const char *words)
{
    Settings wanted = *session_settings(session);

    must(settings_read_part(words, &wanted));
    apply(&wanted);
}

static void begin(Format format, WeightRounding rounding)
{
    Settings wanted = *session_settings(session);

    wanted.autocast = format;
    wanted.scaler.mode = SCALE_OFF;
    wanted.master = false;
    wanted.rounding = rounding;
    must(optim_spec("sgd", &wanted.optim));
    apply(&wanted);
}

static const TensorFacts *weight(void)
{
    const TensorFacts *tensor = snapshot_tensor(look(), "fc1.weight");

    cr_assert_not_null(tensor);
    return tensor;
}

static float *values_of(const char *name, int64_t *count)
{
    TensorValues values;
    float *stored;

    must(session_tensor_values(session, name, &values));
    stored = values.stored;
    *count = values.count;
    values.stored = NULL;
    tensor_values_release(&values);
    return stored;
}

static bool all_are(Format format)
{
    int64_t count;
    float *values = values_of("fc1.weight", &count);
    bool all = true;

    for (int64_t i = 0; i < count; i++)
        all = all && round_to(format, OVERFLOW_INFINITY, values[i]) == values[i];
    free(values);
    return all;
}

static bool program_has(const char *words)
{
    Text text = {0};
    bool has;

    session_print_program(session, &text);
    has = strstr(text_chars(&text), words) != NULL;
    text_release(&text);
    return has;
}

static bool logged(const char *words)
{
    const EventLog *events = &look()->events;

    for (int i = 0; i < events_held(events); i++)
        if (strcmp(events_get(events, i)->text, words) == 0)
            return true;
    return false;
}

Test(masters, off_rounds_the_weights_and_leaves_no_cast_of_them)
{
    train(3);
    cr_expect(program_has("fc1.weight.fp16"));
    begin(FORMAT_BF16, ROUNDING_NEAREST);
    cr_expect_not(program_has("fc1.weight.bf16"));
    cr_expect(program_has("sgd          fc1.weight            bf16"));
    cr_expect(all_are(FORMAT_BF16));
    cr_expect(logged("the weights were rounded to bf16"));
    train(3);
    cr_expect(all_are(FORMAT_BF16));
    cr_expect_eq(weight()->format, FORMAT_BF16);
    cr_expect_eq(now.weights, FORMAT_BF16);
}

Test(masters, on_widens_them_and_changes_no_value)
{
    int64_t count;
    float *before, *after;

    begin(FORMAT_BF16, ROUNDING_NEAREST);
    train(3);
    before = values_of("fc1.weight", &count);
    say("master on");
    after = values_of("fc1.weight", &count);
    cr_expect_arr_eq(before, after, (size_t)count * sizeof *before);
    cr_expect(logged("the weights were widened to fp32: no value changes"));
    train(20);
    say("autocast fp32");
    cr_expect_not(all_are(FORMAT_BF16));
    free(before);
    free(after);
}

Test(masters, off_has_no_effect_without_a_low_format)
{
    begin(FORMAT_FP32, ROUNDING_NEAREST);
    train(3);
    cr_expect_eq(look()->weights, FORMAT_FP32);
    cr_expect_not(all_are(FORMAT_BF16));
    say("autocast tf32");
    cr_expect_eq(look()->weights, FORMAT_FP32);
    say("autocast fp16");
    cr_expect_eq(look()->weights, FORMAT_FP16);
}

Test(masters, a_rounding_needs_weights_without_masters)
{
    Settings wanted = *session_settings(session);
    int64_t step;
    Status status;

    wanted.rounding = ROUNDING_KAHAN;
    status = session_apply(session, &wanted, &step);
    cr_expect_not_null(strstr(status.text, "say master off first"), "%s", status.text);
    wanted.master = false;
    apply(&wanted);
}

Test(masters, the_start_counts_as_the_weights_hold_it)
{
    begin(FORMAT_BF16, ROUNDING_NEAREST);
    cr_expect_eq(moved("fc1.weight"), 0.0);
    cr_expect_eq(moved("fc1.bias"), 0.0);
}

Test(masters, lost_updates_are_counted_without_masters_and_else_when_asked_for)
{
    train(2);
    cr_expect_eq(weight()->updates, 0);
    cr_expect_not(now.updates);
    begin(FORMAT_BF16, ROUNDING_NEAREST);
    cr_expect(look()->updates);
    train(2);
    cr_expect_gt(weight()->updates, 0);
    cr_expect_gt(weight()->lost_updates, 0);
    cr_expect_lt(weight()->lost_updates, weight()->updates);
    say("probe off");
    train(2);
    cr_expect_eq(weight()->updates, 0);
    say("master on");
    say("probe updates");
    train(2);
    cr_expect_gt(weight()->updates, 0);
    cr_expect_lt(weight()->lost_updates, weight()->updates / 10);
}

static Snapshot trained_with(const char *probes, WeightRounding rounding)
{
    Snapshot result;

    must(session_reset(session));
    begin(FORMAT_BF16, rounding);
    say(probes);
    train(25);
    result = *look();
    return result;
}

Test(masters, counting_changes_no_bit)
{
    for (WeightRounding rounding = ROUNDING_NEAREST; rounding < ROUNDING_COUNT; rounding++) {
        Snapshot counted = trained_with("probe updates", rounding);
        Snapshot plain = trained_with("probe off", rounding);

        expect_same_losses(&counted, &plain);
    }
}

/* Trains on, and goes back and does it again. */
static void expect_saved(WeightRounding rounding)
{
    Snapshot first, again;
    Text what = {0};
    int64_t step;

    begin(FORMAT_BF16, rounding);
    say("optim momentum lr=0.01 states=fp16");
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

Test(masters, a_saved_run_goes_on_to_the_bit_however_it_rounds)
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

Test(masters, stand_in_a_file_in_the_format_that_they_are_kept_in)
{
    TensorFile file;
    int64_t step;

    begin(FORMAT_BF16, ROUNDING_KAHAN);
    say("optim momentum lr=0.01 states=fp16");
    train(2);
    must(session_save(session, at("a"), &step));
    must(tensor_file_read(at("a"), 1 << 24, &file));
    cr_expect_eq(format_in(&file, "fc1.weight"), FORMAT_BF16);
    cr_expect_eq(format_in(&file, "fc1.weight.compensation"), FORMAT_BF16);
    cr_expect_eq(format_in(&file, "fc1.weight.momentum_buffer"), FORMAT_FP16);
    tensor_file_release(&file);
}

Test(masters, a_fork_goes_on_as_its_parent_and_may_do_without)
{
    ForkSpec spec;

    begin(FORMAT_BF16, ROUNDING_KAHAN);
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

Test(masters, undo_brings_back_how_the_run_was_kept)
{
    Snapshot before, after;
    Text what = {0};

    begin(FORMAT_BF16, ROUNDING_STOCHASTIC);
    train(10);
    before = *look();
    say("net 2 8 2 act=tanh");
    say("round nearest");
    say("master on");
    must(session_undo(session, &what));
    text_release(&what);
    after = *look();
    cr_expect_eq(after.weights, FORMAT_BF16);
    cr_expect_str_eq(after.rounding, "stochastic");
    expect_same_losses(&before, &after);
}

/* What kahan left aside does not come back when it is chosen again. */
Test(masters, a_compensation_begins_at_zero)
{
    Snapshot first, again;
    ForkSpec spec;

    begin(FORMAT_BF16, ROUNDING_NEAREST);
    train(5);
    spec = same("b");
    fork_run(&spec);
    say("round kahan");
    say("round nearest");
    say("round kahan");
    must(session_use(session, 1));
    say("round kahan");
    train(10);
    first = seen(0);
    again = seen(1);
    expect_same_losses(&first, &again);
}

Test(masters, an_optimizers_state_keeps_its_numbers_when_its_format_changes)
{
    Snapshot before, after;

    begin(FORMAT_BF16, ROUNDING_NEAREST);
    say("optim momentum lr=0.01 states=bf16");
    train(5);
    say("optim momentum lr=0.01");
    say("optim momentum lr=0.01 states=bf16"); /* widened and rounded back */
    before = *look();
    train(5);
    after = *look();
    cr_expect_eq(after.step, before.step + 5);
    must(session_reset(session));
    train(10);
    before = *look();
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

Test(masters, files_from_before_there_was_a_choice_are_read)
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

Test(masters, a_script_of_the_session_does_without_at_the_same_steps)
{
    begin(FORMAT_BF16, ROUNDING_NEAREST);
    train(3);
    say("round kahan");
    must(session_export_script(session, at("a.halfstep")));
    expect_in_file("a.halfstep", "\nmaster on\nround nearest\n");
    expect_in_file("a.halfstep", "\nmaster off\n");
    expect_in_file("a.halfstep", "\nround kahan # after step 3\n");
}

Test(masters, pytorch_gets_a_half_model_where_it_has_the_like)
{
    Status status;

    begin(FORMAT_BF16, ROUNDING_KAHAN);
    status = session_export_pytorch(session, at("a.py"));
    cr_expect_not_null(strstr(status.text, "try round nearest"), "%s", status.text);
    say("round nearest");
    must(session_export_pytorch(session, at("a.py")));
    expect_in_file("a.py", "WEIGHTS = torch.bfloat16\n");
    say("optim adamw lr=0.001");
    status = session_export_pytorch(session, at("a.py"));
    cr_expect_not_null(strstr(status.text, "try optim states=bf16"), "%s", status.text);
    say("optim adamw lr=0.001 states=bf16");
    must(session_export_pytorch(session, at("a.py")));
    expect_in_file("a.py", "how = dict(foreach=False)");
    say("scale dynamic");
    status = session_export_pytorch(session, at("a.py"));
    cr_expect_not_null(strstr(status.text, "say scale off"), "%s", status.text);
}

Test(masters, adams_eps_is_known_to_be_lost_in_fp16)
{
    say("optim adam lr=0.001 states=fp16");
    cr_expect_eq(look()->eps_lost, 1e-8);
    cr_expect_eq(now.states, FORMAT_FP16);
    say("optim adam lr=0.001 eps=0.0001 states=fp16");
    cr_expect_eq(look()->eps_lost, 0.0);
}

Test(masters, bytes_are_those_of_the_formats_beside_those_of_fp32)
{
    const MemoryFacts *memory = &now.memory;

    begin(FORMAT_BF16, ROUNDING_KAHAN);
    say("optim adam lr=0.001 states=fp16");
    (void)look();
    cr_expect_eq(2 * memory->formats[PART_WEIGHTS], memory->fp32[PART_WEIGHTS]);
    cr_expect_eq(2 * memory->formats[PART_GRADS], memory->fp32[PART_GRADS]);
    cr_expect_eq(4 * memory->formats[PART_OPTIMIZER], 3 * memory->fp32[PART_OPTIMIZER]);
}
