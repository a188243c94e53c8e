#include "cpu/matmul.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>

enum { MOST_PARTS = 16, PART_FLOPS = 1 << 21 };

typedef struct Job {
    const Product *product;
    bool reference, by_rows; /* split along m, else along n */
    int64_t step;            /* rows or columns of a part */
} Job;

/* A block of the result as a product of its own. */
static Product part_of(const Job *job, int part, int64_t *out_offset)
{
    Product p = *job->product;
    int64_t first = part * job->step, all = job->by_rows ? p.m : p.n;
    int64_t count = all - first < job->step ? all - first : job->step;

    if (job->by_rows) {
        p.a += p.a_transposed ? first : first * p.k;
        p.m = count;
        *out_offset = first * p.n;
    } else {
        p.b += p.b_transposed ? first * p.k : first;
        p.n = count;
        *out_offset = first;
    }
    return p;
}

static void multiply_blas(const Product *p, const Product *whole, float *out)
{
    cblas_sgemm(CblasRowMajor, p->a_transposed ? CblasTrans : CblasNoTrans,
                p->b_transposed ? CblasTrans : CblasNoTrans, (int)p->m, (int)p->n, (int)p->k, 1.0f,
                p->a, (int)(p->a_transposed ? whole->m : p->k), p->b,
                (int)(p->b_transposed ? p->k : whole->n), p->adds ? 1.0f : 0.0f, out,
                (int)whole->n);
}

static void multiply_plain(const Product *p, const Product *whole, float *out)
{
    int64_t a_row = p->a_transposed ? 1 : p->k, a_step = p->a_transposed ? whole->m : 1;
    int64_t b_column = p->b_transposed ? p->k : 1, b_step = p->b_transposed ? 1 : whole->n;

    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->n; j++) {
            float sum = p->adds ? out[i * whole->n + j] : 0.0f;

            for (int64_t k = 0; k < p->k; k++)
                sum += p->a[i * a_row + k * a_step] * p->b[j * b_column + k * b_step];
            out[i * whole->n + j] = sum;
        }
}

void matmul_alone(bool reference, const Product *product)
{
    if (reference)
        multiply_plain(product, product, product->out);
    else
        multiply_blas(product, product, product->out);
}

static void multiply_part(void *context, int part)
{
    const Job *job = context;
    int64_t offset;
    Product p = part_of(job, part, &offset);

    if (job->reference)
        multiply_plain(&p, job->product, job->product->out + offset);
    else
        multiply_blas(&p, job->product, job->product->out + offset);
}

void matmul(Pool *pool, bool reference, const Product *product)
{
    int64_t flops = 2 * product->m * product->n * product->k;
    int64_t parts = flops / PART_FLOPS < 1            ? 1
                    : flops / PART_FLOPS > MOST_PARTS ? MOST_PARTS
                                                      : flops / PART_FLOPS;
    bool by_rows = product->m >= product->n;
    int64_t all = by_rows ? product->m : product->n;
    int64_t step = (all + parts - 1) / parts;
    Job job = {.product = product, .reference = reference, .by_rows = by_rows};

    job.step = (step + 15) / 16 * 16;
    pool_run(pool, multiply_part, &job, (int)((all + job.step - 1) / job.step));
}

void matmul_prepare(void)
{
    openblas_set_num_threads(1);
}

void matmul_describe(bool reference, char *text, int room)
{
    char version[32] = "";

    if (reference) {
        snprintf(text, (size_t)room, "reference loops");
        return;
    }
    (void)sscanf(openblas_get_config(), "OpenBLAS %31s", version);
    snprintf(text, (size_t)room, "OpenBLAS %s (%s)", version, openblas_get_corename());
}
