#include "base/memory.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

Test(memory, a_growing_array_keeps_its_elements)
{
    int *array = NULL;
    size_t room = 0, before = 0;
    int growths = 0;

    for (size_t count = 0; count < 1000; count++) {
        array = grow(array, count, &room, sizeof *array);
        cr_assert_gt(room, count);
        array[count] = (int)count;
        growths += room != before;
        before = room;
    }
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(array[i], i);
    cr_assert_lt(growths, 12, "the room grew %d times", growths);
    free(array);
}

Test(memory, aligned_memory_begins_at_a_multiple_of_64)
{
    for (size_t count = 0; count < 5; count++) {
        void *memory = xaligned(count, 4);

        cr_assert_eq((uintptr_t)memory % 64, 0);
        free(memory);
    }
}

Test(memory, new_memory_is_zero)
{
    char *memory = xcalloc(100, 10);

    for (int i = 0; i < 1000; i++)
        cr_assert_eq(memory[i], 0);
    free(memory);
}

Test(memory, a_copied_string_is_a_string_of_its_own)
{
    char from[] = "halfstep", *copy = xstrdup(from);

    from[0] = 'H';
    cr_assert_str_eq(copy, "halfstep");
    free(copy);
}

Test(memory, a_product_that_overflows_aborts, .signal = SIGABRT)
{
    volatile size_t many = SIZE_MAX / 2;

    free(xcalloc(many, 4));
}
