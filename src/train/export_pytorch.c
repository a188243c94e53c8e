#include "train/export_pytorch.h"

#include "base/file.h"
#include "nn/loss_kind.h"
#include "train/export.h"
#include "train/worker.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A {key} of a table's text in PyTorch, and what stands there in a script. */
typedef struct Key {
    const char *name;
    double value;
} Key;

static const char *python_number(double value, char text[NUMBER_TEXT])
{
    char number[NUMBER_TEXT];

    if (isfinite(value))
        return number_shortest(value, text);
    snprintf(text, NUMBER_TEXT, "float(\"%s\")", number_shortest(value, number));
    return text;
}

static const Key *key_at(const char *at, const Key *keys)
{
    for (; keys->name != NULL; keys++) {
        size_t length = strlen(keys->name);

        if (strncmp(at + 1, keys->name, length) == 0 && at[length + 1] == '}')
            return keys;
    }
    return NULL;
}

static void fill_in(const char *from, const Key *keys, Text *text)
{
    char number[NUMBER_TEXT];

    for (; *from != '\0'; from++) {
        const Key *key = *from == '{' ? key_at(from, keys) : NULL;

        if (key == NULL) {
            text_append_bytes(text, from, 1);
            continue;
        }
        text_append(text, python_number(key->value, number));
        from += strlen(key->name) + 1;
    }
}

static Status no_such(const char *what, const char *name)
{
    return fail(STATUS_UNSUPPORTED, "there is no %s %s for PyTorch, so there is no script", what,
                name);
}

/* In a comment, whatever a file may be called. */
static void print_comment(const char *words, Text *text)
{
    text_append(text, "# ");
    for (; *words != '\0'; words++)
        text_append_bytes(text, *words < ' ' || *words > '~' ? "?" : words, 1);
    text_append(text, "\n");
}

static void print_settings(const Settings *settings, Text *text)
{
    for (SettingPart part = SETTING_DATA; part < SETTING_PARTS; part++) {
        Text words = {0};

        if (settings_left_out(settings, part))
            continue;
        settings_part(settings, part, &words);
        print_comment(text_chars(&words), text);
        text_release(&words);
    }
}

static void print_number(const char *name, double value, Text *text)
{
    char number[NUMBER_TEXT];

    text_printf(text, "%s = %s\n", name, python_number(value, number));
}

static void print_data(const Experiment *experiment, Text *text)
{
    const Settings *settings = &experiment->settings;
    const Dataset *set = experiment->data->set;
    Scalars scalars;

    experiment->class->scalars_get(experiment->store, &scalars);
    text_printf(text, "STEP = %lld  # so far\nTAKEN = %lld  # of them moved the weights\n",
                (long long)scalars.step, (long long)scalars.taken);
    text_printf(text, "POSITION = %lld  # training examples seen\nEXAMPLES = %lld\nBATCH = %lld\n",
                (long long)scalars.position, (long long)set->train_count,
                (long long)settings->batch);
    text_printf(text, "ACCUMULATE = %lld  # batches a step\nSTEP_ROWS = BATCH * ACCUMULATE\n",
                (long long)settings->accumulate);
    text_printf(text, "SEED = %llu\nSHUFFLE = %s\n", (unsigned long long)settings->seed,
                settings->data.shuffle ? "True" : "False");
    text_printf(text, "CONTEXT = %lld  # characters of an example; 0: it is no text\n",
                (long long)(set->text_count > 0 ? set->features : 0));
    print_number("LOSS_WEIGHT", (double)settings->loss.weight, text);
}

static Status print_autocast(const Settings *settings, Text *text)
{
    const char *names[FORMAT_COUNT] = {
        [FORMAT_FP32] = "None",
        [FORMAT_TF32] = "None",
        [FORMAT_FP16] = "torch.float16",
        [FORMAT_BF16] = "torch.bfloat16",
    };
    const char *name = names[settings->autocast];

    if (name == NULL)
        return no_such("autocast", format_step_name(settings->autocast));
    if (settings->policy.keep != 0 || settings->policy.force != 0)
        return no_such("autocast", "with keep= or force=");
    text_printf(text, "AUTOCAST = %s\nALLOW_TF32 = %s\n", name,
                settings->autocast == FORMAT_TF32 ? "True" : "False");
    text_printf(text, "WEIGHTS = %s\n",
                settings_weights(settings) == FORMAT_FP32 ? "torch.float32" : name);
    return ok();
}

/* What halfstep does and PyTorch does not. */
static Status check_weights(const Settings *settings)
{
    Format weights = settings_weights(settings);
    bool states = optim_find(settings->optim.kind)->states[0] != NULL;

    if (weights != FORMAT_FP32 && settings->rounding != ROUNDING_NEAREST)
        return fail(
            STATUS_UNSUPPORTED,
            "PyTorch's optimizers round to nearest, so there is no script for round %s; try "
            "round nearest",
            weight_rounding_names[settings->rounding]);
    if (weights != FORMAT_FP32 && settings->scaler.mode != SCALE_OFF)
        return fail(STATUS_UNSUPPORTED,
                    "PyTorch's GradScaler refuses gradients of %s weights, so there is no script; "
                    "say scale off, or master on",
                    format_name(weights));
    if (states && weights != settings->optim.states)
        return fail(STATUS_UNSUPPORTED,
                    "PyTorch keeps an optimizer's state in the format of its weights, so there is "
                    "no script for %s weights with states=%s; try optim states=%s",
                    format_name(weights), format_name(settings->optim.states),
                    format_name(weights));
    return ok();
}

static Status check_scaler(const ScalerSpec *spec)
{
    if (spec->mode == SCALE_DYNAMIC && (spec->floor > 0.0f || spec->hysteresis > 1))
        return fail(STATUS_UNSUPPORTED,
                    "PyTorch's scaler has no floor and no hysteresis, so there is no script; say "
                    "scale floor=0 hysteresis=1");
    return ok();
}

static void print_scaler(const Experiment *experiment, Text *text)
{
    static const char *const modes[] = {
        [SCALE_OFF] = "off", [SCALE_STATIC] = "static", [SCALE_DYNAMIC] = "dynamic"};
    const ScalerSpec *spec = &experiment->settings.scaler;
    char number[NUMBER_TEXT];
    Scalars scalars;

    experiment->class->scalars_get(experiment->store, &scalars);
    text_printf(text, "SCALING = \"%s\"\n", modes[spec->mode]);
    print_number("INIT_SCALE", (double)spec->start, text);
    print_number("GROWTH_FACTOR", spec->growth, text);
    print_number("BACKOFF_FACTOR", spec->backoff, text);
    print_number("GROWTH_INTERVAL", (double)spec->interval, text);
    text_printf(text, "SCALE, TRACKER = float(%s), %d  # now\n",
                python_number((double)scalars.scale, number), (int)scalars.tracker);
}

static const char *python_bool(bool value)
{
    return value ? "True" : "False";
}

static void print_mistakes(const ScalerSpec *spec, Text *text)
{
    bool scales = spec->mode != SCALE_OFF;

    text_printf(text, "SKIP, UNSCALE = %s, %s  # False: a mistake, made on purpose\n",
                python_bool(!(scales && spec->take_all)),
                python_bool(!(scales && spec->leave_scaled)));
}

static void print_clip(const ClipSpec *clip, Text *text)
{
    if (clip->kind == CLIP_OFF)
        text_append(text, "CLIP = None\n");
    else
        text_printf(text, "CLIP = \"%s\"\n", clip_kind_names[clip->kind]);
    print_number("CLIP_MOST", clip->most, text);
    text_printf(text, "CLIP_SCALED = %s\n", python_bool(clip->before_unscale));
}

/* The names and shapes that the layers get when their program is emitted. */
static void name_layers(const Experiment *experiment, Program *scratch, Net *net)
{
    ExampleShape shape = example_shape(experiment->data->set);
    Builder builder = {.program = scratch, .low = FORMAT_FP32};

    scratch->batch = experiment->settings.batch;
    nn_emit_step(&builder, &experiment->settings.net, &experiment->settings.loss, &shape, net);
}

static Status print_layer(const Layer *layer, const Program *program, Text *text)
{
    ValueId weight = layer->params[0];
    const int64_t *shape = weight == NO_VALUE ? NULL : program->values[weight].shape;
    const Key keys[] = {
        {"in", shape == NULL ? 0.0 : (double)shape[program->values[weight].rank > 1]},
        {"out", shape == NULL ? 0.0 : (double)shape[0]},
        {"width", (double)layer->spec.width},
        {"rate", layer->spec.rate},
        {"kernel", (double)layer->spec.kernel},
        {"stride", (double)layer->spec.stride},
        {"pad", (double)layer->spec.pad},
        {"places", layer->from.rank == 3 ? 2.0 : 1.0},
        {NULL, 0.0},
    };

    if (layer->kind->block)
        return ok(); /* export_pytorch_class */
    if (layer->kind->torch == NULL)
        return no_such("layer", layer->kind->name);
    text_printf(text, "        (\"%s\", ", layer->name);
    fill_in(layer->kind->torch, keys, text);
    text_append(text, "),\n");
    return ok();
}

/* Some layer has random numbers in training. */
static bool draws(const Net *net)
{
    for (int i = 0; i < net->count; i++)
        if (net->layers[i].kind->drops)
            return true;
    return false;
}

/* What the layers need and PyTorch has not, each once. */
static void print_classes(const Net *net, Text *text)
{
    for (int i = 0; i < net->count; i++) {
        const LayerKind *kind = net->layers[i].kind;
        bool had = false;

        for (int j = 0; j < i; j++)
            had = had || net->layers[j].kind == kind;
        if (kind->torch_class != NULL && !had)
            text_printf(text, "\n\n%s", kind->torch_class);
    }
}

static Status print_network(const Experiment *experiment, Text *text)
{
    Program scratch = {0};
    Status status = ok();
    Net net;

    name_layers(experiment, &scratch, &net);
    print_classes(&net, text);
    text_printf(text, "\n\ndef network():\n    return %s(OrderedDict([\n",
                export_pytorch_class(&net, text));
    for (int i = 0; i < net.count && !failed(status); i++)
        status = print_layer(&net.layers[i], &scratch, text);
    text_append(text, "    ]))\n");
    if (draws(&net))
        text_append(
            text, "    # PyTorch draws other random numbers: it drops as many, but not the same\n");
    program_release(&scratch);
    return status;
}

static Status print_loss(const Settings *settings, Text *text)
{
    const LossKind *kind = loss_find(settings->loss.kind);

    if (kind->torch == NULL)
        return no_such("loss", kind->name);
    text_printf(text, "\n\ndef loss_of(logits, target):\n    return %s\n", kind->torch);
    return ok();
}

static Status print_optimizer(const OptimSpec *spec, Text *text)
{
    const Optimizer *optimizer = optim_find(spec->kind);
    const Key keys[] = {
        {"lr", spec->lr},
        {"momentum", spec->momentum},
        {"beta1", spec->beta1},
        {"beta2", spec->beta2},
        {"eps", spec->eps},
        {"weight_decay", spec->weight_decay},
        {NULL, 0.0},
    };

    if (optimizer->torch == NULL)
        return no_such("optimizer", optimizer->name);
    text_append(text, "\n\ndef make_optimizer(params, cuda, graph):\n    how = ");
    if (spec->states == FORMAT_FP32)
        text_printf(text, "dict(%s) if cuda else {}\n", optimizer->torch_cuda);
    else
        text_append(text, "dict(foreach=False)  # a fused one holds Adam's denominator in fp32\n");
    text_append(text, "    return ");
    fill_in(optimizer->torch, keys, text);
    text_append(text, "\n\n\nSTATES = [");
    for (int i = 0; optimizer->states[i] != NULL; i++)
        text_printf(text, "%s\"%s\"", i == 0 ? "" : ", ", optimizer->states[i]);
    text_append(text, "]\n");
    return ok();
}

static const char beginning[] =
    "\"\"\"An experiment of halfstep, from where it stood, for PyTorch 2.4 or later and NumPy.\n\n"
    "Its numbers are in the .safetensors file of this name. The losses are halfstep's but for the\n"
    "last bits, since sums are taken in another order.\n\"\"\"\n"
    "import argparse\nimport json\nimport math\nimport os\nimport time\nfrom collections import "
    "OrderedDict\n\n"
    "import numpy as np\nimport torch\nfrom torch import nn\nfrom torch.nn import functional as "
    "F\n\n";

static const char counting[] =
    "CLASSES = [\"nan\", \"inf\", \"zero\", \"subnormal\", \"normal\"]\n"
    "LEAST, ZERO, INF, NAN = -148, 129, 130, 131  # 2^(e - 1) <= |x| < 2^e has place e\n"
    "PLACES = NAN - LEAST + 1\n";

Status export_pytorch_text(const Experiment *experiment, Text *text)
{
    const Settings *settings = &experiment->settings;

    text_append(text, beginning);
    print_settings(settings, text);
    print_data(experiment, text);
    TRY(check_weights(settings));
    TRY(print_autocast(settings, text));
    TRY(check_scaler(&settings->scaler));
    print_scaler(experiment, text);
    print_mistakes(&settings->scaler, text);
    print_clip(&settings->clip, text);
    text_append(text, counting);
    TRY(print_network(experiment, text));
    TRY(print_loss(settings, text));
    TRY(print_optimizer(&settings->optim, text));
    text_append(text, export_pytorch_body);
    return ok();
}

static Status write_both(const Experiment *experiment, const char *path, const char *numbers)
{
    Text text = {0};
    Status status = export_pytorch_text(experiment, &text);

    if (!failed(status))
        status = export_numbers(experiment, numbers);
    if (!failed(status))
        status = file_write(path, text.chars, text.length);
    text_release(&text);
    return status;
}

static Status pytorch_job(Session *session, void *argument)
{
    const char *path = argument;
    size_t length = strlen(path);
    Text numbers = {0};
    Status status;

    TRY(runs_used(session)->problem);
    if (runs_used(session)->injections.count > 0)
        return fail(STATUS_UNSUPPORTED, "what was injected waits for the next step, and no script "
                                        "for PyTorch has it; take the step first");
    if (length <= 3 || strcmp(path + length - 3, ".py") != 0)
        return fail(STATUS_USAGE, "a PyTorch script is FILE.py, and '%.80s' is not", path);
    text_append_bytes(&numbers, path, length - 3);
    text_append(&numbers, ".safetensors");
    status = write_both(runs_used(session), path, text_chars(&numbers));
    text_release(&numbers);
    return status;
}

Status session_export_pytorch(Session *session, const char *path)
{
    return worker_change(session, pytorch_job, (void *)path);
}
