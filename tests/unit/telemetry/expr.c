#include "telemetry/expr.h"

#include "base/memory.h"
#include "telemetry/past.h"
#include "telemetry/sandbox.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static TensorFacts tensors[] = {
    {.name = "fc1.weight",
     .kind = TENSOR_WEIGHT,
     .moved = {.value = 0.125},
     .counts = {.count = 4, .classes = {[CAST_NORMAL] = 4}, .amax = 2.0F}},
    {.name = "fc1.weight.grad",
     .kind = TENSOR_WEIGHT_GRAD,
     .probed = true,
     .counts = {.count = 8, .classes = {[CAST_ZERO] = 6, [CAST_NORMAL] = 2}, .mass = 4.0}},
};

/* After step 3, with a loss of 0.5, and without an accuracy. */
static const Snapshot *three_steps(void)
{
    static const Past nothing = {.start = NULL};
    static Snapshot snapshot = {
        .step = 3,
        .loss = {.value = 0.5},
        .accuracy = {.none = true},
        .scaler = {.scale = 65536.0F},
        .tensors = tensors,
        .tensor_count = 2,
        .past = &nothing,
    };

    return &snapshot;
}

/* Prints the expression; the first failure, of reading or of asking, is handed back instead. */
static Status print(const char *text, Text *line)
{
    Expr *expr = NULL;
    Status status = expr_read(text, three_steps(), &expr);

    if (failed(status))
        return status;
    status = expr_print(expr, three_steps(), line);
    expr_free(expr);
    return status;
}

static void expect(const char *text, const char *expected)
{
    Text line = {0};
    Status status = print(text, &line);

    cr_expect_not(failed(status), "%s: %s", text, status.text);
    cr_expect_str_eq(text_chars(&line), expected, "%s gives %s", text, text_chars(&line));
    text_release(&line);
}

static void expect_failure(const char *text, const char *expected)
{
    Text line = {0};
    Status status = print(text, &line);

    cr_expect_eq(status.code, STATUS_USAGE, "%s is taken and gives %s", text, text_chars(&line));
    cr_expect_str_eq(status.text, expected, "%s", text);
    text_release(&line);
}

Test(expr, metrics_are_numbers)
{
    expect("step", "3");
    expect("loss, scale", "0.5\t65536");
    expect("amax(\"fc1.weight\")", "2");
    expect("zeros 'fc1.weight.grad'", "0.75");
    expect("scale > 2^10 and step == 3", "true");
}

Test(expr, percents_powers_and_suffixes_are_read)
{
    expect("1%, 12.5%, 0.1%", "0.01\t0.125\t0.001");
    expect("64k, 1.5M, 1G", "65536\t1572864\t1073741824");
    expect("2^16, 2^-2, 1e-3, .5, 0x10", "65536\t0.25\t0.001\t0.5\t16");
    expect("zeros(\"fc1.weight.grad\") > 50%", "true");
}

Test(expr, whole_numbers_do_not_wrap)
{
    expect("65536 * 65536 * 65536 * 65536 == 2^64", "true");
    expect("7 // 0, 1 / 0", "inf\tinf");
}

Test(expr, unequal_is_written_in_two_ways)
{
    expect("loss != 1, loss != 0.5", "true\tfalse");
    expect("loss ~= 1, loss ~= 0.5", "true\tfalse");
    expect("'a' != 'b', 'a' != 'a', nil != false", "true\tfalse\ttrue");
    expect("1 + 1 != 2, not (1 != 2)", "false\tfalse");
}

Test(expr, inside_quotes_nothing_is_changed)
{
    expect("'1% != 64k .. x' .. \"y\"", "1% != 64k .. xy");
    expect("[[1%]], '\\'%'", "1%\t'%");
    expect("'it\\'s 1%'", "it's 1%");
    expect("loss -- 1% != 64k $", "0.5");
}

Test(expr, the_remainder_is_mod)
{
    expect("mod(7, 3), mod(-7, 3), mod(step, 2) == 1", "1\t2\ttrue");
    expect("step % 2", "1");
    expect_failure("7%3", "7% is so many hundredths; for the remainder of a by b write mod(a, b)");
    expect("(1% or 2), {1%} == nil, 5% - 5%", "0.01\tfalse\t0");
}

Test(expr, none_compares_false_whatever_it_is_compared_with)
{
    expect("accuracy", "none");
    expect("accuracy < 1, accuracy <= 1, accuracy > 1, accuracy >= 1",
           "false\tfalse\tfalse\tfalse");
    expect("1 < accuracy, 1 >= accuracy, 1 == accuracy, 1 != accuracy",
           "false\tfalse\tfalse\tfalse");
    expect("accuracy == 1, accuracy != 1, accuracy ~= accuracy, accuracy == accuracy",
           "false\tfalse\tfalse\tfalse");
    expect("none == none, is_none(none), is_none(accuracy), is_none(loss)",
           "false\ttrue\ttrue\tfalse");
}

Test(expr, arithmetic_with_none_is_none)
{
    expect("accuracy + 1, 1 - accuracy, 2 * none, none / 2, none ^ 2, 2 // none, none % 2, -none",
           "none\tnone\tnone\tnone\tnone\tnone\tnone\tnone");
    expect("abs(none), max(1, none), min(none, 1), mod(none, 2), log(none)",
           "none\tnone\tnone\tnone\tnone");
    expect("none .. '!'", "none!");
}

Test(expr, numbers_print_as_the_shortest_that_reads_back)
{
    expect("0.1 + 0.2, 16.0, 1 / 3", "0.30000000000000004\t16\t0.3333333333333333");
    expect("'scale ' .. 2^4, 'n=' .. 2^50 + 1, 1 .. 2", "scale 16\tn=1125899906842625\t12");
    expect("tostring(2^4), tonumber('64k'), tonumber('x')", "16\t65536\tnone");
    expect("1..2", "12");
    expect("true, nil, 'text'", "true\tnil\ttext");
}

Test(expr, the_words_of_arithmetic_are_there)
{
    expect("abs(-2), floor(2.5), ceil(2.5), sqrt(9), exp(0), log(1)", "2\t2\t3\t3\t1\t0");
    expect("log2(8), log(8, 2), min(3, 1, 2), max(3, 1, 2)", "3\t3\t1\t3");
    expect("inf, -huge, nan, pi", "inf\t-inf\tnan\t3.141592653589793");
    expect("math.abs(-1), math.huge, math.max(1, 2)", "1\tinf\t2");
}

Test(expr, every_word_that_may_be_named_is_there)
{
    for (int i = 0; sandbox_word(i, false) != NULL; i++) {
        Text line = {0};
        Status status = print(sandbox_word(i, false), &line);

        cr_expect_not(failed(status), "%s", status.text);
        cr_expect_str_neq(text_chars(&line), "nil", "%s", sandbox_word(i, false));
        text_release(&line);
    }
}

Test(expr, functions_have_names_of_their_own)
{
    expect("(function(a, b) local c <const> = a + b return c * 2 end)(1, 2)", "6");
    expect("(function() local s = 0 for k = 1, 4 do s = s + k end return s end)()", "10");
    expect("(function() local loss = 7 return loss end)()", "7");
    expect("({rate = 3}).rate", "3");
    expect_failure("(function(a) return a end)(1) + a", "there is no 'a' here; try step, loss, "
                                                        "scale or skipped");
}

Test(expr, an_unknown_name_is_refused_with_its_like)
{
    expect_failure("lss < 1", "there is no 'lss' here; did you mean loss?");
    expect_failure("skiped == 0", "there is no 'skiped' here; did you mean skipped?");
    expect_failure("sqr(2)", "there is no 'sqr' here; did you mean sqrt?");
    expect_failure("velocity", "there is no 'velocity' here; try step, loss, scale or skipped");
}

Test(expr, a_tensor_without_its_quotes_is_told_of_them)
{
    expect_failure("zeros(fc1.weight)",
                   "the name 'fc1.weight' goes in quotes; write zeros(\"fc1.weight\")");
    expect_failure(
        "loss < 1 and underflow(fc1.weight.grad) > 0.5",
        "the name 'fc1.weight.grad' goes in quotes; write underflow(\"fc1.weight.grad\")");
    expect_failure("zeros(fc1.", "the name 'fc1' goes in quotes; write zeros(\"fc1\")");
    expect_failure("zeros(fc1.", "the name 'fc1' goes in quotes; write zeros(\"fc1\")");
}

Test(expr, a_tensor_is_checked_when_the_text_is_read)
{
    expect_failure("zeros(\"fc1.weight.grd\")",
                   "there is no tensor 'fc1.weight.grd'; did you mean fc1.weight.grad?");
    expect_failure("zeros 'x'", "there is no tensor 'x'; there are fc1.weight, fc1.weight.grad");
    expect_failure("zeros", "zeros is a number of one tensor; write zeros(\"fc1.weight.grad\")");
    expect_failure("lost_updates",
                   "lost_updates is a number of one tensor; write lost_updates(\"fc1.weight\")");
    expect_failure("lost_updates('fc1.weight.grad')",
                   "lost_updates is a number of weights, and fc1.weight.grad is none; try "
                   "lost_updates(\"fc1.weight\")");
    expect_failure("moved 'fc1.weight.grad'",
                   "moved is a number of weights, and fc1.weight.grad is none; try "
                   "moved(\"fc1.weight\")");
    expect_failure("loss(\"fc1.weight\")",
                   "loss is a number of the whole run; write it without a tensor");
    expect("zeros('fc1.' .. 'weight.grad')", "0.75");
    expect_failure("zeros('fc1.' .. 'x')",
                   "there is no tensor 'fc1.x'; there are fc1.weight, fc1.weight.grad");
}

Test(expr, a_tensor_that_is_gone_is_said_when_asked)
{
    static const Snapshot nothing;
    Expr *expr = NULL;
    bool holds;
    Status status = expr_read("zeros('fc1.weight.grad') < 1", three_steps(), &expr);

    cr_assert_not(failed(status), "%s", status.text);
    status = expr_test(expr, &nothing, &holds);
    cr_assert_str_eq(status.text,
                     "there is no tensor 'fc1.weight.grad', nor any other; take a step first");
    expr_free(expr);
}

static ExprNeeds needs_of(const char *text)
{
    Expr *expr = NULL;
    Status status = expr_read(text, three_steps(), &expr);
    ExprNeeds needs;

    cr_assert_not(failed(status), "%s", status.text);
    needs = expr_needs(expr);
    expr_free(expr);
    return needs;
}

Test(expr, needs_are_known_before_it_is_asked)
{
    cr_assert(needs_of("loss, accuracy > 90%").accuracy);
    cr_assert_not(needs_of("loss, 'accuracy'").accuracy);
    cr_assert(needs_of("moved('fc1.weight') == 0").moved);
    cr_assert_not(needs_of("amax('fc1.weight') == 0").moved);
}

static Status test(const char *text, bool *holds)
{
    Expr *expr = NULL;
    Status status = expr_read(text, three_steps(), &expr);

    if (failed(status))
        return status;
    status = expr_test(expr, three_steps(), holds);
    expr_free(expr);
    return status;
}

Test(expr, a_test_is_true_or_false)
{
    bool holds = false;

    cr_assert_not(failed(test("step >= 3", &holds)));
    cr_assert(holds);
    cr_assert_not(failed(test("step > 3, true", &holds)));
    cr_assert_not(holds);
}

Test(expr, a_test_refuses_numbers_and_none)
{
    bool holds;

    cr_assert_str_eq(test("loss, 1", &holds).text,
                     "0.5 is neither true nor false; compare it, as in loss < 0.1");
    cr_assert_str_eq(test("accuracy", &holds).text,
                     "none is neither true nor false; compare it, as in loss < 0.1");
    cr_assert_str_eq(test("(function() end)()", &holds).text,
                     "nothing is neither true nor false; compare it, as in loss < 0.1");
}

Test(expr, slips_of_the_pen_are_explained)
{
    expect_failure("", "there is no expression; try loss, or scale > 2^10");
    expect_failure("loss = 3", "= sets, and an expression sets nothing; to compare write ==");
    expect_failure("loss < 1 && step > 2", "'&&' means nothing here; write and");
    expect_failure("loss < 1 || step > 2", "'||' means nothing here; write or");
    expect_failure("!loss", "'!' alone means nothing here; write not, or != between two values");
    expect_failure("3x", "'3x' is not a number; try 1024, 1e-3, 2^16, 64k or 1%");
    expect_failure("loss <", "it stops short: something must follow at its end");
    expect_failure("zeros 'fc1.\nweight", "line 1: unfinished string near ''fc1.'");
    expect_failure("loss,\nstep +* 2", "line 2: unexpected symbol near '*'");
    expect_failure("'a' < 3", "attempt to compare string with number");
    expect_failure("'a' .. {}", "a table cannot be joined to a text with ..");
}

Test(expr, it_is_evaluated_afresh_for_each_snapshot)
{
    static Snapshot later = {.step = 4};
    Text line = {0};
    Expr *expr = NULL;

    cr_assert_not(failed(expr_read("step", three_steps(), &expr)));
    cr_assert_not(failed(expr_print(expr, three_steps(), &line)));
    cr_assert_not(failed(expr_print(expr, &later, &line)));
    cr_assert_str_eq(text_chars(&line), "34", "print appends");
    text_release(&line);
    expr_free(expr);
}
