#include "matmul.cuh"

#include "fp8.cuh"
#include "walk.cuh"

#include <string.h>

struct Product {
    cublasLtMatmulDesc_t desc;
    cublasLtMatrixLayout_t a, b, d;
    cublasLtMatmulAlgo_t algo;
    const void *a_data, *b_data;
    void *d_data;
    int64_t count; /* numbers of d, with what lies between its rows */
};

/* out (m, n) = op(a) op(b) over k, as rows; a is stored (k, m) where transposed, b (n, k). */
typedef struct Sizes {
    int64_t m, n, k;
    const Array *a, *b;
    bool a_transposed, b_transposed;
} Sizes;

static bool is_narrow(const Array *array)
{
    return array->format == FORMAT_FP16 || array->format == FORMAT_BF16;
}

/* Where k runs along rows they are followed by zeros up to the stride, which keeps k even; so are the
 * other sides, where nobody reads the sums of the zeros. */
static Sizes sizes_of(const Instr *instr, const Array *a, const Array *b, const Array *out,
                      bool sums)
{
    Sizes sizes = {};

    sizes.m = sums && is_narrow(out) ? (out->rows + 15) / 16 * 16 : out->rows;
    sizes.n = sums && is_narrow(out) ? (out->cols + 15) / 16 * 16 : out->cols;
    sizes.k = is_narrow(a) ? a->stride : a->cols;
    sizes.a = a;
    sizes.b = b;
    sizes.b_transposed = instr->op == OP_LINEAR;
    if (instr->op == OP_LINEAR_DW) {
        sizes.a_transposed = true;
        sizes.k = a->rows;
    }
    return sizes;
}

static cudaDataType_t type_of(Format format)
{
    if (format_is_fp8(format))
        return format == FORMAT_E4M3 ? CUDA_R_8F_E4M3 : CUDA_R_8F_E5M2;
    return format == FORMAT_FP16 ? CUDA_R_16F : format == FORMAT_BF16 ? CUDA_R_16BF : CUDA_R_32F;
}

/* cuBLAS counts in columns, so it is asked for the transpose: its first operand is our second. */
static cublasStatus_t layouts(Product *p, const Sizes *s, Format out_format, int64_t out_stride)
{
    cudaDataType_t first_in = type_of(s->b->format), second_in = type_of(s->a->format);
    cublasOperation_t first = s->b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasOperation_t second = s->a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasComputeType_t compute =
        s->a->format == FORMAT_TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    cublasStatus_t status = cublasLtMatmulDescCreate(&p->desc, compute, CUDA_R_32F);

    if (status == CUBLAS_STATUS_SUCCESS)
        status = cublasLtMatmulDescSetAttribute(p->desc, CUBLASLT_MATMUL_DESC_TRANSA, &first,
                                                sizeof first);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = cublasLtMatmulDescSetAttribute(p->desc, CUBLASLT_MATMUL_DESC_TRANSB, &second,
                                                sizeof second);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = cublasLtMatrixLayoutCreate(&p->a, first_in, s->b_transposed ? s->k : s->n,
                                            s->b_transposed ? s->n : s->k, s->b->stride);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = cublasLtMatrixLayoutCreate(&p->b, second_in, s->a_transposed ? s->m : s->k,
                                            s->a_transposed ? s->k : s->m, s->a->stride);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = cublasLtMatrixLayoutCreate(&p->d, type_of(out_format), s->n, s->m, out_stride);
    return status;
}

static cublasStatus_t epilogue(Product *p, const void *bias)
{
    cublasLtEpilogue_t kind = CUBLASLT_EPILOGUE_BIAS;
    cublasStatus_t status;

    if (bias == NULL)
        return CUBLAS_STATUS_SUCCESS;
    status =
        cublasLtMatmulDescSetAttribute(p->desc, CUBLASLT_MATMUL_DESC_EPILOGUE, &kind, sizeof kind);
    if (status != CUBLAS_STATUS_SUCCESS)
        return status;
    return cublasLtMatmulDescSetAttribute(p->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias,
                                          sizeof bias);
}

/* `split`: k may be split into sums in fp32, where the result is fp32. */
static cublasStatus_t choose(Backend *backend, Product *p, bool split)
{
    uint64_t workspace = WORKSPACE_BYTES;
    uint32_t reductions =
        split ? CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE : CUBLASLT_REDUCTION_SCHEME_NONE;
    cublasLtMatmulPreference_t wishes;
    cublasLtMatmulHeuristicResult_t found;
    cublasStatus_t status = cublasLtMatmulPreferenceCreate(&wishes);
    int count = 0;

    if (status != CUBLAS_STATUS_SUCCESS)
        return status;
    cublasLtMatmulPreferenceSetAttribute(wishes, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                         &workspace, sizeof workspace);
    cublasLtMatmulPreferenceSetAttribute(wishes, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                         &reductions, sizeof reductions);
    status = cublasLtMatmulAlgoGetHeuristic(backend->products, p->desc, p->a, p->b, p->d, p->d,
                                            wishes, 1, &found, &count);
    cublasLtMatmulPreferenceDestroy(wishes);
    if (status == CUBLAS_STATUS_SUCCESS && count == 0)
        status = CUBLAS_STATUS_NOT_SUPPORTED;
    if (status == CUBLAS_STATUS_SUCCESS)
        p->algo = found.algo;
    return status;
}

static Status product_status(Backend *backend, cublasStatus_t status, const char *what)
{
    if (failed(backend->trouble))
        return backend->trouble;
    if (status == CUBLAS_STATUS_SUCCESS)
        return ok();
    if (status == CUBLAS_STATUS_NOT_SUPPORTED)
        return fail(STATUS_UNSUPPORTED, "cuBLAS has no product of this shape and format here; "
                                        "take another format or width");
    return cuda_trouble(backend, cublasLtGetStatusString(status), what);
}

/* `out`: where it is stored, in its own format. Caller frees, unless it fails. */
static Status make(Plan *plan, const Sizes *sizes, const Array *out, bool split, const void *bias,
                   Product **product)
{
    Product *made = new Product();
    cublasStatus_t status;

    made->a_data = sizes->b->data;
    made->b_data = sizes->a->data;
    made->d_data = out->data;
    made->count = sizes->m * out->stride;
    status = layouts(made, sizes, out->format, out->stride);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = epilogue(made, bias);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = choose(plan->backend, made, split);
    if (status != CUBLAS_STATUS_SUCCESS) {
        product_free(made);
        return product_status(plan->backend, status, "a product was prepared");
    }
    *product = made;
    return ok();
}

/* Few sums of many products: only where k is split do they keep a device busy. Their sums are never rounded by
 * cuBLAS (fuse.cu), so that every form of a step splits them alike. */
static bool is_long(const Sizes *sizes)
{
    return sizes->m * sizes->n <= 1 << 16 && sizes->k >= 1 << 11;
}

Status product_new(Plan *plan, int instr, ProductEnd end, const Array *out, Product **product)
{
    const Instr *of = &plan->program.instrs[instr];
    const Array *a = &plan->arrays[of->in[0]], *b = &plan->arrays[of->in[1]];
    Sizes sizes = sizes_of(of, a, b, &plan->arrays[of->out], end == PRODUCT_SUMS);
    bool biased = end == PRODUCT_STORED && of->op == OP_LINEAR;
    Array stored = *out;

    if (end == PRODUCT_SUMS) {
        stored.stride = raw_stride(out, out->format);
        stored.format = FORMAT_FP32;
        stored.data = plan->raws[instr];
    }
    return make(plan, &sizes, &stored, !is_narrow(a) || is_long(&sizes),
                biased ? plan->arrays[of->in[2]].data : NULL, product);
}

/* Every side is padded with zeros to a multiple of 16, and cuBLAS is to add up as exactly as it can: fast
 * accumulation, which it leaves off unless told, keeps the short sums of the tensor cores. */
static Status fp8_new(Plan *plan, int instr, Product **product)
{
    Array a = fp8_operand(plan, instr, 0), b = fp8_operand(plan, instr, 1);
    Array out = plan->arrays[plan->program.instrs[instr].out];
    Sizes sizes = {};

    sizes.m = (a.rows + 15) / 16 * 16;
    sizes.n = (b.rows + 15) / 16 * 16;
    sizes.k = a.stride;
    sizes.a = &a;
    sizes.b = &b;
    sizes.b_transposed = true;
    out.stride = raw_stride(&out, out.format);
    out.format = FORMAT_FP32;
    out.data = plan->raws[instr];
    return make(plan, &sizes, &out, false, NULL, product);
}

void product_free(Product *product)
{
    if (product == NULL)
        return;
    cublasLtMatrixLayoutDestroy(product->a);
    cublasLtMatrixLayoutDestroy(product->b);
    cublasLtMatrixLayoutDestroy(product->d);
    cublasLtMatmulDescDestroy(product->desc);
    delete product;
}

Status product_launch(Plan *plan, const Product *product)
{
    Backend *backend = plan->backend;
    float one = 1.0f, zero = 0.0f;

    return product_status(backend,
                          cublasLtMatmul(backend->products, product->desc, &one, product->a_data,
                                         product->a, product->b_data, product->b, &zero,
                                         product->d_data, product->d, product->d_data, product->d,
                                         &product->algo, backend->workspace, WORKSPACE_BYTES,
                                         backend->stream),
                          "a product was started");
}

Status product_prepare(Plan *plan, int instr)
{
    const Instr *of = &plan->program.instrs[instr];

    if (plan->walks || (of->op != OP_LINEAR && of->op != OP_LINEAR_DX && of->op != OP_LINEAR_DW))
        return ok();
    if (fp8_is_product(plan, instr))
        return fp8_new(plan, instr, &plan->products[instr]);
    return product_new(plan, instr, PRODUCT_SUMS, &plan->arrays[of->out], &plan->products[instr]);
}

Status product_run(Plan *plan, int instr)
{
    if (plan->program.instrs[instr].op == OP_CONV2D_DW)
        return product_conv_dw(plan, instr);
    if (plan->walks)
        return walk_product(plan, instr);
    TRY(product_launch(plan, plan->products[instr]));
    return fp8_descale(plan, instr, (float *)plan->products[instr]->d_data,
                       plan->products[instr]->count);
}
