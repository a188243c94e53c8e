/* The PyTorch script of an experiment, held against one that was run, and the numbers beside it. */
#include "rig.h"

#include "base/file.h"
#include "base/memory.h"
#include "train/export.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64], path[128];

static const char *at(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void open_exported(void)
{
    open_small();
    text_copy(folder, sizeof folder, "/tmp/halfstep-pytorch-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void close_exported(void)
{
    char command[128];

    close_all();
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(pytorch, .init = open_exported, .fini = close_exported);

static char *text_of(const char *file)
{
    Bytes bytes;
    char *text;

    must(file_read(file, 1 << 24, &bytes));
    text = xcalloc(bytes.count + 1, 1);
    memcpy(text, bytes.data, bytes.count);
    bytes_release(&bytes);
    return text;
}

static char *exported(void)
{
    must(session_export_pytorch(session, at("a.py")));
    return text_of(at("a.py"));
}

static void expect_in(const char *words)
{
    char *text = exported();

    cr_expect_not_null(strstr(text, words), "%s is not in\n%.3000s", words, text);
    free(text);
}

/* HALFSTEP_UPDATE_GOLDEN=1 writes it anew; then it is to be run, with PyTorch, and looked at. */
Test(pytorch, the_script_is_the_one_that_was_run)
{
    const char *golden = "tests/golden/pytorch.py";
    char *text, *wanted;

    train(30);
    text = exported();
    if (getenv("HALFSTEP_UPDATE_GOLDEN") != NULL)
        must(file_write(golden, text, strlen(text)));
    wanted = text_of(golden);
    cr_expect(strcmp(text, wanted) == 0, "%s", text);
    free(text);
    free(wanted);
}

Test(pytorch, the_scaler_goes_on_from_where_it_is)
{
    Settings wanted = *session_settings(session);

    wanted.scaler = (ScalerSpec){
        .mode = SCALE_DYNAMIC, .start = 0x1p30f, .growth = 1.5, .backoff = 0.25, .interval = 3};
    apply(&wanted);
    train(20);
    expect_in("SCALING = \"dynamic\"\nINIT_SCALE = 1073741824\nGROWTH_FACTOR = 1.5\n"
              "BACKOFF_FACTOR = 0.25\nGROWTH_INTERVAL = 3\nSCALE, TRACKER = float(");
    cr_expect_gt(look()->skipped, 0);
    snprintf(path, sizeof path, "STEP = 20  # so far\nTAKEN = %d  # of", 20 - (int)now.skipped);
    {
        char *words = xstrdup(path);

        expect_in(words);
        free(words);
    }
    wanted.scaler.mode = SCALE_OFF;
    apply(&wanted);
    expect_in("SCALING = \"off\"");
}

Test(pytorch, numbers_that_python_has_no_words_for_are_written_all_the_same)
{
    Settings wanted = *session_settings(session);

    wanted.scaler.growth = HUGE_VAL;
    apply(&wanted);
    expect_in("GROWTH_FACTOR = float(\"inf\")");
}

Test(pytorch, clipping_accumulation_and_mistakes_are_made_there_too)
{
    Settings wanted = *session_settings(session);

    expect_in("ACCUMULATE = 1  #");
    expect_in("SKIP, UNSCALE = True, True  #");
    expect_in("CLIP = None\nCLIP_MOST = 0\nCLIP_SCALED = False\n");
    wanted.accumulate = 3;
    wanted.clip = (ClipSpec){.kind = CLIP_BY_NORM, .most = 0.5, .before_unscale = true};
    wanted.scaler.take_all = wanted.scaler.leave_scaled = true;
    apply(&wanted);
    expect_in("ACCUMULATE = 3  #");
    expect_in("SKIP, UNSCALE = False, False  #");
    expect_in("CLIP = \"norm\"\nCLIP_MOST = 0.5\nCLIP_SCALED = True\n");
    wanted.scaler.mode = SCALE_OFF;
    apply(&wanted);
    expect_in("SKIP, UNSCALE = True, True  #");
}

Test(pytorch, a_scaler_that_pytorch_has_not_makes_no_script)
{
    Settings wanted = *session_settings(session);

    wanted.scaler.mode = SCALE_DYNAMIC;
    wanted.scaler.floor = 1.0f;
    apply(&wanted);
    cr_expect(failed(session_export_pytorch(session, at("a.py"))));
    wanted.scaler.floor = 0.0f;
    wanted.scaler.hysteresis = 2;
    apply(&wanted);
    cr_expect(failed(session_export_pytorch(session, at("a.py"))));
    wanted.scaler.mode = SCALE_STATIC;
    apply(&wanted);
    must(session_export_pytorch(session, at("a.py")));
}

Test(pytorch, on_cuda_each_optimizer_is_fused_so_that_no_step_waits_for_found_inf)
{
    Settings wanted = *session_settings(session);

    must(optim_spec("adamw", &wanted.optim));
    apply(&wanted);
    expect_in(
        "how = dict(fused=True, capturable=graph) if cuda else {}\n    return torch.optim.AdamW(");
    must(optim_spec("momentum", &wanted.optim));
    apply(&wanted);
    expect_in("how = dict(fused=True) if cuda else {}\n    return torch.optim.SGD(");
}

Test(pytorch, every_part_has_a_name_there)
{
    static const char *const optimizers[] = {"sgd", "momentum", "adam", "adamw"};
    static const char *const calls[] = {
        "SGD(params, lr=0.01, weight_decay=0, **how)",
        "SGD(params, lr=0.01, momentum=0.9, weight_decay=0, **how)",
        "Adam(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0, **how)",
        "AdamW(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01, **how)"};
    Settings wanted = *session_settings(session);
    char list[128];

    snprintf(list, sizeof list,
             "flatten, linear 5, relu, linear 4, gelu, linear 3, tanh, linear %d",
             (int)wanted.net.layers[3].width);
    must(net_parse(list, "relu", &wanted.net));
    apply(&wanted);
    expect_in("(\"flatten1\", nn.Flatten()),\n        (\"fc1\", nn.Linear(2, 5)),\n"
              "        (\"relu1\", nn.ReLU()),\n        (\"fc2\", nn.Linear(5, 4)),\n"
              "        (\"gelu1\", nn.GELU()),\n        (\"fc3\", nn.Linear(4, 3)),\n"
              "        (\"tanh1\", nn.Tanh()),\n        (\"fc4\", nn.Linear(3, ");
    for (int i = 0; i < 4; i++) {
        must(optim_spec(optimizers[i], &wanted.optim));
        apply(&wanted);
        expect_in(calls[i]);
    }
    wanted.autocast = FORMAT_BF16;
    apply(&wanted);
    expect_in("AUTOCAST = torch.bfloat16\nALLOW_TF32 = False\n");
    wanted.autocast = FORMAT_FP32;
    apply(&wanted);
    expect_in("AUTOCAST = None\n");
    must(data_spec_parse("moons", &wanted.data));
    wanted.data.target_input = true;
    must(net_parse("2 3 2", "relu", &wanted.net));
    text_copy(wanted.loss.kind, sizeof wanted.loss.kind, "mse");
    apply(&wanted);
    expect_in("return F.mse_loss(logits, target)");
}

Test(pytorch, pictures_go_through_layers_of_the_same_names_and_tf32_is_only_where_it_is_asked_for)
{
    Settings wanted = *session_settings(session);

    must(data_spec_parse("fashion", &wanted.data));
    wanted.data.limit = 64;
    must(net_parse("conv 4 k=5 stride=2 pad=1, pool 2, conv 3, avgpool 2, flatten, layernorm, "
                   "dropout 0.1, linear 10",
                   "relu", &wanted.net));
    apply(&wanted);
    expect_in("(\"conv1\", nn.Conv2d(1, 4, 5, stride=2, padding=1)),\n"
              "        (\"pool1\", nn.MaxPool2d(2)),\n"
              "        (\"conv2\", nn.Conv2d(4, 3, 3, stride=1, padding=0)),\n"
              "        (\"avgpool1\", nn.AvgPool2d(2)),\n"
              "        (\"flatten1\", nn.Flatten()),\n"
              "        (\"norm1\", nn.LayerNorm(12)),\n"
              "        (\"drop1\", nn.Dropout(0.1)),\n"
              "        (\"fc1\", nn.Linear(12, 10)),\n    ]))\n"
              "    # PyTorch draws other random numbers");
    expect_in("matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = ALLOW_TF32\n");
}

Test(pytorch, attention_is_a_module_of_the_names_of_pytorchs_that_takes_its_steps_in_the_open)
{
    Settings wanted = *session_settings(session);

    must(data_spec_parse("text", &wanted.data));
    wanted.data.context = 16;
    must(net_parse("embedding 12, attention 3, attention 2, linear", "relu", &wanted.net));
    apply(&wanted);
    expect_in("(\"attn1\", CausalSelfAttention(12, 3)),\n"
              "        (\"attn2\", CausalSelfAttention(12, 2)),\n");
    expect_in("\n\nclass CausalSelfAttention(nn.MultiheadAttention):\n");
    expect_in("        scores = (q * math.sqrt(1 / self.head_dim)) @ k.transpose(-2, -1)\n");
    expect_in("probs = torch.softmax(scores, -1, dtype=torch.float32)\n");
    expect_in("self.out_proj((probs @ v).transpose(1, 2).flatten(2))\n");
}

Test(pytorch, blocks_are_gone_through_by_a_class_of_layers_that_lie_side_by_side)
{
    Settings wanted = *session_settings(session);

    must(data_spec_parse("fashion", &wanted.data));
    wanted.data.limit = 64;
    must(
        net_parse("conv 4 k=28, batchnorm, residual (relu, residual (tanh) | conv 4 k=1), flatten, "
                  "linear 10, batchnorm",
                  "relu", &wanted.net));
    apply(&wanted);
    expect_in("class Blocks(nn.Sequential):\n    def forward(self, x):\n"
              "        x = self.conv1(x)\n        x = self.bn1(x)\n"
              "        add2_in = x\n        x = self.relu1(x)\n"
              "        add1_in = x\n        x = self.tanh1(x)\n        x = x + add1_in\n"
              "        add2_path, x = x, add2_in\n        x = self.conv2(x)\n"
              "        x = add2_path + x\n        x = self.flatten1(x)\n        x = self.fc1(x)\n"
              "        x = self.bn2(x)\n        return x\n");
    expect_in("return Blocks(OrderedDict([\n"
              "        (\"conv1\", nn.Conv2d(1, 4, 28, stride=1, padding=0)),\n"
              "        (\"bn1\", nn.BatchNorm2d(4)),\n"
              "        (\"relu1\", nn.ReLU()),\n"
              "        (\"tanh1\", nn.Tanh()),\n"
              "        (\"conv2\", nn.Conv2d(4, 4, 1, stride=1, padding=0)),\n"
              "        (\"flatten1\", nn.Flatten()),\n"
              "        (\"fc1\", nn.Linear(4, 10)),\n"
              "        (\"bn2\", nn.BatchNorm1d(10)),\n    ]))\n");
}

/* The numbers at `name` of the safetensors file that was written last. */
static const float *numbers_of(const Bytes *bytes, const char *name)
{
    uint64_t length;
    char *header;
    char key[64];
    const char *place;
    int64_t start;

    memcpy(&length, bytes->data, sizeof length);
    cr_assert_eq(length % 8, 0);
    header = xcalloc(length + 1, 1);
    memcpy(header, bytes->data + 8, length);
    snprintf(key, sizeof key, "\"%s\":{\"dtype\":", name);
    place = strstr(header, key);
    cr_assert_not_null(place, "%s is not in %s", name, header);
    place = strstr(place, "\"data_offsets\":[") + 16;
    start = strtoll(place, NULL, 10);
    place = strrchr(header, ',') + 1; /* the end of the last one */
    cr_expect_eq(8 + length + strtoull(place, NULL, 10), bytes->count);
    free(header);
    return (const float *)(bytes->data + 8 + length + start);
}

Test(pytorch, the_numbers_are_those_of_data_weights_and_state)
{
    const float *inputs, *weight;
    float amax = 0.0f;
    Bytes bytes;

    train(30);
    must(session_export_pytorch(session, at("a.py")));
    must(file_read(at("a.safetensors"), 1 << 24, &bytes));
    inputs = numbers_of(&bytes, "inputs");
    cr_expect(inputs[0] >= -2.0f && inputs[0] <= 2.0f && inputs[0] != 0.0f);
    (void)numbers_of(&bytes, "labels");
    (void)numbers_of(&bytes, "fc2.bias.exp_avg_sq");
    weight = numbers_of(&bytes, "fc1.weight");
    for (int i = 0; i < 32; i++)
        amax = weight[i] > amax ? weight[i] : -weight[i] > amax ? -weight[i] : amax;
    train(1); /* casts the weights that were written */
    cr_expect_eq(amax, snapshot_tensor(look(), "fc1.weight")->counts.amax);
    bytes_release(&bytes);
}

Test(pytorch, a_name_of_a_file_cannot_leave_its_comment)
{
    Settings wanted = *session_settings(session);
    char *text, name[128];

    text_copy(name, sizeof name, at("x\nimport os # \xff.csv"));
    must(file_write(name, "1,2,0\n3,4,1\n5,6,0\n7,8,1\n9,9,1\n", 30));
    text_copy(wanted.data.kind, sizeof wanted.data.kind, "csv");
    text_copy(wanted.data.path, sizeof wanted.data.path, name);
    must(net_parse("2 3 2", "relu", &wanted.net));
    wanted.batch = 2;
    apply(&wanted);
    must(session_problem(session));
    text = exported();
    cr_expect_not_null(strstr(text, "/x?import os # ?.csv\"\n# net"));
    free(text);
}

Test(pytorch, is_refused_where_there_is_nothing_to_export)
{
    Settings wanted = *session_settings(session);

    cr_expect_eq(session_export_pytorch(session, at("a.txt")).code, STATUS_USAGE);
    cr_expect_eq(session_export_pytorch(session, ".py").code, STATUS_USAGE);
    cr_expect_eq(session_export_pytorch(session, at("nowhere/a.py")).code, STATUS_IO);
    must(net_parse("7 3 2", "relu", &wanted.net));
    apply(&wanted);
    cr_expect(failed(session_export_pytorch(session, at("a.py"))));
    cr_expect_not(file_exists(at("a.py")));
}
