#include "amp/policy.h"

#include <string.h>

enum { ROW_NAME = 24 };

const PolicyRow policy_table[] = {
    {.name = "linear",
     .torch = "linear",
     .list = "lower_precision_fp",
     .class = OP_CLASS_PRODUCT,
     .keeps = true,
     .why = "fast products, fp32 sums"},
    {.name = "conv",
     .torch = "conv2d",
     .list = "lower_precision_fp",
     .class = OP_CLASS_PRODUCT,
     .keeps = true,
     .why = "as linear, at each place"},
    {.name = "attention",
     .torch = "bmm",
     .list = "lower_precision_fp",
     .class = OP_CLASS_PRODUCT,
     .why = "products; softmax in fp32"},
    {.name = "relu",
     .torch = "relu",
     .list = "-",
     .class = OP_CLASS_INPUT,
     .keeps = true,
     .why = "picks, and rounds none"},
    {.name = "gelu",
     .torch = "gelu",
     .list = "-",
     .class = OP_CLASS_INPUT,
     .keeps = true,
     .why = "no larger than its input"},
    {.name = "tanh",
     .torch = "tanh",
     .list = "-",
     .class = OP_CLASS_INPUT,
     .keeps = true,
     .why = "its result is at most 1"},
    {.name = "pool",
     .torch = "max_pool2d",
     .list = "-",
     .class = OP_CLASS_INPUT,
     .keeps = true,
     .why = "picks, and rounds none"},
    {.name = "avgpool",
     .torch = "avg_pool2d",
     .list = "-",
     .class = OP_CLASS_INPUT,
     .keeps = true,
     .why = "a mean, summed in fp32"},
    {.name = "dropout",
     .torch = "dropout",
     .list = "-",
     .class = OP_CLASS_INPUT,
     .keeps = true,
     .why = "zeros some, scales others"},
    {.name = "batchnorm",
     .torch = "batch_norm",
     .list = "-",
     .class = OP_CLASS_INPUT,
     .why = "statistics stay in fp32"},
    {.name = "add",
     .torch = "add",
     .list = "-",
     .class = OP_CLASS_INPUT,
     .why = "the wider of both formats"},
    {.name = "embedding",
     .torch = "embedding",
     .list = "-",
     .class = OP_CLASS_FP32,
     .why = "looks up, rounds none"},
    {.name = "layernorm",
     .torch = "layer_norm",
     .list = "fp32",
     .class = OP_CLASS_FP32,
     .forces = true,
     .why = "squares overflow at 256"},
    {.name = "softmax",
     .torch = "log_softmax",
     .list = "fp32_set_opt_dtype",
     .class = OP_CLASS_FP32,
     .own_result = true,
     .keeps = true,
     .forces = true,
     .why = "exp overflows at 11.1"},
    {.name = "nll",
     .torch = "nll_loss",
     .list = "fp32",
     .class = OP_CLASS_FP32,
     .why = "a mean over the batch"},
    {.name = "mse",
     .torch = "mse_loss",
     .list = "fp32",
     .class = OP_CLASS_FP32,
     .why = "squares, and their mean"},
    {.name = NULL},
};

static int row_named(const char *name, size_t length)
{
    for (int i = 0; policy_table[i].name != NULL; i++)
        if (strlen(policy_table[i].name) == length &&
            strncmp(policy_table[i].name, name, length) == 0)
            return i;
    return -1;
}

static bool takes(const PolicyRow *row, bool forced)
{
    return forced ? row->forces : row->keeps || row->class == OP_CLASS_FP32;
}

static Status no_such(const char *word, size_t length, bool forced)
{
    Text names = {0};
    Status status;

    for (int i = 0; policy_table[i].name != NULL; i++)
        if (forced ? policy_table[i].forces : policy_table[i].keeps)
            text_printf(&names, "%s%s", names.length == 0 ? "" : ", ", policy_table[i].name);
    status = fail(STATUS_USAGE, "%s takes %s, with commas between, and '%.*s' is none of them",
                  forced ? "force=" : "keep=", text_chars(&names),
                  (int)(length < ROW_NAME ? length : ROW_NAME), word);
    text_release(&names);
    return status;
}

Status policy_parse(const char *names, bool forced, unsigned *set)
{
    unsigned made = 0;
    const char *at = names;

    if (strcmp(names, "none") == 0) {
        *set = 0;
        return ok();
    }
    for (;;) {
        size_t length = strcspn(at, ",");
        int row = row_named(at, length);

        if (row < 0 || !takes(&policy_table[row], forced))
            return no_such(at, length, forced);
        made |= 1u << row;
        if (at[length] == '\0')
            break;
        at += length + 1;
    }
    *set = made;
    return ok();
}

static void print_set(const char *key, unsigned set, Text *text)
{
    const char *before = key;

    for (int i = 0; policy_table[i].name != NULL; i++)
        if (set >> i & 1) {
            text_printf(text, "%s%s", before, policy_table[i].name);
            before = ",";
        }
}

void policy_print(const Policy *policy, Text *text)
{
    print_set(" keep=", policy->keep, text);
    print_set(" force=", policy->force, text);
    if (policy->unstable)
        text_append(text, " stable=off");
}

bool policy_forces(const Policy *policy, const char *name)
{
    return policy->force >> row_named(name, strlen(name)) & 1;
}

Status policy_check(const Policy *policy, Format low, Format result)
{
    unsigned both = policy->keep & policy->force;

    for (int i = 0; policy_table[i].name != NULL; i++)
        if (both >> i & 1)
            return fail(STATUS_USAGE, "%s cannot be kept in fp32 and forced low; take one of them",
                        policy_table[i].name);
    if (policy->keep != 0 && low == FORMAT_FP32)
        return fail(STATUS_USAGE, "keep= holds operations in fp32, and with autocast off all are; "
                                  "try autocast fp16 keep=softmax");
    if (policy->force != 0 && result == FORMAT_FP32)
        return fail(STATUS_USAGE,
                    "force= runs operations in the format of autocast, and %s gives fp32; try "
                    "autocast fp16 force=softmax",
                    low == FORMAT_FP32 ? "off" : format_name(low));
    if (policy->unstable && !policy_forces(policy, "softmax"))
        return fail(STATUS_USAGE, "stable=off is about a softmax that is forced low; say "
                                  "force=softmax stable=off");
    return ok();
}

void policy_begin(Builder *builder, const char *name)
{
    int row = name == NULL ? -1 : row_named(name, strlen(name));

    builder->keeps = row >= 0 && (builder->keep >> row & 1);
    builder->forces = row >= 0 && (builder->force >> row & 1);
}
