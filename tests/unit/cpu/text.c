/* Windows of a text, and the network that reads them, against finite differences. */
#include "rig.h"

#include "nn/emit.h"

#include <criterion/criterion.h>
#include <math.h>

enum { TEXT = 40, TIME = 4, BATCH = 3, KINDS = 5, TRAIN = 30, MOST = 256 };

static float text[TEXT];

static DataView view_of_text(void)
{
    for (int i = 0; i < TEXT; i++)
        text[i] = (float)(i * i % KINDS);
    return (DataView){.inputs = text,
                      .train_count = 6,
                      .test_count = 2,
                      .features = TIME,
                      .text_count = TEXT,
                      .held_out_from = TRAIN};
}

static ValueId fetch(Builder *b, bool held_out, bool target, const char *name)
{
    const int64_t shape[] = {BATCH, TIME};
    ValueId value = builder_value(b, ROLE_INPUT, FORMAT_FP32, 2, shape, "%s", name);
    Instr *instr = builder_emit(b, OP_GATHER, value, NO_VALUE, NO_VALUE, NO_VALUE);

    instr->constants[GATHER_HELD_OUT] = held_out;
    instr->constants[GATHER_TARGET] = target;
    return value;
}

static void expect_window(Rig *rig, const char *name, const int *from)
{
    float got[BATCH * TIME];

    rig_read(rig, name, got);
    for (int n = 0; n < BATCH; n++)
        for (int t = 0; t < TIME; t++)
            cr_expect_eq(got[n * TIME + t], text[from[n] + t], "%s[%d, %d]", name, n, t);
}

Test(text, windows_begin_where_the_order_says_and_their_targets_are_one_further_on)
{
    static const int32_t order[] = {7, 0, 21, 13, 2, 25};
    DataView view = view_of_text();
    Rig rig;
    Builder b;

    rig_open(&rig, 1, &view);
    cr_assert_not(failed(cpu_backend.data_order(rig.data, 0, order)));
    rig.program.batch = BATCH;
    b = (Builder){.program = &rig.program, .low = FORMAT_FP32};
    (void)fetch(&b, false, false, "x");
    (void)fetch(&b, false, true, "target");
    (void)fetch(&b, true, false, "held");
    (void)fetch(&b, true, true, "held.target");
    rig_compile(&rig);
    rig_run(&rig);
    expect_window(&rig, "x", (const int[]){7, 0, 21});
    expect_window(&rig, "target", (const int[]){8, 1, 22});
    expect_window(&rig, "held",
                  (const int[]){30, 34, 34}); /* the last stands for those behind it */
    expect_window(&rig, "held.target", (const int[]){31, 35, 35});
    rig.scalars.position = 3;
    rig.scalars.test_position = 1;
    rig_scalars(&rig);
    rig_run(&rig);
    expect_window(&rig, "x", (const int[]){13, 2, 25});
    expect_window(&rig, "held", (const int[]){34, 34, 34});
    rig_close(&rig);
}

/* Each character of the held-out windows that are there counts once. */
Test(text, the_characters_of_held_out_windows_are_counted)
{
    DataView view = view_of_text();
    const int64_t shape[] = {BATCH, TIME, KINDS};
    float logits[BATCH * TIME * KINDS] = {0};
    Rig rig;
    Builder b;
    ValueId scores;

    rig_open(&rig, 1, &view);
    rig.program.batch = BATCH;
    b = (Builder){.program = &rig.program, .low = FORMAT_FP32};
    scores = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 3, shape, "logits");
    builder_emit(&b, OP_CORRECT, NO_VALUE, scores, fetch(&b, true, true, "target"), NO_VALUE);
    rig_compile(&rig);
    for (int n = 0; n < BATCH; n++)
        for (int t = 0; t < TIME; t++) {
            int from = 30 + (n < 2 ? n : 1) * TIME;

            logits[(n * TIME + t) * KINDS + (int)text[from + t + 1]] = t == 2 ? -1.0f : 1.0f;
        }
    rig_write(&rig, "logits", logits);
    rig_run(&rig);
    cr_expect_eq(rig.scalars.correct, 2 * (TIME - 1));
    rig_close(&rig);
}

static void open_net(Rig *rig, const char *net, const DataView *view)
{
    ExampleShape shape = {.rank = 1, .shape = {TIME}, .classes = KINDS, .text = true};
    LossSpec loss = {.kind = "cross-entropy", .weight = 1.0f};
    Builder b;
    NetSpec spec;
    Net made;
    Status status = net_parse(net, "relu", &spec);

    cr_assert_not(failed(status), "%s", status.text);
    status = net_check(&spec, &loss, &shape);
    cr_assert_not(failed(status), "%s", status.text);
    rig_open(rig, 1, view);
    rig->program.batch = BATCH;
    b = (Builder){.program = &rig->program, .low = FORMAT_FP32, .probes = PROBE_ON};
    nn_emit_step(&b, &spec, &loss, &shape, &made);
    rig_compile(rig);
}

static double loss_with(Rig *rig, const char *name, float *weights, int i, float value)
{
    float kept = weights[i], loss;

    weights[i] = value;
    rig_write(rig, name, weights);
    rig_run(rig);
    rig_read(rig, "loss", &loss);
    weights[i] = kept;
    rig_write(rig, name, weights);
    return (double)loss;
}

static void check_net(const char *net)
{
    DataView view = view_of_text();
    const float h = 0x1p-7f;
    Rig rig;

    open_net(&rig, net, &view);
    for (int p = 0; p < rig.program.param_count; p++) {
        float start[MOST];

        nn_init_param(&rig.program, p, 3, start);
        rig_write(&rig, rig.program.values[rig.program.params[p].master].name, start);
    }
    for (int p = 0; p < rig.program.param_count; p++) {
        const Value *master = &rig.program.values[rig.program.params[p].master];
        const char *grad_name = rig.program.values[rig.program.params[p].grad].name;
        float weights[MOST], grad[MOST];

        rig_read(&rig, master->name, weights);
        rig_run(&rig);
        rig_read(&rig, grad_name, grad);
        for (int i = 0; i < (int)value_count(master); i++) {
            double above = loss_with(&rig, master->name, weights, i, weights[i] + h);
            double below = loss_with(&rig, master->name, weights, i, weights[i] - h);
            double slope = (above - below) / (2.0 * (double)h);

            cr_expect(fabs((double)grad[i] - slope) <= 2e-3 * fabs(slope) + 1e-4,
                      "%s: %s[%d] is %g, by differences %g", net, grad_name, i, (double)grad[i],
                      slope);
        }
    }
    rig_close(&rig);
}

Test(text, gradients_of_embeddings_are_the_slopes_of_the_loss)
{
    check_net("embedding 4, linear");
    check_net("embedding 5");
}

Test(text, gradients_of_positions_are_the_slopes_of_the_loss)
{
    check_net("embedding 4, position, tanh, linear");
    check_net("embedding 3, linear 4, position, gelu, linear");
}

Test(text, gradients_of_layers_on_sequences_are_the_slopes_of_the_loss)
{
    check_net("embedding 4, position, layernorm, linear 6, gelu, dropout 0.3, linear");
}
