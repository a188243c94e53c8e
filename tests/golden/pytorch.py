"""An experiment of halfstep, from where it stood, for PyTorch 2.4 or later and NumPy.

Its numbers are in the .safetensors file of this name. The losses are halfstep's but for the
last bits, since sums are taken in another order.
"""
import argparse
import json
import math
import os
import time
from collections import OrderedDict

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# data spirals
# net 2 16 3 act=tanh
# loss cross-entropy
# optim adamw lr=0.001
# batch 20
# seed 1
# autocast fp16
# scale dynamic interval=50
# probe on
STEP = 30  # so far
TAKEN = 30  # of them moved the weights
POSITION = 600  # training examples seen
EXAMPLES = 2000
BATCH = 20
ACCUMULATE = 1  # batches a step
STEP_ROWS = BATCH * ACCUMULATE
SEED = 1
SHUFFLE = True
CONTEXT = 0  # characters of an example; 0: it is no text
LOSS_WEIGHT = 1
AUTOCAST = torch.float16
ALLOW_TF32 = False
WEIGHTS = torch.float32
SCALING = "dynamic"
INIT_SCALE = 65536
GROWTH_FACTOR = 2
BACKOFF_FACTOR = 0.5
GROWTH_INTERVAL = 50
SCALE, TRACKER = float(65536), 30  # now
SKIP, UNSCALE = True, True  # False: a mistake, made on purpose
CLIP = None
CLIP_MOST = 0
CLIP_SCALED = False
CLASSES = ["nan", "inf", "zero", "subnormal", "normal"]
LEAST, ZERO, INF, NAN = -148, 129, 130, 131  # 2^(e - 1) <= |x| < 2^e has place e
PLACES = NAN - LEAST + 1


def network():
    return nn.Sequential(OrderedDict([
        ("flatten1", nn.Flatten()),
        ("fc1", nn.Linear(2, 16)),
        ("tanh1", nn.Tanh()),
        ("fc2", nn.Linear(16, 3)),
    ]))


def loss_of(logits, target):
    return cross_entropy(logits, target)


def make_optimizer(params, cuda, graph):
    how = dict(fused=True, capturable=graph) if cuda else {}
    return torch.optim.AdamW(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01, **how)


STATES = ["exp_avg", "exp_avg_sq"]


def read_tensors(path):
    """The arrays of a safetensors file: 8 bytes of length, a JSON header, the numbers."""
    data = np.memmap(path, np.uint8, "r")
    start = 8 + int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8:start].tobytes())
    if header.pop("__metadata__")["step"] != str(STEP):
        raise SystemExit(path + " is of another step than this script; export both again")
    kinds = {"F32": np.float32, "I32": np.int32}
    arrays = {}
    for name, entry in header.items():
        first, last = (start + offset for offset in entry["data_offsets"])
        numbers = np.array(data[first:last]).view(kinds[entry["dtype"]])
        arrays[name] = torch.from_numpy(numbers.reshape(entry["shape"]))
    return arrays


def random_bits(epoch, count):
    """halfstep's stream for the order of an epoch: Philox4x32-10 (Salmon et al., SC 2011)."""
    word, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    block = np.arange((count + 3) // 4, dtype=np.uint64)
    c = [block & word, block >> half, np.full_like(block, 1), np.full_like(block, epoch)]
    key0, key1 = SEED & 0xFFFFFFFF, SEED >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> half) ^ c[1] ^ np.uint64(key0), p1 & word,
             (p0 >> half) ^ c[3] ^ np.uint64(key1), p0 & word]
        key0, key1 = (key0 + 0x9E3779B9) & 0xFFFFFFFF, (key1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, axis=1).reshape(-1)[:count]


def order_of(epoch):
    """The training examples as this epoch visits them: Fisher and Yates's shuffle."""
    order = list(range(EXAMPLES))
    if SHUFFLE:
        bits = random_bits(epoch, EXAMPLES) * np.arange(1, EXAMPLES + 1, dtype=np.uint64)
        places = (bits >> np.uint64(32)).tolist()
        for i in range(EXAMPLES - 1, 0, -1):
            order[i], order[places[i]] = order[places[i]], order[i]
    if CONTEXT:  # where the windows of a text begin
        bits = int(random_bits(epoch, EXAMPLES + 1)[EXAMPLES]) if SHUFFLE else 0
        order = [(bits * CONTEXT >> 32) + CONTEXT * i for i in order]
    return order


def rows_of(steps):
    """The examples of so many steps; batches are full, and wrap into the next epoch."""
    last = POSITION + steps * STEP_ROWS
    epochs = range(POSITION // EXAMPLES, (last - 1) // EXAMPLES + 1)
    start = POSITION - epochs[0] * EXAMPLES
    rows = np.concatenate([order_of(epoch) for epoch in epochs])
    return torch.from_numpy(rows[start:start + steps * STEP_ROWS])


def cross_entropy(logits, target):
    """As CUDA autocasts it, on a CPU too: log_softmax keeps the format of the logits."""
    logits, target = logits.flatten(0, -2), target.flatten()
    if logits.is_cuda:
        return F.cross_entropy(logits, target)
    with torch.autocast("cpu", enabled=False):
        return F.nll_loss(F.log_softmax(logits, 1).float(), target)


class Experiment:
    def __init__(self, device, steps, graph, counted):
        arrays = read_tensors(os.path.splitext(os.path.abspath(__file__))[0] + ".safetensors")
        self.device = device
        self.counted = counted
        self.inputs = arrays["inputs"].to(device)
        if CONTEXT:  # the characters of a text, each of which is to tell the next
            self.inputs = self.inputs.long()
            self.window = torch.arange(CONTEXT, device=device)
        elif "labels" in arrays:
            self.targets = arrays["labels"].long().to(device)
        else:
            self.targets = arrays.get("targets", arrays["inputs"].flatten(1)).to(device)
        self.rows = rows_of(steps).to(device)
        self.lanes = torch.arange(STEP_ROWS, device=device)
        self.cursor = torch.zeros((), dtype=torch.int64, device=device)
        self.taken = 0
        self.model = network().to(WEIGHTS)  # .half() or .bfloat16() without masters
        names = self.model.state_dict()  # num_batches_tracked is counted and not read
        self.model.load_state_dict({name: arrays[name] for name in names if name in arrays})
        self.model.to(device)
        self.params = dict(self.model.named_parameters())
        self.optimizer = make_optimizer(self.params.values(), device == "cuda", graph)
        for name, param in self.params.items():
            self.restore_state(name, param, arrays)
        self.make_scaler()
        self.loss = torch.zeros((), device=device)
        self.found = torch.zeros((), device=device)
        self.counts = torch.zeros(len(self.params), PLACES, dtype=torch.int64, device=device)
        self.graph = self.capture() if graph else None

    def restore_state(self, name, param, arrays):
        state = {key: arrays[name + "." + key].to(self.device, param.dtype) for key in STATES}
        if "exp_avg" in state:
            state["step"] = torch.tensor(float(TAKEN), device=self.device)
        if state:
            self.optimizer.state[param] = state

    def make_scaler(self):
        self.scaler = torch.amp.GradScaler(
            self.device, init_scale=INIT_SCALE, growth_factor=GROWTH_FACTOR,
            backoff_factor=BACKOFF_FACTOR, growth_interval=GROWTH_INTERVAL,
            enabled=SCALING != "off")
        self.scaler.load_state_dict({
            "scale": SCALE, "growth_factor": GROWTH_FACTOR, "backoff_factor": BACKOFF_FACTOR,
            "growth_interval": GROWTH_INTERVAL, "_growth_tracker": TRACKER})
        self.scaler.scale(torch.zeros((), device=self.device))  # makes its tensors

    def examples(self, batch):
        if CONTEXT:
            batch = batch[:, None] + self.window
            return self.inputs[batch], self.inputs[batch + 1]
        return self.inputs[batch], self.targets[batch]

    def step(self, rows):
        self.optimizer.zero_grad()
        losses = []
        for batch in rows.split(BATCH):
            inputs, targets = self.examples(batch)
            with torch.autocast(self.device, AUTOCAST or torch.bfloat16, AUTOCAST is not None):
                loss = loss_of(self.model(inputs), targets)
            losses.append(loss.detach())
            self.scaler.scale(loss * (LOSS_WEIGHT / ACCUMULATE)).backward()
        self.loss = losses[0] if ACCUMULATE == 1 else torch.stack(losses).mean()
        if self.counted:
            self.count()
        self.take()
        if SCALING != "off":
            self.found, = self.scaler._found_inf_per_device(self.optimizer).values()
        self.scaler.update(SCALE if SCALING == "static" else None)

    def clip(self):
        if CLIP == "norm":
            nn.utils.clip_grad_norm_(self.params.values(), CLIP_MOST)
        elif CLIP == "value":
            nn.utils.clip_grad_value_(self.params.values(), CLIP_MOST)

    def take(self):
        """From scaled gradients to moved weights, with the mistakes that were set to be made."""
        if CLIP_SCALED:  # a mistake: before they are unscaled
            self.clip()
        if (CLIP and not CLIP_SCALED) or not (SKIP and UNSCALE):
            scaled = [param.grad.clone() for param in self.params.values() if not UNSCALE]
            self.scaler.unscale_(self.optimizer)
            for param, grad in zip(self.params.values(), scaled):  # a mistake
                param.grad.copy_(grad)
        if not CLIP_SCALED:
            self.clip()
        if SKIP:
            self.scaler.step(self.optimizer)
        else:  # a mistake: also where inf or nan was found
            self.optimizer.step()

    def count(self):
        """Each number of each weight gradient by its exponent, or as zero, inf or nan; as it is
        stored, scaled. What was lost in the cast before that is zero or inf here: PyTorch keeps
        no value from before a cast."""
        for i, param in enumerate(self.params.values()):
            grad = param.grad.float()
            place = torch.frexp(grad).exponent
            place.masked_fill_(grad == 0, ZERO)
            place.masked_fill_(grad.isinf(), INF)
            place.masked_fill_(grad.isnan(), NAN)
            if place.is_cuda:  # whole numbers, which it counts as such, and nothing waits
                self.counts[i] += torch.histc(place, PLACES, LEAST, LEAST + PLACES)
            else:
                self.counts[i] += torch.bincount((place - LEAST).flatten(), minlength=PLACES)

    def gradients(self):
        """Of each weight gradient: how many of CLASSES and of each exponent, -149 to 127."""
        normal = math.frexp(torch.finfo(AUTOCAST or torch.float32).tiny)[1] - LEAST
        found = {}
        for name, row in zip(self.params, self.counts.tolist()):
            exponents = row[:ZERO - LEAST]
            found[name] = {"nan": row[NAN - LEAST], "inf": row[INF - LEAST],
                           "zero": row[ZERO - LEAST], "subnormal": sum(exponents[:normal]),
                           "normal": sum(exponents[normal:]), "exponents": exponents}
        return found

    def step_at_cursor(self):
        self.step(self.rows[self.cursor + self.lanes])
        self.cursor += STEP_ROWS

    def lasting(self):
        yield from self.params.values()
        yield from self.model.buffers()
        for state in self.optimizer.state.values():
            yield from state.values()
        yield from (self.cursor, self.counts)
        if SCALING != "off":
            yield from (self.scaler._scale, self.scaler._growth_tracker)

    def capture(self):
        """One whole step as a CUDA graph; the steps that warm up are taken back."""
        before = [tensor.detach().clone() for tensor in self.lasting()]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step_at_cursor()
        torch.cuda.current_stream().wait_stream(side)
        self.optimizer.zero_grad()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step_at_cursor()
        with torch.no_grad():
            for tensor, value in zip(self.lasting(), before):
                tensor.copy_(value)
        return graph

    def advance(self):
        if self.graph is not None:
            self.graph.replay()
        else:
            self.step(self.rows[self.taken * STEP_ROWS:(self.taken + 1) * STEP_ROWS])
        self.taken += 1

    def wait(self):
        if self.device == "cuda":
            torch.cuda.synchronize()


def show(csv, row):
    print(",".join(row) if csv else "  ".join(cell.rjust(14) for cell in row))


def run(experiment, steps, csv):
    """Takes the steps and tells each; returns losses, scales as used, and which were skipped."""
    losses, scales, skipped = [], [], []
    show(csv, ["step", "loss", "scale", "skipped"])
    for _ in range(steps):
        scales.append(experiment.scaler.get_scale())
        experiment.advance()
        losses.append(experiment.loss.item())
        skipped.append(SKIP and experiment.found.item() != 0)
        show(csv, [str(STEP + len(losses)), f"{losses[-1]:.9g}", f"{scales[-1]:.9g}",
                   str(int(skipped[-1]))])
    return losses, scales, skipped


def ms_per_step(experiment, steps):
    """Nothing is read back between these steps."""
    experiment.wait()
    begun = time.perf_counter()
    for _ in range(steps):
        experiment.advance()
    experiment.wait()
    return (time.perf_counter() - begun) / steps * 1e3


def choose_sums(args):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = ALLOW_TF32
    torch.backends.cudnn.deterministic = True
    # halfstep keeps sums in fp32 to their end. PyTorch's own choice rounds some on the way.
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = args.reduced_sums
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = args.reduced_sums


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=20, help="how many (20)")
    parser.add_argument("--device", choices=["cuda", "cpu"],
                        default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--graph", action="store_true", help="take the steps by a CUDA graph")
    parser.add_argument("--bench", choices=["eager", "graph"],
                        help="take as many steps again, reading nothing back, and time those")
    parser.add_argument("--repeats", type=int, default=1,
                        help="of --bench, of which the median counts (1)")
    parser.add_argument("--reduced-sums", action="store_true",
                        help="let cuBLAS round partial sums, as PyTorch does by itself")
    parser.add_argument("--counted", action="store_true", help="count every weight gradient")
    parser.add_argument("--csv", action="store_true", help="the steps as CSV")
    args = parser.parse_args()
    args.graph = args.graph or args.bench == "graph"
    if args.steps < 1 or args.repeats < 1:
        parser.error("--steps and --repeats take 1 or more")
    if args.graph and args.device != "cuda":
        parser.error("a CUDA graph needs --device cuda")
    return args


def main():
    args = read_arguments()
    choose_sums(args)
    taken = args.steps * (1 + args.repeats) + 3  # 3 before a capture
    experiment = Experiment(args.device, taken, args.graph, args.counted)
    begun = time.perf_counter()
    losses, scales, skipped = run(experiment, args.steps, args.csv)
    ms = (time.perf_counter() - begun) / args.steps * 1e3
    said = {"losses": losses, "scales": scales, "skipped": skipped}
    if args.counted:
        said["gradients"] = experiment.gradients()
        show(args.csv, ["gradient"] + CLASSES)
        for name, counts in said["gradients"].items():
            show(args.csv, [name] + [str(counts[kind]) for kind in CLASSES])
    if args.bench:
        times = sorted(ms_per_step(experiment, args.steps) for _ in range(args.repeats))
        ms = times[len(times) // 2]
    print(json.dumps({"ms_per_step": ms, **said}))


if __name__ == "__main__":
    main()
