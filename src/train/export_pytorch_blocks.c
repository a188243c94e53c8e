/* What an exported script makes of a network's blocks. */
#include "train/export_pytorch.h"

static bool has_blocks(const Net *net)
{
    for (int i = 0; i < net->count; i++)
        if (net->layers[i].kind->block)
            return true;
    return false;
}

/* A block's lines bear the name of its sum. */
static void print_part(const Layer *layer, Text *text)
{
    const char *name = layer->end == NULL ? layer->name : layer->end->name;

    switch (layer->spec.part) {
    case BLOCK_NONE:
        text_printf(text, "        x = self.%s(x)\n", name);
        break;
    case BLOCK_BEGIN:
        text_printf(text, "        %s_in = x\n", name);
        break;
    case BLOCK_SHORTCUT:
        text_printf(text, "        %s_path, x = x, %s_in\n", name, name);
        break;
    case BLOCK_END:
        if (layer->shortcut == NULL)
            text_printf(text, "        x = x + %s_in\n", name);
        else
            text_printf(text, "        x = %s_path + x\n", name);
        break;
    }
}

/* Parameters have the names that they have here, so the layers lie side by side. */
const char *export_pytorch_class(const Net *net, Text *text)
{
    if (!has_blocks(net))
        return "nn.Sequential";
    text_append(text, "\n\nclass Blocks(nn.Sequential):\n    def forward(self, x):\n");
    for (int i = 0; i < net->count; i++)
        print_part(&net->layers[i], text);
    text_append(text, "        return x\n");
    return "Blocks";
}
