#include "train/catalog.h"

#include "amp/policy.h"
#include "base/text.h"
#include "data/data.h"
#include "nn/layer.h"
#include "nn/loss_kind.h"
#include "numerics/format.h"
#include "optim/optim.h"

#include <string.h>

enum { MOST_NAMES = 64 };

static bool get_data(int i, CatalogEntry *entry)
{
    if (data_kinds[i] == NULL)
        return false;
    *entry = (CatalogEntry){data_kinds[i]->name, data_kinds[i]->summary};
    return true;
}

static bool get_layer(int i, CatalogEntry *entry)
{
    if (layer_table[i] == NULL)
        return false;
    *entry = (CatalogEntry){layer_table[i]->name, layer_table[i]->text};
    return true;
}

static bool get_net(int i, CatalogEntry *entry)
{
    int count = 0;

    while (net_presets[count].name != NULL)
        count++;
    if (i >= count)
        return get_layer(i - count, entry);
    *entry = (CatalogEntry){net_presets[i].name, net_presets[i].text};
    return true;
}

static bool get_activation(int i, CatalogEntry *entry)
{
    for (int at = 0; layer_table[at] != NULL; at++)
        if (layer_table[at]->activation && i-- == 0)
            return get_layer(at, entry);
    return false;
}

static bool get_loss(int i, CatalogEntry *entry)
{
    if (loss_table[i] == NULL)
        return false;
    *entry = (CatalogEntry){loss_table[i]->name, loss_table[i]->text};
    return true;
}

static bool get_optimizer(int i, CatalogEntry *entry)
{
    if (optimizer_table[i] == NULL)
        return false;
    *entry = (CatalogEntry){optimizer_table[i]->name, optimizer_table[i]->text};
    return true;
}

static bool get_autocast(int i, CatalogEntry *entry)
{
    static const CatalogEntry entries[] = {
        {"off", "everything in fp32"},
        {"fp32", "the same as off"},
        {"tf32", "operands of products rounded to tf32; all that is stored stays fp32"},
        {"fp16", "products and what follows them in fp16; needs a loss scale"},
        {"bf16", "products and what follows them in bf16; fp32's range, 8 bits of precision"},
        {"fp8",
         "operands of products in e4m3 and e5m2, each with a scale of its own; the rest in bf16"},
    };

    if (i >= (int)(sizeof entries / sizeof *entries))
        return false;
    *entry = entries[i];
    return true;
}

static bool get_policy(int i, bool forced, CatalogEntry *entry)
{
    for (int at = 0; policy_table[at].name != NULL; at++)
        if ((forced ? policy_table[at].forces : policy_table[at].keeps) && i-- == 0) {
            *entry = (CatalogEntry){policy_table[at].name, policy_table[at].why};
            return true;
        }
    return false;
}

static bool get_kept(int i, CatalogEntry *entry)
{
    return get_policy(i, false, entry);
}

static bool get_forced(int i, CatalogEntry *entry)
{
    return get_policy(i, true, entry);
}

static bool get_format(int i, CatalogEntry *entry)
{
    if (i >= FORMAT_COUNT)
        return false;
    *entry = (CatalogEntry){format_table[i].name, format_table[i].title};
    return true;
}

static bool get_op(int i, CatalogEntry *entry)
{
    if (i >= OP_COUNT)
        return false;
    *entry = (CatalogEntry){op_table[i].name, op_table[i].text};
    return true;
}

static bool get_backend(int i, CatalogEntry *entry)
{
    static const CatalogEntry entries[] = {
        {"auto", "cuda where it works, else the cpu"},
        {"cpu", "the reference, everywhere"},
        {"cuda", "an NVIDIA GPU; cuda:1 is the second"},
    };

    if (i >= (int)(sizeof entries / sizeof *entries))
        return false;
    *entry = entries[i];
    return true;
}

static bool (*const getters[])(int i, CatalogEntry *entry) = {
    [CATALOG_DATA] = get_data,
    [CATALOG_LAYERS] = get_layer,
    [CATALOG_NETS] = get_net,
    [CATALOG_ACTIVATIONS] = get_activation,
    [CATALOG_LOSSES] = get_loss,
    [CATALOG_OPTIMIZERS] = get_optimizer,
    [CATALOG_AUTOCAST] = get_autocast,
    [CATALOG_KEPT] = get_kept,
    [CATALOG_FORCED] = get_forced,
    [CATALOG_FORMATS] = get_format,
    [CATALOG_OPS] = get_op,
    [CATALOG_BACKENDS] = get_backend,
};

bool catalog_get(Catalog catalog, int i, CatalogEntry *entry)
{
    return i >= 0 && getters[catalog](i, entry);
}

bool catalog_has(Catalog catalog, const char *name)
{
    CatalogEntry entry;

    for (int i = 0; catalog_get(catalog, i, &entry); i++)
        if (strcmp(entry.name, name) == 0)
            return true;
    return false;
}

const char *catalog_nearest(Catalog catalog, const char *word)
{
    const char *names[MOST_NAMES + 1] = {0};
    CatalogEntry entry;

    for (int i = 0; i < MOST_NAMES && catalog_get(catalog, i, &entry); i++)
        names[i] = entry.name;
    return text_nearest(word, names);
}
