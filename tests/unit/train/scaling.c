/* The loss scale of a session: set, grown, backed off, and what it starves. */
#include "rig.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(scaling, .init = open_small, .fini = close_all);

Test(scaling, sets_the_scale_now_and_leaves_the_tracker)
{
    int64_t step;

    train(5);
    cr_expect_eq(look()->scaler.tracker, 5);
    must(session_set_scale(session, 8.0f, &step));
    cr_expect_eq(step, 5);
    cr_expect_eq(look()->scaler.scale, 8.0f);
    cr_expect_eq(now.scaler.tracker, 5);
    cr_expect_eq(now.scaler.mode, SCALER_DYNAMIC);
    cr_expect(failed(session_set_scale(session, 0.0f, &step)));
    cr_expect(failed(session_set_scale(session, INFINITY, &step)));
}

Test(scaling, turns_static_scaling_on_where_it_was_off)
{
    Settings wanted = *session_settings(session);
    int64_t step;

    wanted.scaler.mode = SCALE_OFF;
    apply(&wanted);
    must(session_set_scale(session, 1024.0f, &step));
    cr_expect_eq(look()->scaler.mode, SCALER_STATIC);
    train(3);
    cr_expect_eq(look()->scaler.scale, 1024.0f);
}

Test(scaling, skips_backs_off_and_tells_which_tensor_it_was)
{
    int64_t step;
    float before;

    must(session_set_scale(session, 0x1p40f, &step));
    train(1);
    look();
    cr_expect_eq(now.skipped, 1);
    cr_expect_eq(now.last_skip.step, 1);
    cr_expect_eq(now.last_skip.scale_used, 0x1p40f);
    cr_expect_eq(now.last_skip.scale_next, 0x1p39f);
    cr_expect_gt(now.last_skip.nonfinite, 0);
    cr_expect_neq(now.last_skip.tensor[0], '\0');
    cr_expect_eq(moved("fc1.weight"), 0.0);
    before = now.scaler.scale;
    train(2);
    cr_expect_lt(look()->scaler.scale, before);
    cr_expect_eq(now.last_skip.in_a_row, 3);
    cr_expect_eq(now.scaler.backoffs, 3);
    cr_expect_eq(session_history(session, 1)->skipped, 2);
}

Test(scaling, grows_after_the_interval)
{
    Settings wanted = *session_settings(session);

    wanted.scaler.start = 16.0f;
    wanted.scaler.interval = 4;
    apply(&wanted);
    train(8);
    cr_expect_eq(look()->scaler.scale, 64.0f);
    cr_expect_eq(now.scaler.growths, 2);
}

Test(scaling, says_what_starved_the_gradients_behind_a_lost_one)
{
    Settings wanted = *session_settings(session);
    const TensorFacts *tensor;

    wanted.loss.weight = 1e-12f;
    wanted.scaler.mode = SCALE_STATIC;
    wanted.scaler.start = 1.0f;
    apply(&wanted);
    train(1);
    tensor = snapshot_tensor(look(), "fc1.weight.grad");
    cr_assert_not_null(tensor);
    cr_expect_str_eq(tensor->starved_by, "log_softmax.out.grad");
    cr_expect_eq(now.skipped, 0);
}

Test(scaling, restarts_as_a_new_grad_scaler)
{
    int64_t step;

    train(5);
    must(session_set_scale(session, 8.0f, &step));
    must(session_restart_scaler(session));
    cr_expect_eq(look()->scaler.scale, 65536.0f);
    cr_expect_eq(now.scaler.tracker, 0);
}
