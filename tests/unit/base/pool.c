#include "base/pool.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <time.h>

enum { TASKS = 257, JOBS = 3000 };

typedef struct Tally {
    atomic_int runs[TASKS];
    int plain[TASKS]; /* written by the task of its number, read after pool_run: no race */
} Tally;

static void count_task(void *context, int task)
{
    Tally *tally = context;

    atomic_fetch_add(&tally->runs[task], 1);
    tally->plain[task]++;
}

static void every_task_once(int threads)
{
    Pool *pool = pool_new(threads);
    Tally tally = {0};

    cr_assert_eq(pool_threads(pool), threads);
    pool_run(pool, count_task, &tally, TASKS);
    for (int i = 0; i < TASKS; i++)
        cr_assert_eq(atomic_load(&tally.runs[i]), 1, "task %d", i);
    pool_free(pool);
}

Test(pool, every_task_runs_once_with_one_thread)
{
    every_task_once(1);
}

Test(pool, every_task_runs_once_with_two_threads)
{
    every_task_once(2);
}

Test(pool, every_task_runs_once_with_five_threads)
{
    every_task_once(5);
}

static void slow_task(void *context, int task)
{
    const struct timespec pause = {.tv_nsec = 5000000};

    nanosleep(&pause, NULL);
    count_task(context, task);
}

Test(pool, a_job_is_over_only_when_its_slowest_task_is)
{
    Pool *pool = pool_new(4);
    Tally tally = {0};

    for (int job = 1; job <= 5; job++) {
        pool_run(pool, slow_task, &tally, 4);
        for (int i = 0; i < 4; i++)
            cr_assert_eq(atomic_load(&tally.runs[i]), job, "task %d of job %d", i, job);
    }
    pool_free(pool);
}

static void many_small_jobs(int threads)
{
    Pool *pool = pool_new(threads);
    Tally tally = {0};

    for (int job = 0; job < JOBS; job++)
        pool_run(pool, count_task, &tally, 1 + job % 7);
    for (int i = 0; i < 7; i++) {
        int expected = 0;

        for (int job = 0; job < JOBS; job++)
            expected += i < 1 + job % 7;
        cr_assert_eq(tally.plain[i], expected, "task %d with %d threads", i, threads);
    }
    pool_free(pool);
}

Test(pool, thousands_of_small_jobs_are_all_done, .timeout = 30)
{
    many_small_jobs(1);
    many_small_jobs(2);
    many_small_jobs(5);
}

Test(pool, an_empty_job_runs_nothing)
{
    Pool *pool = pool_new(2);
    Tally tally = {0};

    pool_run(pool, count_task, &tally, 0);
    cr_assert_eq(atomic_load(&tally.runs[0]), 0);
    pool_free(pool);
    pool_free(NULL);
}

Test(pool, too_few_and_too_many_threads_are_put_right)
{
    Pool *none = pool_new(0), *many = pool_new(1000);

    cr_assert_eq(pool_threads(none), 1);
    cr_assert(pool_threads(many) >= 1 && pool_threads(many) <= 64);
    pool_free(none);
    pool_free(many);
}

Test(pool, a_pool_that_never_worked_can_be_freed)
{
    for (int i = 0; i < 50; i++)
        pool_free(pool_new(3));
}

Test(pool, there_is_at_least_one_processor)
{
    cr_assert_geq(pool_processors(), 1);
}
