#include "repl/terms.h"

#include <string.h>

static const CatalogEntry terms[] = {
    {"underflow",
     "a value that was not zero becomes zero when it is cast, because it is no larger than half "
     "the smallest number of the format. In fp16 that is 2^-25. It is counted on the value before "
     "the cast, so a zero that ReLU made is never mistaken for one."},
    {"overflow",
     "a finite value becomes infinite (or is clamped) when it is cast, because it is larger than "
     "the format's largest number: 65504 in fp16. An infinite gradient makes the step be skipped."},
    {"subnormal",
     "a number below the smallest normal one, written without the hidden leading 1: it keeps fewer "
     "bits the smaller it is. In fp16 from 2^-24 up to 2^-14. What lies there still counts, but "
     "coarsely."},
    {"normal", "a number with all its bits of precision: between the smallest normal number of the "
               "format and "
               "its largest."},
    {"exponent",
     "the power of two of a number, which says how large it is. fp16 has 5 bits for it, bf16 and "
     "fp32 have 8: that is why bf16 reaches as far as fp32 and fp16 does not."},
    {"mantissa",
     "the bits behind the leading 1, which say how precise a number is: 10 in fp16 and tf32, 7 in "
     "bf16, 23 in fp32."},
    {"ulp", "unit in the last place: the distance from one number of a format to the next. It "
            "doubles with "
            "each power of two."},
    {"nearest even",
     "how casts round: to the nearest number of the format, and where two are equally near, to the "
     "one whose last bit is 0."},
    {"stochastic rounding", "rounding up or down by chance, the nearer neighbour being likelier, "
                            "so that small changes are "
                            "right on average instead of lost each time. `round stochastic` stores "
                            "weights so. Source: Gupta et al., ICML 2015."},
    {"fp32", "single precision: 8 bits of exponent, 23 of mantissa. Master weights, optimizer "
             "state, losses "
             "and sums are kept in it."},
    {"fp16",
     "half precision: 5 bits of exponent, 10 of mantissa; from 2^-24 to 65504. Precise, but short: "
     "small gradients underflow unless the loss is scaled."},
    {"bf16",
     "brain float: 8 bits of exponent as fp32, only 7 of mantissa. Next to nothing underflows, "
     "so it needs no loss scale."},
    {"tf32", "what tensor cores make of fp32 inputs: the exponent of fp32 with 10 bits of "
             "mantissa. `autocast "
             "tf32` rounds what goes into a product and keeps all results in fp32."},
    {"e4m3",
     "an fp8 format: 4 bits of exponent, 3 of mantissa, at most 448, no infinity (it overflows to "
     "nan)."},
    {"e5m2", "an fp8 format: 5 bits of exponent, 2 of mantissa, at most 57344, with infinities."},
    {"fp8",
     "computing products of 8-bit numbers: e4m3 for activations and weights, e5m2 for gradients. "
     "Their "
     "window is so short that each cast has a scale of its own (`fp8 scaling`), which the product "
     "divides out again."},
    {"autocast",
     "computing products in a short format while the weights stay in fp32: each input is cast just "
     "before it is used. `show program` lists the casts."},
    {"master weights",
     "the fp32 weights that the optimizer moves. The short copies are cast from them anew each "
     "step, "
     "so that changes too small for the short format add up instead of being lost."},
    {"lost update",
     "a change that is smaller than half a unit in the last place of its weight, so that the sum "
     "is "
     "rounded back to the weight as it was. `master off` shows many, lost_updates(...) counts "
     "them."},
    {"kahan summation",
     "what a rounding left out is kept in a second number and added to the next "
     "term, so that small "
     "terms add up. `round kahan` stores weights so, without masters. Source: Zamirai et al., "
     "Revisiting BFloat16 Training, 2020."},
    {"loss scale",
     "a factor on the loss before the backward pass. Every gradient comes out larger by it, so "
     "that "
     "fewer underflow; it is divided out again, in fp32, before the optimizer sees them."},
    {"scaled",
     "gradients as they are stored, larger than the true ones by the loss scale. `show gradients "
     "--true` divides it out."},
    {"unscale",
     "multiplying the fp32 gradients by 1/scale, and looking for inf and nan meanwhile."},
    {"found_inf",
     "the flag that some gradient of this step is inf or nan: the step is then skipped "
     "and the scale backs off."},
    {"skipped step",
     "a step in which no weight moves because a gradient overflowed. With dynamic scaling it is "
     "how "
     "the highest usable scale is found: one skip now and then is health, not harm."},
    {"dynamic scaling", "the loss scale grows after `interval` clean steps and backs off at each "
                        "overflow, as PyTorch's "
                        "GradScaler does it."},
    {"static scaling", "one loss scale that stays; steps that overflow are skipped all the same."},
    {"growth interval",
     "how many clean steps in a row there must be before the loss scale grows. 2000 in PyTorch."},
    {"growth factor", "by how much the loss scale grows after a clean interval: 2 in PyTorch."},
    {"growth tracker", "how many clean steps in a row there have been since the last change of the "
                       "loss scale."},
    {"backoff", "what the loss scale is multiplied by when a step overflowed: 0.5 in PyTorch."},
    {"hysteresis",
     "how many overflows there must be since the loss scale last grew until it backs off: those "
     "before are skipped steps and nothing more. 1, as in PyTorch, backs off at each. `scale "
     "dynamic "
     "hysteresis=2` waits for the second; Megatron-LM and DeepSpeed have such a setting."},
    {"floor",
     "the scale below which backing off does not take the loss scale. PyTorch has none: there a "
     "run "
     "whose every step overflows halves its scale until it is 0. `scale dynamic floor=1` sets "
     "one; Megatron-LM calls it the minimum loss scale. In expressions floor(x) is the largest "
     "whole number that is not above x."},
    {"micro-batch",
     "one of the batches whose gradients are added up before the optimizer takes a step, so that a "
     "large batch fits into little memory. `accumulate N` makes a step of N of them; `batch` is "
     "the size of each. One loss scale holds for all of them, and one overflow in any of them "
     "makes the whole step be skipped."},
    {"lost mass",
     "the share of the sum of magnitudes that underflowed. A thousand tiny values may be nothing: "
     "this says how much of the gradient is gone, not how many numbers of it."},
    {"starved",
     "a tensor behind one in whose cast everything was lost: it gets only zeros and loses nothing "
     "itself, so its shares are none. The fault lies upstream."},
    {"none", "a share of nothing: its base is empty. It is not 0, and every comparison with it is "
             "false."},
    {"moved", "the share of stored weights whose bits differ from the run's start: 0 means that "
              "training has changed nothing at all."},
    {"probe", "counting what each cast does to its values, or, for `probe grads`, what those of "
              "gradients do. "
              "It changes no bit of the training."},
    {"zeros", "values that were zero before the cast; ReLU makes many of them."},
    {"nonfinite", "inf and nan together."},
    {"nan", "not a number: what 0/0 or inf-inf gives. It spreads to all that is computed from it."},
    {"inf", "infinity: what a value beyond the largest number becomes."},
    {"epoch", "one pass over the training examples, in a new order each time."},
    {"batch", "the examples that one step looks at together."},
    {"gradient", "how the loss changes with each weight; the optimizer moves against it."},
    {"held out", "examples never trained on, by which accuracy is measured."},
    {"lockstep",
     "several runs taking every step together, on the same batch, so that what differs between "
     "them "
     "comes from their settings alone. `fork` begins one, `runs` says where they parted."},
    {"seed",
     "the number from which weights, order and synthetic data are drawn: the same seed gives "
     "the same bits."},
};

enum { TERMS = sizeof(terms) / sizeof(terms[0]) };

bool term_get(int i, CatalogEntry *entry)
{
    if (i < 0 || i >= TERMS)
        return false;
    *entry = terms[i];
    return true;
}

const char *term_find(const char *name)
{
    for (int i = 0; i < TERMS; i++) {
        if (strcmp(terms[i].name, name) == 0)
            return terms[i].text;
    }
    return NULL;
}

const char *term_beginning(const char *word)
{
    const char *found = NULL;
    size_t length = strlen(word);

    for (int i = 0; i < TERMS; i++) {
        if (strncmp(terms[i].name, word, length) != 0 || terms[i].name[length] != ' ')
            continue;
        if (found != NULL)
            return NULL;
        found = terms[i].name;
    }
    return found;
}
