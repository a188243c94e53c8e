#include "walk.cuh"
bool walk_fits(const Plan *plan) { (void)plan; return false; }
Status walk_fuse(Plan *plan) { (void)plan; return ok(); }
Status walk_product(Plan *plan, int instr) { (void)plan; (void)instr; return ok(); }
