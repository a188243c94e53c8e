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
    expect_same("conv 8, pool 2, conv 4 pad=1 k=5 stride=2, avgpool 3, flatten, linear 10", "relu",
                "\"conv 8 k=3, pool 2, conv 4 k=5 stride=2 pad=1, avgpool 3, flatten, linear 10\"");
    expect_same("linear 8, dropout 10%, relu, dropout 0.25, linear 3, dropout 0", "relu",
                "\"linear 8, dropout 0.1, relu, dropout 0.25, linear 3, dropout 0\"");
}

Test(net, of_a_name_is_what_the_name_stands_for)
{
    expect_same("mlp", "relu", "784 256 128 10");
    expect_same("lenet", "relu",
                "\"conv 6 k=5 pad=2, relu, pool 2, conv 16 k=5, relu, pool 2, flatten, linear 120, "
                "relu, linear 84, relu, linear 10\"");
}

Test(net, of_blocks_is_printed_as_it_is_typed)
{
    expect_same("conv 8 pad=1, residual(conv 8 k=1,relu),flatten, linear 10", "relu",
                "\"conv 8 k=3 pad=1, residual (conv 8 k=1, relu), flatten, linear 10\"");
    expect_same("residual (linear 4, relu | linear 4), linear 10", "relu",
                "\"residual (linear 4, relu | linear 4), linear 10\"");
    expect_same("residual (residual ( residual (residual (relu) | tanh ) ) , gelu)", "relu",
                "\"residual (residual (residual (residual (relu) | tanh)), gelu)\"");
    expect_same("residual (tanh | residual (relu | gelu), relu), residual (relu), relu", "relu",
                "\"residual (tanh | residual (relu | gelu), relu), residual (relu), relu\"");
}

/* As many layers as can be, each as long as can be. */
Test(net, of_the_most_and_longest_layers_is_printed_whole)
{
    static const char longest[] = "conv 65536 k=65536 stride=65536 pad=65536";
    char again[NET_TEXT];
    Text text = {0};
    NetSpec spec;

    for (int i = 0; i < NET_LAYERS; i++)
        text_printf(&text, "%s%s", i == 0 ? "" : ", ", longest);
    cr_assert_not(failed(net_parse(text_chars(&text), "relu", &spec)));
    net_print(&spec, again, sizeof again);
    cr_expect_eq(strlen(again), text.length + 2);
    cr_expect(strstr(again, "pad=65536\"") != NULL);
    text_release(&text);
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
    expect_refused("linear, relu", "relu", "linear needs a width; say linear 128 (the last one");
    expect_refused("conv", "relu", "conv needs a number of channels; say conv 32");
    expect_refused("conv 0", "relu", "'0' does not work");
    expect_refused("conv 8 k=0", "relu", "a k of '0' does not work; take 1");
    expect_refused("conv 8 stride=0", "relu", "a stride of '0'");
    expect_refused("conv 8 pad=-1", "relu", "a pad of '-1' does not work; take 0");
    expect_refused("conv 8 dilation=2", "relu", "no 'dilation=2'");
    expect_refused("dropout", "relu", "dropout needs a share; say dropout 0.1");
    expect_refused("dropout 1", "relu", "a share of '1' cannot be dropped");
    expect_refused("dropout -0.1", "relu", "'-0.1'");
    expect_refused("dropout nan", "relu", "nan");
    expect_refused("pool", "relu", "pool needs a side; say pool 2");
    expect_refused("pool 2 stride=1", "relu", "too much");
    expect_refused("linear 10 20", "relu", "too much");
    expect_refused("linear 10,, relu", "relu", "a layer is missing");
    expect_refused("residual", "relu", "'residual' takes layers; say residual (linear 64, relu)");
    expect_refused("residual ()", "relu", "a layer is missing");
    expect_refused("residual (relu |)", "relu", "a layer is missing");
    expect_refused("residual (relu", "relu", "left open");
    expect_refused("residual (relu | residual (relu)", "relu", "left open");
    expect_refused("relu)", "relu", "')' belongs to a block");
    expect_refused("residual (relu)), relu", "relu", "')' belongs to a block");
    expect_refused("relu | relu", "relu", "'|' belongs to a block");
    expect_refused("residual (relu | tanh | gelu)", "relu", "one '|'");
    expect_refused("residual (relu) relu", "relu", "'relu' is too much after ')'");
    expect_refused("linear (4)", "relu", "'linear' takes no layers in parentheses");
    expect_refused("residaul (relu)", "relu", "did you mean residual");
    expect_refused("residual 4 (relu)", "relu", "'4' is too much between residual and its layers");
    expect_refused("residual (residual (residual (residual (residual (relu)))))", "relu",
                   "at most 4 blocks");
    expect_refused("", "relu", "a layer is missing");
}

Test(net, refuses_more_layers_than_it_has_room_for)
{
    Text text = {0};

    for (int i = 0; i < NET_LAYERS; i++)
        text_append(&text, "relu, ");
    text_append(&text, "relu");
    expect_refused(text_chars(&text), "relu", "at most 128 layers");
    text_release(&text);
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
    expect_problem("lenet", "cross-entropy", image, NULL);
    expect_problem("conv 10 k=28, flatten", "cross-entropy", image, NULL);
    expect_problem("conv 8 k=5, flatten, linear 9", "cross-entropy", image, "end it with 10");
    expect_problem("conv 10 k=28", "cross-entropy", image, "gives 10 x 1 x 1; end it with flatten");
    expect_problem("conv 4, flatten, linear 196", "mse", same, "a row of 196 numbers comes");
}

static void expect_shapes(const char *net, const char *const *texts)
{
    ExampleShape image = {.rank = 3, .shape = {3, 9, 12}, .classes = 10};
    Shape shapes[NET_LAYERS];
    char text[SHAPE_TEXT];
    NetSpec spec;
    Status status;

    cr_assert_not(failed(net_parse(net, "relu", &spec)));
    status = net_shapes(&spec, &image, shapes);
    cr_assert_not(failed(status), "%s", status.text);
    for (int i = 0; i < spec.count; i++)
        cr_expect_str_eq(shape_print(&shapes[i], text), texts[i]);
}

Test(net, knows_the_shape_that_goes_on_from_each_layer)
{
    expect_shapes(
        "relu, conv 8 k=4 stride=2 pad=1, gelu, pool 2, conv 5 k=2, flatten, linear 7, tanh",
        (const char *const[]){"3 x 9 x 12", "8 x 4 x 6", "8 x 4 x 6", "8 x 2 x 3", "5 x 1 x 2",
                              "10 numbers", "7 numbers", "7 numbers"});
}

Test(net, gives_a_shortcut_what_came_to_its_block)
{
    expect_shapes("residual (conv 4 pad=1, residual (relu, conv 4 pad=1) | conv 4 k=1, tanh), "
                  "pool 3, flatten",
                  (const char *const[]){"3 x 9 x 12", "4 x 9 x 12", "4 x 9 x 12", "4 x 9 x 12",
                                        "4 x 9 x 12", "4 x 9 x 12", "3 x 9 x 12", "4 x 9 x 12",
                                        "4 x 9 x 12", "4 x 9 x 12", "4 x 3 x 4", "48 numbers"});
}

Test(net, names_both_shapes_where_the_ways_of_a_block_do_not_meet)
{
    ExampleShape image = {.rank = 3, .shape = {1, 9, 9}, .classes = 10};

    expect_problem("conv 4, residual (conv 4 k=5, relu, tanh), flatten, linear 10", "cross-entropy",
                   image,
                   "the path with 'conv 4 k=5' gives 4 x 3 x 3, and what comes past it is 4 x 7 x "
                   "7; make them alike, or put a shortcut behind |");
    expect_problem("conv 4, residual (relu, conv 4 | conv 6 k=1), flatten, linear 10",
                   "cross-entropy", image,
                   "the path with 'conv 4 k=3' gives 4 x 5 x 5, and the shortcut 6 x 7 x 7; make "
                   "them alike");
    expect_problem("flatten, residual (residual (linear 81, residual (linear 9)), relu), linear 10",
                   "cross-entropy", image,
                   "'linear 9' gives 9 numbers, and what comes past it is 81");
    expect_problem("conv 4, residual (flatten), linear 10", "cross-entropy", image,
                   "'flatten' stands in a block");
    expect_problem("residual (tanh | relu), linear 10", "cross-entropy", image, NULL);
    expect_problem("residual (conv 1 pad=1), linear 10", "cross-entropy", image,
                   "'linear 10' takes a row of numbers, and 1 x 9 x 9 comes");
}

Test(net, names_the_layer_and_the_shape_that_it_cannot_take)
{
    ExampleShape image = {.rank = 3, .shape = {1, 9, 9}, .classes = 10};

    expect_problem(
        "conv 4, linear 10", "cross-entropy", image,
        "'linear 10' takes a row of numbers, and 4 x 7 x 7 comes; put flatten before it");
    expect_problem("linear 10", "cross-entropy", image, NULL);
    expect_problem(
        "layernorm, flatten, linear 10", "cross-entropy", image,
        "'layernorm' takes a row of numbers, and 1 x 9 x 9 comes; put flatten before it");
    expect_problem("flatten, layernorm, linear 10", "cross-entropy", image, NULL);
    expect_problem("conv 4 k=11, flatten, linear 10", "cross-entropy", image,
                   "'conv 4 k=11' is larger than the 1 x 9 x 9 that comes; try k=9, or pad=1");
    expect_problem("conv 4 k=11 pad=1, flatten, linear 10", "cross-entropy", image, NULL);
    expect_problem(
        "conv 65536 k=65536 pad=65536, flatten, linear 10", "cross-entropy", image,
        "has 65536 x 1 kernels of 4294967296 and gives 65536 x 65546 x 65546; that is too");
    expect_problem("conv 65536, conv 65536, flatten, linear 10", "cross-entropy", image,
                   "'conv 65536 k=3' has 65536 x 65536 kernels of 9");
    expect_problem("conv 2 k=1 pad=65536, flatten, linear 10", "cross-entropy", image,
                   "gives 2 x 131081 x 131081");
    expect_problem("conv 65536 k=1 pad=20, conv 2 k=20, flatten, linear 10", "cross-entropy", image,
                   "gives 2 x 30 x 30; that is too much");
    image.shape[2] = 4;
    expect_problem("conv 4 k=5, flatten, linear 10", "cross-entropy", image, "try k=4, or pad=1");
    expect_problem("pool 5, flatten, linear 10", "cross-entropy", image,
                   "the 1 x 9 x 4 that comes");
    image.shape[1] = 4;
    image.shape[2] = 9;
    expect_problem("pool 5, flatten, linear 10", "cross-entropy", image,
                   "the 1 x 4 x 9 that comes");
    image.shape[1] = 9;
    expect_problem("conv 4, pool 8, flatten, linear 10", "cross-entropy", image,
                   "'pool 8' is larger than the 4 x 7 x 7 that comes");
    expect_problem("flatten, avgpool 2, linear 10", "cross-entropy", image,
                   "'avgpool 2' takes channels x height x width, and a row of 81 numbers comes");
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
