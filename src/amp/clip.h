/* Gradient clipping, as torch.nn.utils does it, and the mistake one can make with it under a
 * scaler.
 *
 * The gradients are to be unscaled first (GradScaler.unscale_), or a threshold meant for them meets
 * gradients that are, say, 65536 times larger.
 * Source: docs/source/notes/amp_examples.rst, "Working with Unscaled Gradients".
 */
#ifndef AMP_CLIP_H
#define AMP_CLIP_H

#include "program/builder.h"

typedef enum ClipKind { CLIP_OFF, CLIP_BY_NORM, CLIP_BY_VALUE } ClipKind;

extern const char *const clip_kind_names[]; /* as typed, by ClipKind; ends in NULL */
extern const char *const clip_when_names[]; /* after-unscale, before-unscale; ends in NULL */

/* Zeros: off. */
typedef struct ClipSpec {
    ClipKind kind;
    double most;         /* of the norm of all gradients together, or of each number's magnitude */
    bool before_unscale; /* the mistake when=before-unscale: the scaled gradients are clipped */
} ClipSpec;

/* `most` is positive and finite. Fails: STATUS_USAGE. */
Status clip_check(const ClipSpec *spec) MUST_CHECK;

/* What would be typed after `clip` to get this, appended. */
void clip_print(const ClipSpec *spec, Text *text);

/* The instruction that clips, if any: call behind amp_emit_unscale or, for the mistake, before
 * it. */
void clip_emit(const ClipSpec *spec, Builder *builder);

#endif
