#include "nn/emit.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_same(const char *text, const char *act, const char *printed)
{
    char again[512];
    NetSpec spec;
    Status status = net_parse(text, act, &spec);

    cr_assert_not(failed(status), "%s: %s", text, status.text);
    cr_expect_str_eq(net_print(&spec, again, sizeof again), printed);
}

Test(net, is_printed_as_it_is_typed)
{
    expect_same("784 256 128 10", "relu", "784 256 128 10");
    expect_same("196 32 196", "tanh", "196 32 196 act=tanh");
    expect_same("  2   4  ", "relu", "2 4");
    expect_same("flatten, linear 256, gelu, linear 10", "relu",
                "\"flatten, linear 256, gelu, linear 10\"");
}

Test(net, of_the_short_form_begins_flat_and_has_an_activation_between_widths)
{
    NetSpec spec;

    cr_assert_not(failed(net_parse("784 256 10", "gelu", &spec)));
    cr_assert_eq(spec.count, 4);
    cr_expect_str_eq(spec.layers[0].kind, "flatten");
    cr_expect_str_eq(spec.layers[1].kind, "linear");
    cr_expect_eq(spec.layers[1].width, 256);
    cr_expect_str_eq(spec.layers[2].kind, "gelu");
    cr_expect_eq(spec.layers[3].width, 10);
    cr_expect_eq(spec.inputs, 784);
}

static void expect_refused(const char *text, const char *act, const char *words)
{
    NetSpec spec = {.inputs = 77};
    Status status = net_parse(text, act, &spec);

    cr_assert(failed(status), "%s is taken", text);
    cr_expect_not_null(strstr(status.text, words), "%s: %s", text, status.text);
    cr_expect_eq(spec.inputs, 77, "%s changed the net", text);
}

Test(net, refuses_what_it_cannot_be_in_words_that_help)
{
    expect_refused("784", "relu", "inputs and outputs");
    expect_refused("784 0 10", "relu", "'0' does not work");
    expect_refused("784 99999999 10", "relu", "99999999");
    expect_refused("784 12.5 10", "relu", "whole number");
    expect_refused("784 256 10", "sigmoidal", "act=relu");
    expect_refused("784 256 10", "linear", "no activation");
    expect_refused("linaer 10", "relu", "did you mean linear");
    expect_refused("linear", "relu", "needs a width");
    expect_refused("linear 10 20", "relu", "too much");
    expect_refused("linear 10,, relu", "relu", "no layer ''");
    expect_refused("", "relu", "no layer");
    expect_refused("1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "relu", "at most");
}

static void expect_problem(const char *net, const char *loss, ExampleShape shape, const char *words)
{
    LossSpec loss_spec = {.weight = 1.0f};
    NetSpec spec;
    Status status;

    cr_assert_not(failed(net_parse(net, "relu", &spec)));
    text_copy(loss_spec.kind, sizeof loss_spec.kind, loss);
    status = net_check(&spec, &loss_spec, &shape);
    cr_assert_eq(failed(status), words != NULL, "%s: %s", net, status.text);
    if (words != NULL)
        cr_expect_not_null(strstr(status.text, words), "%s: %s", net, status.text);
}

Test(net, must_fit_the_data_and_the_loss)
{
    ExampleShape image = {.rank = 3, .shape = {1, 28, 28}, .classes = 10};
    ExampleShape same = {.rank = 1, .shape = {196}, .target_width = 196};

    expect_problem("784 256 10", "cross-entropy", image, NULL);
    expect_problem("784 256 12", "cross-entropy", image, NULL);
    expect_problem("196 256 10", "cross-entropy", image, "say net 784 ... 10");
    expect_problem("784 256 9", "cross-entropy", image, "end it with 10");
    expect_problem("784 256 10", "mse", image, "cross-entropy");
    expect_problem("196 32 196", "mse", same, NULL);
    expect_problem("196 32 196", "cross-entropy", same, "loss mse");
    expect_problem("196 32 10", "mse", same, "end it with 196");
    expect_problem("relu", "cross-entropy", image, "nothing to train");
}

Test(loss, takes_a_weight_that_is_a_finite_number_above_zero)
{
    LossSpec spec = {.kind = "mse", .weight = 1e-4f};
    char text[64];

    cr_expect_not(failed(loss_check(&spec)));
    cr_expect_str_eq(loss_print(&spec, text, sizeof text), "mse weight=0.0001");
    spec.weight = 0.0f;
    cr_expect(failed(loss_check(&spec)));
    spec.weight = 1.0f;
    cr_expect_str_eq(loss_print(&spec, text, sizeof text), "mse");
    text_copy(spec.kind, sizeof spec.kind, "hinge");
    cr_expect(failed(loss_check(&spec)));
}
