#include "telemetry/snapshot.h"

#include "base/memory.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void add_tensor(Snapshot *snapshot, const char *name, TensorKind kind, double lost)
{
    TensorFacts *tensor;
    size_t count = (size_t)snapshot->tensor_count++;

    snapshot->tensors = xresize(snapshot->tensors, count + 1, sizeof *tensor);
    tensor = &snapshot->tensors[count];
    *tensor = (TensorFacts){.kind = kind};
    text_copy(tensor->name, sizeof tensor->name, name);
    tensor->counts.mass = 8.0;
    tensor->counts.lost_mass = lost;
}

Test(snapshot, a_copy_is_deep_and_releases_what_was_there)
{
    Snapshot *from = xcalloc(1, sizeof *from), *to = xcalloc(1, sizeof *to);

    add_tensor(to, "old", TENSOR_WEIGHT, 0.0);
    add_tensor(from, "fc1.weight.grad", TENSOR_WEIGHT_GRAD, 1.0);
    add_tensor(from, "fc1.bias.grad", TENSOR_WEIGHT_GRAD, 2.0);
    from->step = 7;
    snapshot_copy(to, from);
    snapshot_release(from);
    cr_assert_null(from->tensors);
    cr_assert_eq(to->step, 7);
    cr_assert_eq(to->tensor_count, 2);
    cr_assert_str_eq(to->tensors[1].name, "fc1.bias.grad");
    snapshot_copy(to, from);
    cr_assert_eq(to->tensor_count, 0);
    cr_assert_null(to->tensors);
    snapshot_release(to);
    free(from);
    free(to);
}

Test(snapshot, copied_onto_itself_stays)
{
    Snapshot *snapshot = xcalloc(1, sizeof *snapshot);

    add_tensor(snapshot, "fc1.out", TENSOR_ACTIVATION, 0.0);
    snapshot_copy(snapshot, snapshot);
    cr_assert_not_null(snapshot_tensor(snapshot, "fc1.out"));
    snapshot_release(snapshot);
    free(snapshot);
}

Test(snapshot, tensors_are_found_by_their_whole_name)
{
    Snapshot *snapshot = xcalloc(1, sizeof *snapshot);

    add_tensor(snapshot, "fc1.out.grad", TENSOR_ACTIVATION_GRAD, 0.0);
    add_tensor(snapshot, "fc1.out", TENSOR_ACTIVATION, 0.0);
    cr_assert_eq(snapshot_tensor(snapshot, "fc1.out"), &snapshot->tensors[1]);
    cr_assert_null(snapshot_tensor(snapshot, "fc1"));
    snapshot_release(snapshot);
    free(snapshot);
}

Test(snapshot, the_worst_is_the_gradient_that_lost_the_largest_share)
{
    Snapshot *snapshot = xcalloc(1, sizeof *snapshot);

    add_tensor(snapshot, "fc1.out", TENSOR_ACTIVATION, 8.0);
    add_tensor(snapshot, "fc2.out.grad", TENSOR_ACTIVATION_GRAD, 4.0);
    add_tensor(snapshot, "fc2.weight.grad", TENSOR_WEIGHT_GRAD, 5.0);
    snapshot->tensors[2].counts.mass = 100.0;
    cr_assert_str_eq(snapshot_worst(snapshot)->name, "fc2.out.grad");
    snapshot_release(snapshot);
    free(snapshot);
}

Test(snapshot, where_nothing_was_lost_the_first_layers_weight_gradient_is_the_worst)
{
    Snapshot *snapshot = xcalloc(1, sizeof *snapshot);

    cr_assert_null(snapshot_worst(snapshot));
    add_tensor(snapshot, "fc1.out", TENSOR_ACTIVATION, 8.0);
    cr_assert_null(snapshot_worst(snapshot));
    add_tensor(snapshot, "fc2.out.grad", TENSOR_ACTIVATION_GRAD, 0.0);
    cr_assert_str_eq(snapshot_worst(snapshot)->name, "fc2.out.grad");
    add_tensor(snapshot, "fc2.weight.grad", TENSOR_WEIGHT_GRAD, 0.0);
    add_tensor(snapshot, "fc1.out.grad", TENSOR_ACTIVATION_GRAD, 0.0);
    add_tensor(snapshot, "fc1.weight.grad", TENSOR_WEIGHT_GRAD, 0.0);
    add_tensor(snapshot, "fc1.bias.grad", TENSOR_WEIGHT_GRAD, 0.0);
    cr_assert_str_eq(snapshot_worst(snapshot)->name, "fc1.weight.grad");
    snapshot_release(snapshot);
    free(snapshot);
}
