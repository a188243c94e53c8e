/* data KIND [limit= size= features= classes= context= gain= target= shuffle=]: what the network learns from. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

static const char *const targets[] = {"input", "labels", NULL};
static const char *const on_off[] = {"on", "off", NULL};

static const ArgSpec data_args[] = {
    {.name = "kind",
     .kind = ARG_WORDS,
     .optional = true,
     .names = NAMES_DATA,
     .shown = "KIND",
     .text = "fashion, fashion full, spirals, moons, noise, csv:PATH, idx:DIR, text or text:PATH"},
    {.name = "limit",
     .kind = ARG_COUNT,
     .key = true,
     .least = 1,
     .most = 1e9,
     .text = "use at most so many training examples"},
    {.name = "size",
     .kind = ARG_COUNT,
     .key = true,
     .least = 1,
     .most = LARGEST_SIZE,
     .text = "average images down to N x N; 14 makes 2x2 means of 28 x 28"},
    {.name = "features",
     .kind = ARG_COUNT,
     .key = true,
     .least = 1,
     .most = 65536,
     .text = "noise: so many numbers an input; 784"},
    {.name = "classes",
     .kind = ARG_COUNT,
     .key = true,
     .least = 2,
     .most = 65536,
     .text = "noise: so many classes of labels; 10"},
    {.name = "context",
     .kind = ARG_COUNT,
     .key = true,
     .least = 1,
     .most = LARGEST_CONTEXT,
     .text = "text: so many characters an example; 128"},
    {.name = "gain",
     .kind = ARG_NUMBER,
     .key = true,
     .least = -1e30,
     .most = 1e30,
     .text = "multiply all inputs by this"},
    {.name = "target",
     .kind = ARG_CHOICE,
     .key = true,
     .choices = targets,
     .text = "input: learn to give back the input (an autoencoder)"},
    {.name = "shuffle",
     .kind = ARG_CHOICE,
     .key = true,
     .choices = on_off,
     .text = "off: file order, wrapping round"},
    {.kind = ARG_END},
};

static const char *const data_examples[] = {
    "data fashion",
    "data fashion limit=1000 shuffle=off",
    "data fashion size=14 target=input; net 196 32 196 act=tanh; loss mse",
    "data spirals; net 2 32 32 3",
    "data text context=32; net \"embedding 64, linear 128, gelu, linear\"",
    "data noise features=512 classes=100 limit=2000; net 512 512 100",
    NULL,
};

static void take_options(const Args *args, DataSpec *spec)
{
    spec->limit = args_count(args, "limit", spec->limit);
    spec->size = args_count(args, "size", spec->size);
    spec->features = args_count(args, "features", spec->features);
    spec->classes = args_count(args, "classes", spec->classes);
    spec->context = args_count(args, "context", spec->context);
    spec->gain = args_number(args, "gain", spec->gain);
    if (args_has(args, "target"))
        spec->target_input = args_is(args, "target", "input");
    if (args_has(args, "shuffle"))
        spec->shuffle = args_is(args, "shuffle", "on");
}

static Status take_kind(Args *args, DataSpec *spec)
{
    const char *kind = args_text(args, "kind");

    if (kind == NULL)
        return ok();
    *spec = data_spec_default();
    args_blame(args, "kind");
    return data_spec_parse(kind, spec);
}

static Status data_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    Text what = {0};
    Status status;

    TRY(take_kind(args, &wanted.data));
    take_options(args, &wanted.data);
    settings_part(&wanted, SETTING_DATA, &what);
    if (args_empty(args)) {
        repl_print(repl, "%s\n", text_chars(&what));
        text_release(&what);
        return ok();
    }
    status = repl_begin(repl, &wanted, text_chars(&what));
    text_release(&what);
    repl_check_later(repl);
    return status;
}

const Command data_command = {
    .name = "data",
    .summary = "choose what the network learns from",
    .task = TASK_BUILD,
    .needs = ACTS_ON_ALL,
    .args = data_args,
    .examples = data_examples,
    .more =
        "fashion is Fashion-MNIST: 28 x 28 pictures of clothes in ten classes, 8,000 to train "
        "and 2,000 held out; `fashion full` takes all 70,000 where they are installed. spirals "
        "and moons are drawn from the seed, and so is noise, random numbers with random labels "
        "that nothing can be learnt from: it is there to time networks of any width; limit is how "
        "many examples there are to train (10,000), and a quarter as many are held out. csv:PATH "
        "reads numbers with the class in the last column; idx:DIR reads IDX files. text is a "
        "novel, text:PATH a file in UTF-8, character by character: an example is `context` of "
        "them, each of which is to tell the next, and the loss is in nats a character, so that "
        "`print exp(loss)` is the perplexity. The first nine tenths are to train, cut into "
        "examples side by side, anew in each epoch; the last is held out. Without a kind, the "
        "options change the present data.",
    .run = data_run,
};
