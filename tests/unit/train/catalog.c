#include "train/catalog.h"

#include <criterion/criterion.h>
#include <string.h>

Test(catalog, lists_every_table_with_a_line_of_help)
{
    for (Catalog catalog = CATALOG_DATA; catalog <= CATALOG_OPS; catalog++) {
        CatalogEntry entry;
        int count = 0;

        for (; catalog_get(catalog, count, &entry); count++) {
            cr_expect_gt(strlen(entry.text), 8, "%s", entry.name);
            cr_expect(catalog_has(catalog, entry.name));
        }
        cr_expect_gt(count, 1);
        cr_expect_not(catalog_get(catalog, count, &entry));
    }
    cr_expect_str_eq(catalog_nearest(CATALOG_OPTIMIZERS, "adamm"), "adam");
}
