#include "case.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const Trail clean;

Snapshot *snapshot_new(void)
{
    Snapshot *snapshot = xcalloc(1, sizeof *snapshot);

    snapshot->scaler.mode = SCALER_DYNAMIC;
    snapshot->scaler.scale = 32768.0F;
    snapshot->scaler.growth = 2.0;
    snapshot->scaler.backoff = 0.5;
    snapshot->scaler.interval = 50;
    snapshot->autocast = FORMAT_FP16;
    snapshot->batch_loss.none = true;
    snapshot->probes = true;
    return snapshot;
}

void add_skip(Snapshot *snapshot)
{
    snapshot->step = 1200;
    snapshot->last_skip = (SkipFacts){
        .step = 1190,
        .tensor = "fc2.weight.grad",
        .format = FORMAT_FP16,
        .nonfinite = 3,
        .count = 32768,
        .amax = 61234.0F,
        .scale_used = 65536.0F,
        .scale_next = 32768.0F,
        .in_a_row = 1,
    };
}

void snapshot_free(Snapshot *snapshot)
{
    snapshot_release(snapshot);
    free(snapshot);
}

/* Takes the snapshot. */
void expect_told(const char *name, Snapshot *snapshot, const Trail *trail, const char *wanted)
{
    Text text = {0};

    cr_assert_not_null(story_find(name));
    cr_expect(story_find(name)->tell(&(Case){snapshot, trail}, &text), "%s", name);
    cr_expect_not_null(strstr(text_chars(&text), wanted), "%s", text_chars(&text));
    text_release(&text);
    snapshot_free(snapshot);
}

void expect_untold(const char *name, Snapshot *snapshot)
{
    Text text = {0};

    cr_expect_not(story_find(name)->tell(&(Case){snapshot, &clean}, &text), "%s", name);
    cr_expect_eq(text.length, 0);
    snapshot_free(snapshot);
}

Snapshot *just_skipped(int64_t in_a_row)
{
    Snapshot *snapshot = snapshot_new();

    add_skip(snapshot);
    snapshot->step = snapshot->last_skip.step;
    snapshot->last_skip.in_a_row = in_a_row;
    snapshot->last_skip.scale_begun = ldexpf(snapshot->last_skip.scale_used, (int)in_a_row - 1);
    return snapshot;
}
