/* Clipping, accumulation and the mistakes with a scaler, in a session: what is told, kept and undone. */
#include "rig.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(repairs, .init = open_small, .fini = close_all);

static Settings wanted;

static void set_scaler(float start)
{
    wanted = *session_settings(session);
    wanted.scaler.mode = SCALE_DYNAMIC;
    wanted.scaler.start = start;
}

Test(repairs, a_step_of_several_batches_counts_as_one_and_an_epoch_has_fewer)
{
    int64_t whole = look()->epoch_steps;

    wanted = *session_settings(session);
    wanted.accumulate = 3;
    apply(&wanted);
    train(4);
    cr_expect_eq(look()->step, 4);
    cr_expect_eq(now.accumulate, 3);
    cr_expect_eq(now.epoch_steps, (whole + 2) / 3);
    cr_expect_lt(now.loss.value, 2.0);
    wanted.accumulate = 256;
    cr_expect(failed(session_apply(session, &wanted, &(int64_t){0})));
    cr_expect_eq(session_settings(session)->accumulate, 3);
}

/* The same examples in one batch and in four: the gradients' mean is the same but for rounding. */
Test(repairs, the_loss_is_divided_by_the_batches_of_a_step)
{
    double norm, loss;

    train(1);
    norm = look()->grad_norm.value;
    loss = now.batch_loss.value;
    must(session_reset(session));
    wanted = *session_settings(session);
    wanted.batch = 5;
    wanted.accumulate = 4;
    apply(&wanted);
    train(1);
    cr_expect_float_eq(look()->grad_norm.value, norm, 1e-3 * norm);
    cr_expect_float_eq(now.batch_loss.value, loss, 1e-3 * loss);
    for (int i = 0; i < now.tensor_count; i++)
        cr_expect_null(strstr(now.tensors[i].name, ".sum"), "%s stands there twice",
                       now.tensors[i].name);
}

Test(repairs, clipping_is_told_and_ends_when_it_is_turned_off)
{
    wanted = *session_settings(session);
    train(1);
    cr_expect(look()->clip_coef.value == 1.0);
    wanted.clip = (ClipSpec){.kind = CLIP_BY_NORM, .most = 1e-3};
    apply(&wanted);
    train(1);
    look();
    cr_expect(now.clip.norm && !now.clip.before_unscale);
    cr_expect_float_eq(now.clip_coef.value, 1e-3 / (now.grad_norm.value + 1e-6), 1e-7);
    wanted.clip.kind = CLIP_OFF;
    apply(&wanted);
    train(1);
    cr_expect(look()->clip_coef.value == 1.0);
}

Test(repairs, a_step_that_is_taken_all_the_same_is_told_once_as_an_event)
{
    int warnings = 0;

    set_scaler(0x1p40f);
    wanted.scaler.take_all = true;
    apply(&wanted);
    train(5);
    cr_expect_eq(look()->skipped, 0);
    cr_expect_eq(now.last_skip.step, 0);
    cr_expect_eq(now.first_taken.step, 1);
    cr_expect_neq(now.first_taken.tensor[0], '\0');
    cr_expect(isnan(now.batch_loss.value));
    cr_expect_eq(now.scaler.backoffs, 5);
    for (int i = 0; i < events_held(&now.events); i++)
        warnings += strstr(events_get(&now.events, i)->text, "skip is off") != NULL;
    cr_expect_eq(warnings, 1);
}

Test(repairs, rules_of_the_scaler_change_and_its_scale_stays)
{
    set_scaler(0x1p40f);
    wanted.scaler.hysteresis = 3;
    apply(&wanted);
    train(1);
    cr_expect_eq(look()->scaler.spent, 1);
    cr_expect_eq(now.scaler.scale, 0x1p40f);
    wanted.scaler.floor = 4.0f;
    wanted.scaler.leave_scaled = true;
    apply(&wanted);
    cr_expect_eq(look()->scaler.spent, 1);
    cr_expect(now.scaler.leave_scaled);
    train(2);
    cr_expect_eq(look()->scaler.spent, 2);
    cr_expect_eq(now.scaler.scale, 0x1p39f);
    must(session_restart_scaler(session));
    cr_expect_eq(look()->scaler.spent, 0);
}

Test(repairs, a_saved_run_goes_on_with_all_of_it)
{
    char path[64];
    Text what = {0};
    double after;

    set_scaler(0x1p40f);
    wanted.scaler.hysteresis = 9;
    wanted.scaler.take_all = true;
    wanted.clip = (ClipSpec){.kind = CLIP_BY_VALUE, .most = 1e-3, .before_unscale = true};
    wanted.accumulate = 2;
    apply(&wanted);
    train(4);
    snprintf(path, sizeof path, "/tmp/halfstep-repairs-%d", (int)getpid());
    must(session_save(session, path, &(int64_t){0}));
    train(3);
    after = look()->batch_loss.value;
    cr_expect_eq(now.scaler.spent, 7);
    must(session_load(session, path, &what));
    unlink(path);
    cr_expect_eq(look()->scaler.spent, 4);
    cr_expect_eq(now.first_taken.step, 1);
    cr_expect_eq(session_settings(session)->accumulate, 2);
    cr_expect(session_settings(session)->clip.before_unscale);
    cr_expect(session_settings(session)->scaler.take_all);
    train(3);
    cr_expect(memcmp(&after, &look()->batch_loss.value, sizeof after) == 0);
    cr_expect_eq(now.scaler.spent, 7);
    text_release(&what);
}
