#include "optim/optim.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(optim, has_the_defaults_of_pytorch)
{
    OptimSpec spec;

    cr_assert_not(failed(optim_spec("adamw", &spec)));
    cr_expect_eq(spec.lr, 1e-3);
    cr_expect_eq(spec.beta1, 0.9);
    cr_expect_eq(spec.beta2, 0.999);
    cr_expect_eq(spec.eps, 1e-8);
    cr_expect_eq(spec.weight_decay, 0.01);
    cr_assert_not(failed(optim_spec("adam", &spec)));
    cr_expect_eq(spec.weight_decay, 0.0);
    cr_assert_not(failed(optim_spec("momentum", &spec)));
    cr_expect_eq(spec.momentum, 0.9);
    cr_expect(failed(optim_spec("lion", &spec)));
}

Test(optim, refuses_settings_out_of_range)
{
    OptimSpec good, bad;

    cr_assert_not(failed(optim_spec("adam", &good)));
    cr_expect_not(failed(optim_check(&good)));
    bad = good, bad.lr = -1.0;
    cr_expect(failed(optim_check(&bad)));
    bad = good, bad.lr = (double)INFINITY;
    cr_expect(failed(optim_check(&bad)));
    bad = good, bad.beta1 = 1.0;
    cr_expect(failed(optim_check(&bad)));
    bad = good, bad.eps = (double)NAN;
    cr_expect(failed(optim_check(&bad)));
    bad = good, bad.weight_decay = -0.1;
    cr_expect(failed(optim_check(&bad)));
}

Test(optim, takes_the_options_of_its_kind_and_no_other)
{
    OptimSpec spec;

    cr_assert_not(failed(optim_spec("sgd", &spec)));
    cr_expect_not(failed(optim_takes(&spec, "lr")));
    cr_expect_not(failed(optim_takes(&spec, "weight_decay")));
    cr_expect_str_eq(optim_takes(&spec, "momentum").text,
                     "sgd has no momentum; it takes lr= and weight_decay=");
    cr_assert_not(failed(optim_spec("momentum", &spec)));
    cr_expect_not(failed(optim_takes(&spec, "momentum")));
    cr_expect(failed(optim_takes(&spec, "eps")));
    cr_assert_not(failed(optim_spec("adamw", &spec)));
    cr_expect_not(failed(optim_takes(&spec, "beta2")));
    cr_expect_str_eq(
        optim_takes(&spec, "momentum").text,
        "adamw has no momentum; it takes lr= beta1= beta2= eps= states= and weight_decay=");
}

Test(optim, prints_what_differs_from_the_defaults)
{
    OptimSpec spec;
    char text[96];

    cr_assert_not(failed(optim_spec("adamw", &spec)));
    cr_expect_str_eq(optim_print(&spec, text, sizeof text), "adamw lr=0.001");
    spec.beta2 = 0.99;
    cr_expect_str_eq(optim_print(&spec, text, sizeof text), "adamw lr=0.001 beta2=0.99");
}

Test(optim, prints_the_format_of_its_states_where_it_is_not_fp32)
{
    OptimSpec spec;
    char text[96];

    cr_assert_not(failed(optim_spec("momentum", &spec)));
    spec.states = FORMAT_BF16;
    cr_expect_str_eq(optim_print(&spec, text, sizeof text), "momentum lr=0.01 states=bf16");
    spec.states = FORMAT_E4M3;
    cr_expect_str_eq(optim_check(&spec).text,
                     "states are kept in fp32, fp16 or bf16, and not in e4m3");
    cr_expect(failed(optim_takes(&(OptimSpec){.kind = "sgd"}, "states")));
}

Test(optim, knows_where_the_format_of_its_states_loses_eps)
{
    OptimSpec spec;

    cr_assert_not(failed(optim_spec("adam", &spec)));
    cr_expect_not(optim_loses_eps(&spec));
    spec.states = FORMAT_BF16;
    cr_expect_not(optim_loses_eps(&spec));
    spec.states = FORMAT_FP16;
    cr_expect(optim_loses_eps(&spec));
    spec.eps = 1e-7;
    cr_expect_not(optim_loses_eps(&spec));
    spec.eps = 0.0; /* nothing is lost of it */
    cr_expect_not(optim_loses_eps(&spec));
}

/* The step of one parameter, which is kept in bf16. */
static Instr step_over_bf16(ProbeSet probes, WeightRounding rounding, Program *program)
{
    Builder b = {.program = program,
                 .low = FORMAT_BF16,
                 .probes = probes,
                 .low_weights = true,
                 .rounding = rounding};
    ValueId weight = builder_param(&b, 1, (int64_t[]){3}, 3, "fc1.weight");
    OptimSpec spec;

    cr_assert_not(failed(optim_spec("adam", &spec)));
    builder_grad(&b, weight, builder_like(&b, weight, ROLE_WEIGHT_GRAD, FORMAT_BF16, "g"));
    optim_emit(&spec, &b);
    cr_expect_eq(program->values[weight].format, FORMAT_BF16);
    return program->instrs[0];
}

Test(optim, keeps_a_compensation_beside_low_weights_under_kahan_alone)
{
    Program program = {0};
    Instr step = step_over_bf16(PROBE_ON, ROUNDING_KAHAN, &program);
    const Value *rest;

    cr_assert_neq(step.in[STEP_COMPENSATION], NO_VALUE);
    rest = &program.values[step.in[STEP_COMPENSATION]];
    cr_expect_str_eq(rest->name, "fc1.weight.compensation");
    cr_expect_eq(rest->format, FORMAT_BF16);
    cr_expect_eq(rest->role, ROLE_STATE);
    program_release(&program);
    step = step_over_bf16(PROBE_ON, ROUNDING_STOCHASTIC, &program);
    cr_expect_eq(step.in[STEP_COMPENSATION], NO_VALUE);
    cr_expect_eq(step.constants[CONSTANT_ROUNDING], ROUNDING_STOCHASTIC);
    program_release(&program);
}

Test(optim, counts_steps_over_low_weights_where_all_is_counted)
{
    Program program = {0};

    cr_expect(step_over_bf16(PROBE_ON, ROUNDING_NEAREST, &program).counted);
    program_release(&program);
    cr_expect_not(step_over_bf16(PROBE_OFF, ROUNDING_NEAREST, &program).counted);
    program_release(&program);
}

static int states_of(const char *kind)
{
    Program program = {0};
    Builder b = {.program = &program};
    int64_t shape[] = {2, 3};
    ValueId weight = builder_param(&b, 2, shape, 3, "fc1.weight");
    OptimSpec spec;
    int states = 0;

    cr_assert_not(failed(optim_spec(kind, &spec)));
    builder_grad(&b, weight, builder_like(&b, weight, ROLE_WEIGHT_GRAD, FORMAT_FP16, "g"));
    optim_emit(&spec, &b);
    cr_expect_eq(program.instr_count, 1);
    for (int i = 0; i < program.value_count; i++) {
        states += program.values[i].role == ROLE_STATE;
        if (program.values[i].role == ROLE_STATE)
            cr_expect_eq(program.values[i].format, FORMAT_FP32);
    }
    program_release(&program);
    return states;
}

Test(optim, keeps_as_much_fp32_state_as_pytorch)
{
    cr_expect_eq(states_of("sgd"), 0);
    cr_expect_eq(states_of("momentum"), 1);
    cr_expect_eq(states_of("adam"), 2);
    cr_expect_eq(states_of("adamw"), 2);
}
