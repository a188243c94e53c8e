/* Which operations are kept or forced, as it is typed, and what may be. */
#include "amp/policy.h"

#include "amp/autocast.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_back(const char *keep, const char *force, bool unstable, const char *printed)
{
    Policy policy = {.unstable = unstable};
    Text text = {0};

    cr_assert_not(failed(policy_parse(keep, false, &policy.keep)));
    cr_assert_not(failed(policy_parse(force, true, &policy.force)));
    policy_print(&policy, &text);
    cr_expect_str_eq(text_chars(&text), printed);
    text_release(&text);
}

Test(policy, is_printed_as_it_is_typed_in_the_order_of_the_table)
{
    expect_back("none", "none", false, "");
    expect_back("softmax", "none", false, " keep=softmax");
    expect_back("softmax,linear", "layernorm", false, " keep=linear,softmax force=layernorm");
    expect_back("none", "softmax,layernorm", true, " force=layernorm,softmax stable=off");
}

static void expect_refused(const char *names, bool forced, const char *part)
{
    unsigned set = 7;
    Status status = policy_parse(names, forced, &set);

    cr_assert(failed(status), "%s is taken", names);
    cr_expect(strstr(status.text, part) != NULL, "%s", status.text);
    cr_expect_eq(set, 7);
}

Test(policy, takes_only_names_of_the_table)
{
    expect_refused("banana", false, "'banana' is none of them");
    expect_refused("relu,", false, "'' is none of them");
    expect_refused("", true, "force= takes layernorm, softmax");
    expect_refused("relu", true, "'relu' is none of them");
    expect_refused("softmax,nll", true, "'nll' is none of them");
}

Test(policy, has_a_line_of_help_and_a_list_for_each_operation)
{
    unsigned set;

    for (int i = 0; policy_table[i].name != NULL; i++) {
        cr_expect_gt(strlen(policy_table[i].why), 10, "%s", policy_table[i].name);
        cr_expect_leq(strlen(policy_table[i].why), 25, "%s fits a row of 80", policy_table[i].name);
        cr_expect_gt(strlen(policy_table[i].torch), 2, "%s", policy_table[i].name);
        cr_expect_gt(strlen(policy_table[i].list), 0, "%s", policy_table[i].name);
        cr_expect_eq(failed(policy_parse(policy_table[i].name, true, &set)),
                     !policy_table[i].forces, "%s", policy_table[i].name);
    }
    /* What fp32 lists have is in fp32 already, and keeping it there is no mistake. */
    cr_expect_not(failed(policy_parse("layernorm,nll,mse", false, &set)));
}

static Policy parsed(const char *keep, const char *force)
{
    Policy policy = {0};

    cr_assert_not(failed(policy_parse(keep, false, &policy.keep)));
    cr_assert_not(failed(policy_parse(force, true, &policy.force)));
    return policy;
}

static bool is_taken(Policy policy, Format low)
{
    return !failed(policy_check(&policy, low, autocast_result(low)));
}

Test(policy, needs_a_format_to_keep_from_or_to_force_into)
{
    Policy unstable = parsed("none", "softmax"), idle = {.unstable = true};

    unstable.unstable = true;
    cr_expect(is_taken((Policy){0}, FORMAT_FP32));
    cr_expect_not(is_taken(parsed("softmax", "none"), FORMAT_FP32));
    cr_expect(is_taken(parsed("linear", "none"), FORMAT_TF32));
    cr_expect_not(is_taken(parsed("none", "softmax"), FORMAT_TF32));
    cr_expect(is_taken(parsed("relu", "softmax"), FORMAT_FP16));
    cr_expect(is_taken(parsed("none", "layernorm"), FORMAT_E4M3)); /* into bf16 */
    cr_expect_not(is_taken(parsed("softmax", "softmax"), FORMAT_FP16));
    cr_expect(is_taken(unstable, FORMAT_BF16));
    cr_expect_not(is_taken(idle, FORMAT_BF16));
    cr_expect(policy_forces(&unstable, "softmax"));
    cr_expect_not(policy_forces(&unstable, "layernorm"));
}

Test(policy, holds_for_what_is_emitted_under_the_name_of_its_row)
{
    Builder b = {.low = FORMAT_FP16};

    b.keep = parsed("conv", "none").keep;
    b.force = parsed("none", "softmax").force;
    policy_begin(&b, "conv");
    cr_expect(b.keeps && !b.forces);
    cr_expect_eq(autocast_format(&b, OP_CLASS_PRODUCT, FORMAT_FP16), FORMAT_FP32);
    policy_begin(&b, "softmax");
    cr_expect(!b.keeps && b.forces);
    cr_expect_eq(autocast_forced(&b), FORMAT_FP16);
    policy_begin(&b, "flatten");
    cr_expect(!b.keeps && !b.forces);
    cr_expect_eq(autocast_forced(&b), FORMAT_FP32);
    policy_begin(&b, NULL);
    cr_expect_eq(autocast_format(&b, OP_CLASS_PRODUCT, FORMAT_FP32), FORMAT_FP16);
}

Test(autocast, calls_two_formats_fp8_and_gives_bf16_of_them)
{
    Format low = FORMAT_FP32;

    cr_expect_not(failed(autocast_parse("fp8", &low)));
    cr_expect_eq(low, FORMAT_E4M3);
    cr_expect(failed(autocast_parse("e4m3", &low)));
    cr_expect(failed(autocast_parse("e5m2", &low)));
    cr_expect(failed(autocast_parse("fp7", &low)));
    cr_expect_eq(low, FORMAT_E4M3);
    cr_expect_eq(autocast_result(FORMAT_E4M3), FORMAT_BF16);
    cr_expect_eq(autocast_result(FORMAT_TF32), FORMAT_FP32);
    cr_expect_eq(autocast_result(FORMAT_FP16), FORMAT_FP16);
}
