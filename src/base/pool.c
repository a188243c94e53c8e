#include "base/pool.h"

#include "base/memory.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* A step hands out some twenty jobs within a millisecond, so a helper looks for the next one this
 * many times before it sleeps: waking a sleeper costs more than most jobs. */
enum { SPINS = 4000, MOST_THREADS = 64 };

struct Pool {
    int threads;
    pthread_t helpers[MOST_THREADS];
    pthread_mutex_t lock;
    pthread_cond_t wake;
    PoolTask *task; /* these three are written before `left` is, and stay while it is not done */
    void *context;
    int count;
    _Atomic uint32_t left; /* tasks of the job that nobody has taken yet */
    atomic_int done;       /* tasks finished */
    atomic_uint job;       /* number of the newest job */
    atomic_bool ending;
    int sleeping; /* under lock */
};

/* Whoever lowers `left` owns a task, and the job cannot end before that task does: so a helper that
 * comes late finds nothing, or work of a newer job, and nobody waits for a helper that sleeps. */
static void take_tasks(Pool *pool)
{
    uint32_t left = atomic_load(&pool->left);

    while (left > 0) {
        if (!atomic_compare_exchange_weak(&pool->left, &left, left - 1))
            continue;
        pool->task(pool->context, pool->count - (int)left);
        atomic_fetch_add(&pool->done, 1);
        left = atomic_load(&pool->left);
    }
}

static void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#else
    sched_yield();
#endif
}

static void wait_for_job(Pool *pool, unsigned seen)
{
    for (int spin = 0; spin < SPINS; spin++) {
        if (atomic_load(&pool->job) != seen)
            return;
        relax();
    }
    pthread_mutex_lock(&pool->lock);
    pool->sleeping++;
    while (atomic_load(&pool->job) == seen)
        pthread_cond_wait(&pool->wake, &pool->lock);
    pool->sleeping--;
    pthread_mutex_unlock(&pool->lock);
}

static void *help(void *argument)
{
    Pool *pool = argument;
    unsigned seen = 0;

    for (;;) {
        wait_for_job(pool, seen);
        seen = atomic_load(&pool->job);
        if (atomic_load(&pool->ending))
            return NULL;
        take_tasks(pool);
    }
}

static void publish(Pool *pool)
{
    atomic_fetch_add(&pool->job, 1);
    pthread_mutex_lock(&pool->lock);
    if (pool->sleeping > 0)
        pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

/* Signals belong to the main thread. */
static void start_helper(Pool *pool, int index)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&pool->helpers[index], NULL, help, pool) == 0)
        pool->threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

Pool *pool_new(int threads)
{
    Pool *pool = xcalloc(1, sizeof *pool);
    int wanted = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;

    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->threads = 1;
    while (pool->threads < wanted) {
        int before = pool->threads;

        start_helper(pool, before - 1);
        if (pool->threads == before)
            break;
    }
    return pool;
}

void pool_free(Pool *pool)
{
    if (pool == NULL)
        return;
    atomic_store(&pool->ending, true);
    publish(pool);
    for (int i = 0; i < pool->threads - 1; i++)
        pthread_join(pool->helpers[i], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int pool_threads(const Pool *pool)
{
    return pool->threads;
}

void pool_run(Pool *pool, PoolTask *task, void *context, int count)
{
    if (pool->threads == 1 || count <= 1) {
        for (int i = 0; i < count; i++)
            task(context, i);
        return;
    }
    pool->task = task;
    pool->context = context;
    pool->count = count;
    atomic_store(&pool->done, 0);
    atomic_store(&pool->left, (uint32_t)count);
    publish(pool);
    take_tasks(pool);
    for (int spin = 0; atomic_load(&pool->done) < count; spin++)
        spin < SPINS ? relax() : (void)sched_yield();
}

int pool_processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    return 1;
}
