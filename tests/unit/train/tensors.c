/* What a run says of its tensors in every format of autocast. */
#include "rig.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(tensors, .init = open_small, .fini = close_all);

static void train_in(Format format)
{
    Settings wanted = *session_settings(session);

    wanted.autocast = format;
    apply(&wanted);
    train(5);
    (void)look();
}

Test(tensors, have_one_name_each_in_every_format)
{
    for (Format format = FORMAT_FP32; format <= FORMAT_BF16; format++) {
        train_in(format);
        for (int i = 0; i < now.tensor_count; i++)
            cr_expect_eq(snapshot_tensor(&now, now.tensors[i].name), &now.tensors[i], "two are %s",
                         now.tensors[i].name);
        cr_expect_gt(moved("fc1.weight"), 0.0);
        cr_expect_gt(moved("fc1.bias"), 0.0);
    }
}

Test(tensors, are_of_the_kind_that_is_cast_and_counted_in_the_cast)
{
    train_in(FORMAT_TF32);
    cr_expect_eq(snapshot_tensor(&now, "x")->kind, TENSOR_INPUT);
    cr_expect_eq(snapshot_tensor(&now, "fc1.weight")->kind, TENSOR_WEIGHT);
    cr_expect_eq(snapshot_tensor(&now, "tanh1.out")->kind, TENSOR_ACTIVATION);
    cr_expect_eq(snapshot_tensor(&now, "fc2.out.grad")->kind, TENSOR_ACTIVATION_GRAD);
    cr_expect_eq(snapshot_tensor(&now, "fc2.out.grad")->format, FORMAT_TF32);
    cr_expect(snapshot_tensor(&now, "fc2.out.grad")->probed);
    cr_expect_eq(snapshot_tensor(&now, "fc2.weight.grad")->format, FORMAT_FP32);
    cr_expect_not(snapshot_tensor(&now, "fc1.bias")->probed);
}
