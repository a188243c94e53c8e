/* A pool of threads that runs the numbered tasks of one job, the caller's thread included.
 *
 * Which thread takes which task is open; results repeat to the bit because a task's work depends on
 * its number alone. Thread rule: one job at a time, from one thread at a time.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

typedef struct Pool Pool;
typedef void PoolTask(void *context, int task);

/* `threads` includes the caller's; 1 makes a pool that runs everything in place. */
Pool *pool_new(int threads);
void pool_free(Pool *pool);
int pool_threads(const Pool *pool);

/* Runs task(context, 0) ... task(context, count - 1) and returns when all are done. */
void pool_run(Pool *pool, PoolTask *task, void *context, int count);

/* Processors this process may use, at least 1. */
int pool_processors(void);

#endif
