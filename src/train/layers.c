/* The network layer by layer, as it stands over the data at hand. */
#include "train/worker.h"

#include "nn/emit.h"
#include "train/settings.h"

enum { COLUMN_TYPED = 11, COLUMN_SHAPE = 37, COLUMN_FORMAT = 55, COLUMN_COUNT = 63, INDENT = 2 };

typedef struct Fit {
    const NetSpec *net;
    Status status;
} Fit;

static Status fit_job(Session *session, void *argument)
{
    ExampleShape shape = example_shape(runs_used(session)->data->set);
    Shape shapes[NET_LAYERS];
    Fit *fit = argument;

    fit->status =
        shape.rank < SHAPE_RANK && !shape.text ? ok() : net_shapes(fit->net, &shape, shapes);
    return ok();
}

Status session_check_layers(Session *session, const NetSpec *net)
{
    Fit fit = {.net = net};

    TRY(worker_ask(session, fit_job, &fit));
    return fit.status;
}

static void print_row(const char *name, int depth, const char *typed, const Shape *shape,
                      Format format, Text *text)
{
    char size[SHAPE_TEXT];

    text_printf(text, "%s ", name);
    text_pad(text, COLUMN_TYPED + INDENT * depth);
    text_printf(text, "%s ", typed);
    text_pad(text, COLUMN_SHAPE);
    text_printf(text, "%s ", shape_print(shape, size));
    text_pad(text, COLUMN_FORMAT);
    text_append(text, format_name(format));
}

static int64_t params_of(const Layer *layer, const Program *program)
{
    int64_t count = 0;

    for (int i = 0; i < LAYER_PARAMS; i++)
        if (layer->params[i] != NO_VALUE)
            count += value_count(&program->values[layer->params[i]]);
    return count;
}

/* What stands in a block is indented, its brackets are not. */
static int depth_at(const NetSpec *spec, int i)
{
    return net_depth(spec, i) - (spec->layers[i].part > BLOCK_BEGIN);
}

static void print_layers(const Net *net, const NetSpec *spec, const Shape *in,
                         const Program *program, Text *text)
{
    int64_t all = 0;

    print_row("x", 0, "", in, program->values[net->x].format, text);
    text_append(text, "\n");
    for (int i = 0; i < net->count; i++) {
        const Layer *layer = &net->layers[i];
        int64_t count = params_of(layer, program);
        char typed[LAYER_TEXT];

        print_row(layer->name, depth_at(spec, i), layer_print(&layer->spec, typed, sizeof typed),
                  &layer->to, program->values[layer->out].format, text);
        if (count > 0) {
            text_append(text, " ");
            text_pad(text, COLUMN_COUNT);
            text_printf(text, "%lld parameters", (long long)count);
        }
        text_append(text, "\n");
        all += count;
    }
    text_printf(text, "%lld parameters, kept in %s\n", (long long)all,
                format_name(program->values[program->params[0].master].format));
}

static Status print_job(Session *session, void *argument)
{
    const Experiment *experiment = runs_used(session);
    ExampleShape shape = example_shape(experiment->data->set);
    Shape in = net_input(&shape);
    Program scratch = {.batch = experiment->settings.batch};
    Builder builder = settings_builder(&experiment->settings, &scratch);
    Net net;

    TRY(experiment->problem);
    nn_emit_step(&builder, &experiment->settings.net, &experiment->settings.loss, &shape, &net);
    print_layers(&net, &experiment->settings.net, &in, &scratch, argument);
    program_release(&scratch);
    return ok();
}

Status session_print_layers(Session *session, Text *text)
{
    return worker_ask(session, print_job, text);
}
