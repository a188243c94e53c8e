#include "repl/complete.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A snapshot that knows two tensors. */
static Snapshot known(void)
{
    Snapshot snapshot = {.tensor_count = 2};

    snapshot.tensors = xcalloc(2, sizeof *snapshot.tensors);
    text_copy(snapshot.tensors[0].name, TENSOR_NAME, "fc1.out");
    text_copy(snapshot.tensors[1].name, TENSOR_NAME, "fc2.out.grad");
    return snapshot;
}

/* The candidates for `line` with the cursor at its end, joined by blanks. */
static void expect_offered(const char *line, const char *wanted)
{
    Snapshot snapshot = known();
    Candidates candidates;
    Text text = {0};

    complete(line, strlen(line), &snapshot, &candidates);
    for (size_t i = 0; i < candidates.count; i++)
        text_printf(&text, "%s%s", i == 0 ? "" : " ", candidates.words[i]);
    cr_expect_str_eq(text_chars(&text), wanted, "%s: %s", line, text_chars(&text));
    text_release(&text);
    candidates_release(&candidates);
    snapshot_release(&snapshot);
}

Test(complete, commands_at_the_start_and_behind_a_semicolon)
{
    expect_offered("tr", "train");
    expect_offered("seed 1; sc", "scale");
    expect_offered("p", "pace pause phase print probe");
    expect_offered("why s", "skip stuck");
    expect_offered("sweep ", "--csv autocast scale");
    expect_offered("phase ", "--csv drop end");
    expect_offered("xyz", "");
}

Test(complete, the_laboratory_is_offered_formats_and_its_options)
{
    expect_offered("bits 0.1 e", "e4m3 e5m2");
    expect_offered("bits 0.1 fp16 b", "bf16");
    expect_offered("bits 0.1 --", "--csv");
    expect_offered("sum 1 2 format=t", "tf32");
    expect_offered("inspect fc2", "fc2.out.grad");
    expect_offered("sum 1 2 order=", "forward pairwise reverse sorted");
}

Test(complete, the_ways_to_clip_and_a_scalers_mistakes)
{
    expect_offered("clip ", "norm off value when=");
    expect_offered("clip norm 1 when=", "after-unscale before-unscale");
    expect_offered("scale dynamic fl", "floor=");
    expect_offered("scale skip=", "off on");
    expect_offered("scale dynamic unscale=o", "off on");
    expect_offered("print clip_", "clip_coef clip_when");
    expect_offered("accu", "accumulate");
}

Test(complete, a_flag_or_a_key_that_is_given_is_not_offered_again)
{
    expect_offered("sweep scale --csv ", "fc1.out fc2.out.grad");
    expect_offered("bits 0.1 --csv --", "");
    expect_offered("clip norm 1 when=before-unscale ", "");
    expect_offered("sweep --csv; sweep --", "--csv");
}

Test(complete, an_option_is_offered_only_behind_words_that_it_goes_with)
{
    expect_offered("break clear ", "");
    expect_offered("train 5 un", "");
    expect_offered("clip off ", "");
    expect_offered("scale dynamic 8 in", "interval=");
    expect_offered("scale simulate 0*9 in", "init= interval=");
    expect_offered("scale static 8 ", "skip= unscale=");
    expect_offered("optim adam ", "beta1= beta2= eps= lr= states= weight_decay=");
    expect_offered("optim sgd ", "lr= weight_decay=");
    expect_offered("optim mo", "momentum momentum=");
}

Test(complete, a_fork_takes_the_words_of_the_commands)
{
    expect_offered("fork z round=", "kahan nearest stochastic");
    expect_offered("fork z master=", "off on");
    expect_offered("fork z clip=", "norm off value");
    expect_offered("fork z scale=", "dynamic off static");
    expect_offered("fork z probe=", "grads off on updates weight-grads");
}

Test(complete, runs_where_there_are_several_and_commands_behind_their_names)
{
    Snapshot snapshot = {.run_count = 2, .runs = {"a", "twin"}};
    Candidates candidates;

    expect_offered("b: sc", "scale");
    expect_offered("b:sc", "scale");
    expect_offered("seed 1; all: autocast b", "bf16");
    expect_offered("b: print sca", "scale scaling");
    complete("tw", 2, &snapshot, &candidates);
    cr_assert_eq(candidates.count, 1);
    cr_expect_str_eq(candidates.words[0], "twin:");
    candidates_release(&candidates);
    complete("drop t", 6, &snapshot, &candidates);
    cr_assert_eq(candidates.count, 1);
    cr_expect_str_eq(candidates.words[0], "twin");
    candidates_release(&candidates);
}

Test(complete, marks_behind_rewind_to_and_what_may_be_injected_where)
{
    Snapshot snapshot = {.mark_count = 2, .marks = {"before", "good"}};
    Candidates candidates;

    expect_offered("rewind ", "forward to");
    expect_offered("break ", "clear list when");
    expect_offered("break when ski", "skip skipped");
    expect_offered("break when nonfinite(\"fc1", "fc1.out");
    expect_offered("inject ", "huge inf nan tiny");
    expect_offered("inject nan fc2", "fc2.out.grad");
    complete("rewind to b", 11, &snapshot, &candidates);
    cr_assert_eq(candidates.count, 1);
    cr_expect_str_eq(candidates.words[0], "before");
    candidates_release(&candidates);
    complete("mark g", 6, &snapshot, &candidates);
    cr_assert_eq(candidates.count, 1);
    cr_expect_str_eq(candidates.words[0], "good");
    candidates_release(&candidates);
}

Test(complete, values_of_a_choice)
{
    expect_offered("probe ", "grads off on updates weight-grads");
    expect_offered("master ", "off on");
    expect_offered("round ", "kahan nearest stochastic");
    expect_offered("optim adam st", "states=");
    expect_offered("optim adam states=", "bf16 fp16 fp32");
    expect_offered("autocast ", "bf16 force= fp16 fp32 fp8 keep= off stable= tf32");
    expect_offered("autocast fp16 force=", "layernorm softmax");
    expect_offered("autocast fp16 keep=av", "avgpool");
    expect_offered("fp8 scaling ", "backward= current delayed forward= history= margin= none");
    expect_offered("bench fp", "fp16 fp32 fp8");
    expect_offered("show au", "autocast");
    expect_offered("net 1 2 act=ta", "tanh");
    expect_offered("data fashion target=", "input labels");
}

Test(complete, keys_and_flags_of_the_command)
{
    expect_offered("data fashion li", "limit=");
    expect_offered("show run --", "--true");
    expect_offered("train 5 e", "epoch epochs");
    expect_offered("train un", "until");
}

Test(complete, metrics_in_expressions_and_tensors_in_their_quotes)
{
    expect_offered("print underf", "underflow(");
    expect_offered("print loss, sca", "scale scaling");
    expect_offered("train until accu", "accuracy");
    expect_offered("print underflow(\"fc2.", "fc2.out.grad");
    expect_offered("print moved(\"", "fc1.out fc2.out.grad");
    expect_offered("show gradients fc1", "fc1.out");
}

Test(complete, a_shortened_verb_is_understood)
{
    expect_offered("autoc bf", "bf16");
    expect_offered("s bf", "");
}

Test(complete, a_semicolon_in_quotes_ends_nothing)
{
    expect_offered("print \";\" .. los", "loss loss_weight lost_mass( lost_updates(");
}

Test(complete, file_names_are_left_to_the_file_system)
{
    Candidates candidates;

    complete("source x", 8, NULL, &candidates);
    cr_assert(candidates.files);
    candidates_release(&candidates);
    complete("data csv:x", 10, NULL, &candidates);
    cr_assert(candidates.files);
    cr_assert_eq(candidates.start, 9);
    candidates_release(&candidates);
    complete("seed 1", 6, NULL, &candidates);
    cr_assert(!candidates.files);
    candidates_release(&candidates);
}

static void expect_behind(const char *line, char behind)
{
    Snapshot snapshot = known();
    Candidates candidates;

    complete(line, strlen(line), &snapshot, &candidates);
    cr_expect_eq(candidates.count, 1, "%s", line);
    cr_expect_eq(candidates.behind, behind, "%s", line);
    candidates_release(&candidates);
    snapshot_release(&snapshot);
}

Test(complete, what_stands_behind_the_only_candidate)
{
    expect_behind("trai", ' ');
    expect_behind("data fashion li", '\0');
    expect_behind("print underf", '\0');
    expect_behind("print moved(\"fc2.o", '"');
}

Test(complete, only_what_stands_before_the_cursor_counts)
{
    Candidates candidates;

    complete("tr seed 1", 2, NULL, &candidates);
    cr_assert_eq(candidates.count, 1);
    cr_assert_str_eq(candidates.words[0], "train");
    candidates_release(&candidates);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert(!failed(file_write(path, text, strlen(text))));
}

static char course[] = "/tmp/halfstep-course-XXXXXX";

/* A course of its own, and a teacher's lesson. */
static void begin_course(void)
{
    char own[96];

    cr_assert_not_null(mkdtemp(course));
    write_file(course, "course.idx", "# order\nL1 six-boxes\nL2 scale-static\nX1 read-the-log\n");
    snprintf(own, sizeof own, "%s/halfstep/lessons/", course);
    cr_assert(!failed(file_make_folders(own)));
    write_file(own, "mine.lesson", "@lesson mine\n");
    setenv("HALFSTEP_LESSONS", course, 1);
    setenv("XDG_DATA_HOME", course, 1);
}

static void end_course(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -r %s", course);
    cr_assert_eq(system(command), 0);
}

Test(complete, lessons_by_name_or_label_and_the_words_of_lesson, .init = begin_course,
     .fini = end_course)
{
    expect_offered("lesson si", "six-boxes");
    expect_offered("lesson s", "scale-static seeds= six-boxes skip solution stamp");
    expect_offered("lesson L", "L1 L2");
    expect_offered("lesson m", "mine");
    expect_offered("lesson present ", "mine read-the-log scale-static six-boxes");
    expect_offered("lesson forget X", "X1");
    expect_offered("lesson check six-boxes sc", "scale-static");
    expect_offered("lesson check --", "--all");
    expect_offered("lesson stamp mine ", "lang= mine read-the-log scale-static six-boxes");
    expect_offered("lesson stamp mine lang=", "en zh");
    expect_offered("lesson lang ", "en zh");
    expect_offered("lesson poll ", "a= b= c= d=");
    expect_offered("lesson L1 ", "");
    expect_offered("lesson next ", "");
}

static void expect_files(const char *line, bool wanted)
{
    Candidates candidates;

    complete(line, strlen(line), NULL, &candidates);
    cr_expect_eq(candidates.files, wanted, "%s", line);
    candidates_release(&candidates);
}

Test(complete, a_lesson_may_be_a_file, .init = begin_course, .fini = end_course)
{
    expect_files("lesson ./x", true);
    expect_files("lesson check ./x", true);
    expect_files("lesson export ", true);
    expect_files("lesson report ", true);
    expect_files("lesson lang ", false);
    expect_files("lesson next ", false);
    setenv("HALFSTEP_LESSONS", "/nowhere", 1);
    expect_files("lesson ./x", true);
    expect_offered("lesson na", "");
}
