/* Everything that makes an experiment, as plain data: what the learner's commands change.
 *
 * A command takes a copy of the session's settings, changes a field, and hands the copy to
 * session_apply, which checks the whole before anything moves.
 */
#ifndef TRAIN_SETTINGS_H
#define TRAIN_SETTINGS_H

#include "amp/clip.h"
#include "amp/fp8.h"
#include "amp/policy.h"
#include "amp/scaler.h"
#include "base/number.h"
#include "base/text.h"
#include "data/data.h"
#include "nn/loss.h"
#include "nn/net.h"
#include "numerics/format.h"
#include "optim/optim.h"
#include "program/builder.h"

typedef struct Settings {
    int64_t batch;
    uint64_t seed;
    int64_t accumulate; /* micro-batches of `batch` examples in a step */
    double pace;        /* steps a second at most; 0: as fast as it goes */
    ClipSpec clip;
    Fp8Spec fp8; /* of autocast fp8 */
    OptimSpec optim;
    ScalerSpec scaler;
    DataSpec data;
    NetSpec net;
    LossSpec loss;
    Policy policy;           /* departures from what PyTorch's autocast runs in it */
    Format autocast;         /* FORMAT_FP32: off; FORMAT_E4M3: fp8 */
    WeightRounding rounding; /* of weights without masters; to nearest where there are masters */
    ProbeSet probes;         /* what casts do is counted here; changes no bit of the training */
    bool master; /* weights are fp32, and cast anew each step; else they are kept in the format of
                    autocast itself, where that is fp16 or bf16 */
} Settings;

/* data fashion; net 784 256 128 10; optim adamw lr=1e-3; batch 64; autocast fp16;
 * scale dynamic interval=50; clip off; accumulate 1. */
Settings settings_default(void);

/* What the parameters are kept in under these settings. */
Format settings_weights(const Settings *settings);

/* Writes programs under these settings into `program`. */
Builder settings_builder(const Settings *settings, Program *program);

/* Every part on its own is in range. Fails: STATUS_USAGE, STATUS_UNSUPPORTED. */
Status settings_check(const Settings *settings) MUST_CHECK;

/* That a step looks at: all its micro-batches. */
int64_t settings_examples(const Settings *settings);

/* A step looks at no more than the training examples there are. Fails: STATUS_SHAPE. */
Status settings_fit(const Settings *settings, int64_t examples) MUST_CHECK;

/* The same data, network, kind of loss and seed: one run may go on from a to b. */
bool settings_same_run(const Settings *a, const Settings *b);

/* The same instructions: only scalars differ, if anything. */
bool settings_same_program(const Settings *a, const Settings *b);

/* What a learner sets with one command. */
typedef enum SettingPart {
    SETTING_DATA,
    SETTING_NET,
    SETTING_LOSS,
    SETTING_OPTIM,
    SETTING_BATCH,
    SETTING_SEED,
    SETTING_AUTOCAST,
    SETTING_FP8,
    SETTING_MASTER,
    SETTING_ROUND,
    SETTING_SCALE,
    SETTING_PROBE,
    SETTING_CLIP,
    SETTING_ACCUMULATE,
    SETTING_PARTS,
} SettingPart;

/* Appends the part as it would be typed: "scale dynamic interval=50". */
void settings_part(const Settings *settings, SettingPart part, Text *text);

/* It came later than others, and is written down only where it is not as ever: `master on`. */
bool settings_left_out(const Settings *settings, SettingPart part);

/* It would be typed the same. */
bool settings_same_part(const Settings *a, const Settings *b, SettingPart part);

/* The whole experiment, `between` the commands, "; " or a newline, but for what is left out. */
void settings_print(const Settings *settings, const char *between, Text *text);

/* Reads what settings_print wrote with newlines between; what it never prints (pace) stays. Fails:
 * STATUS_IO, STATUS_USAGE, STATUS_UNSUPPORTED: something else stands there; nothing has changed. */
Status settings_read(const char *text, Settings *settings) MUST_CHECK;

/* Reads one part as settings_part wrote it, into `settings`. Fails: as settings_read. */
Status settings_read_part(const char *text, Settings *settings) MUST_CHECK;

/* What differs, in words: "autocast fp16 -> bf16, batch 64 -> 128"; "" for nothing. */
void settings_difference(const Settings *a, const Settings *b, Text *text);

enum {
    LARGEST_BATCH = 65536,
    MOST_ACCUMULATED = 256,
    LARGEST_SIZE = 4096,   /* of pictures, a side */
    LARGEST_CONTEXT = 4096 /* characters */
};

#endif
