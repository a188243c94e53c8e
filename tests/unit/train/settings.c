/* Settings written down and read back. */
#include "train/settings.h"

#include <criterion/criterion.h>
#include <string.h>

static void must(Status status)
{
    cr_assert_not(failed(status), "%s", status.text);
}

static void expect_back(const Settings *settings)
{
    Settings back = settings_default();
    Text text = {0}, difference = {0};

    settings_print(settings, "\n", &text);
    must(settings_read(text_chars(&text), &back));
    settings_difference(settings, &back, &difference);
    cr_expect_str_eq(text_chars(&difference), "");
    text_release(&text);
    text_release(&difference);
}

Test(settings, are_read_back_as_they_were_printed)
{
    Settings settings = settings_default();

    expect_back(&settings);
    must(data_spec_parse("csv:a file; with = and #.csv", &settings.data));
    settings.data.limit = 77;
    settings.data.gain = -1.0 / 3.0;
    settings.data.target_input = true;
    settings.data.shuffle = false;
    settings.data.features = 12;
    settings.data.classes = 3;
    settings.probes = PROBE_GRADS;
    must(net_parse("flatten, dropout 0.1, conv 9 k=2 stride=3 pad=1, linear 65536, gelu, linear 3",
                   "relu", &settings.net));
    settings.net.layers[1].rate = 1.0 / 3.0;
    settings.loss.weight = 1e-4f;
    must(optim_spec("momentum", &settings.optim));
    settings.optim.lr = 0.1 + 0.2;
    settings.optim.momentum = 0.95;
    settings.optim.weight_decay = 1e-5;
    settings.batch = 1;
    settings.seed = UINT64_C(9007199254740992);
    settings.autocast = FORMAT_BF16;
    settings.scaler.mode = SCALE_STATIC;
    settings.scaler.start = 1.0f / 3.0f;
    expect_back(&settings);
    must(net_parse("embedding 9, position, linear", "relu", &settings.net));
    must(data_spec_parse("text:a novel.txt", &settings.data));
    settings.data.context = 77;
    expect_back(&settings);
    settings.data.context = 0;
    must(policy_parse("linear,conv,relu,gelu,tanh,pool,avgpool,dropout", false,
                      &settings.policy.keep));
    must(policy_parse("layernorm,softmax", true, &settings.policy.force));
    settings.policy.unstable = true;
    expect_back(&settings);
    settings.autocast = FORMAT_E4M3;
    settings.fp8 = (Fp8Spec){1024, 3, FP8_SCALING_DELAYED, FORMAT_E4M3};
    expect_back(&settings);
    settings.fp8 = (Fp8Spec){1, 0, FP8_SCALING_NONE, FORMAT_E5M2};
    settings.policy = (Policy){0};
    expect_back(&settings);
    must(net_parse("784 9 10", "tanh", &settings.net));
    must(data_spec_parse("idx:it's", &settings.data));
    settings.scaler.mode = SCALE_DYNAMIC;
    settings.scaler.growth = 1.5;
    settings.scaler.backoff = 0.125;
    settings.scaler.interval = -3;
    settings.scaler.floor = 0.125f;
    settings.scaler.hysteresis = 3;
    settings.scaler.take_all = true;
    settings.clip = (ClipSpec){.kind = CLIP_BY_NORM, .most = 1.0 / 3.0};
    settings.accumulate = 7;
    expect_back(&settings);
    settings.scaler.take_all = false;
    settings.scaler.leave_scaled = true;
    settings.clip = (ClipSpec){.kind = CLIP_BY_VALUE, .most = 1e-3, .before_unscale = true};
    settings.accumulate = 1;
    expect_back(&settings);
    settings.scaler.mode = SCALE_OFF;
    expect_back(&settings);
}

Test(settings, of_older_files_clip_nothing_and_accumulate_nothing)
{
    Settings settings = settings_default(), back = settings_default();
    Text text = {0};

    settings_print(&settings, "\n", &text);
    cr_expect_null(strstr(text_chars(&text), "clip"), "%s", text_chars(&text));
    back.clip = (ClipSpec){.kind = CLIP_BY_NORM, .most = 1.0};
    back.accumulate = 4;
    must(settings_read(text_chars(&text), &back));
    cr_expect_eq(back.clip.kind, CLIP_OFF);
    cr_expect_eq(back.accumulate, 1);
    text_append(&text, "\naccumulate 4");
    must(settings_read(text_chars(&text), &back));
    cr_expect_eq(back.accumulate, 4);
    text_release(&text);
}

Test(settings, that_no_clip_scaler_or_count_of_batches_can_be_are_refused)
{
    static const char *const odd[] = {
        "clip norm",
        "clip off 3",
        "clip value 1 when=never",
        "clip sideways 1",
        "accumulate x",
        "scale dynamic hysteresis=0",
        "scale dynamic skip=maybe",
        "clip norm 1 2",
        "scale static 4 unscale=x",
    };
    Settings settings = settings_default();

    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        cr_expect(failed(settings_read_part(odd[i], &settings)), "%s", odd[i]);
    settings.accumulate = 0;
    cr_expect(failed(settings_check(&settings)));
    settings.accumulate = MOST_ACCUMULATED + 1;
    cr_expect(failed(settings_check(&settings)));
    settings.accumulate = 1;
    settings.clip.kind = CLIP_BY_NORM;
    cr_expect(failed(settings_check(&settings)));
}

Test(settings, make_another_program_where_gradients_are_clipped_or_added_up_otherwise)
{
    Settings a = settings_default(), b = a;

    b.scaler.take_all = b.scaler.leave_scaled = true;
    b.scaler.floor = 1.0f;
    cr_expect(settings_same_program(&a, &b), "these are scalars");
    b.accumulate = 2;
    cr_expect_not(settings_same_program(&a, &b));
    b.accumulate = 1;
    b.clip = (ClipSpec){.kind = CLIP_BY_NORM, .most = 1.0};
    cr_expect_not(settings_same_program(&a, &b));
    a.clip = b.clip;
    cr_expect(settings_same_program(&a, &b));
    b.clip.most = 2.0;
    cr_expect_not(settings_same_program(&a, &b));
    b.clip = a.clip;
    b.clip.before_unscale = true;
    cr_expect_not(settings_same_program(&a, &b));
}

Test(settings, that_were_tampered_with_are_refused_and_change_nothing)
{
    static const char *const swaps[][2] = {
        {"data fashion", "source evil"},
        {"data fashion", "data fashion limit=-5"},
        {"data fashion", "data fashion size=-1"},
        {"data fashion", "data fashion colour=red"},
        {"data fashion", "data \"fashion"},
        {"net 784 256", "net 99999999"},
        {"cross-entropy", "a-loss-of-a-very-long-name"},
        {"cross-entropy", "hinge"},
        {"adamw lr=0.001", "adamw lr=-1"},
        {"adamw lr=0.001", "lion lr=1"},
        {"batch 64", "batch 0"},
        {"probe on", "probe all"},
        {"data fashion", "data noise features=-1"},
        {"batch 64", "batch 64; quit"},
        {"seed 1", "seed -1"},
        {"autocast fp16", "autocast e4m3"},
        {"autocast fp16", "autocast fp16 keep=banana"},
        {"autocast fp16", "autocast fp16 force=relu"},
        {"autocast fp16", "autocast fp16 stable=perhaps"},
        {"autocast fp16", "autocast fp32 keep=relu"},
        {"autocast fp16", "autocast fp16\nfp8 scaling lately"},
        {"autocast fp16", "autocast fp16\nfp8 scaling delayed history=0"},
        {"autocast fp16", "autocast fp16\nfp8 scaling current margin=1"},
        {"autocast fp16", "autocast fp16\nfp8 delayed"},
        {"autocast fp16", "autocast fp16\nfp8 scaling delayed backward=fp16"},
        {"scale dynamic", "scale static"},
        {"scale dynamic", "scale simulate 1"},
        {"scale dynamic", "scale dynamic nan"},
        {"scale dynamic", "\nscale dynamic"},
        {"interval=50", "interval=50\nquit"},
    };
    Settings settings = settings_default();
    Text text = {0}, bad = {0};

    settings_print(&settings, "\n", &text);
    for (size_t i = 0; i < sizeof swaps / sizeof *swaps; i++) {
        const char *at = strstr(text_chars(&text), swaps[i][0]);
        Settings read = settings;

        cr_assert_not_null(at, "%s", swaps[i][0]);
        text_clear(&bad);
        text_append_bytes(&bad, text_chars(&text), (size_t)(at - text_chars(&text)));
        text_append(&bad, swaps[i][1]);
        text_append(&bad, at + strlen(swaps[i][0]));
        cr_expect(failed(settings_read(text_chars(&bad), &read)), "%s", swaps[i][1]);
        cr_expect_eq(memcmp(&read, &settings, sizeof read), 0, "%s", swaps[i][1]);
    }
    text_release(&text);
    text_release(&bad);
}

Test(settings, that_say_when_nothing_is_clipped_are_refused)
{
    Settings settings = settings_default();

    cr_expect(failed(settings_read_part("clip off when=before-unscale", &settings)));
    cr_expect_not(settings.clip.before_unscale);
    cr_expect_not(failed(settings_read_part("clip off", &settings)));
}

Test(settings, of_weights_that_masters_off_leaves_in_fp32_may_clip_and_accumulate)
{
    Settings settings = settings_default();

    settings.master = false;
    settings.autocast = FORMAT_FP32;
    settings.accumulate = 2;
    cr_expect_not(failed(settings_check(&settings)));
    settings.autocast = FORMAT_BF16;
    cr_expect(failed(settings_check(&settings)));
}

/* As many layers as can be, each as long as can be. */
Test(settings, of_the_longest_net_are_read_back)
{
    Settings settings = settings_default();
    Text net = {0};

    for (int i = 0; i < NET_LAYERS; i++)
        text_printf(&net, "%sconv 65536 k=65536 stride=65536 pad=65536", i == 0 ? "" : ", ");
    must(net_parse(text_chars(&net), "relu", &settings.net));
    expect_back(&settings);
    text_release(&net);
}

Test(settings, fp8_and_what_is_kept_or_forced_make_another_program)
{
    Settings a = settings_default(), b = a;
    Text text = {0};

    cr_expect(settings_left_out(&a, SETTING_FP8));
    b.fp8.margin = 1;
    cr_expect_not(settings_same_program(&a, &b));
    cr_expect_not(settings_left_out(&b, SETTING_FP8));
    settings_difference(&a, &b, &text);
    cr_expect_str_eq(text_chars(&text), "fp8 scaling delayed -> scaling delayed margin=1");
    text_release(&text);
    b = a;
    must(policy_parse("softmax", true, &b.policy.force));
    cr_expect_not(settings_same_program(&a, &b));
    b.policy.force = 0;
    must(policy_parse("softmax", false, &b.policy.keep));
    cr_expect_not(settings_same_program(&a, &b));
    settings_difference(&a, &b, &text);
    cr_expect_str_eq(text_chars(&text), "autocast fp16 -> fp16 keep=softmax");
    text_release(&text);
    b.autocast = FORMAT_E5M2;
    cr_expect(failed(settings_check(&b)));
}
