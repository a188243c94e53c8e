#!/usr/bin/env python3
"""Times halfstep beside PyTorch on the same networks, in one run, and compares single steps.

    python3 tests/gpu/compare_torch.py BUILD                    the table
    python3 tests/gpu/compare_torch.py BUILD --csv FILE         and as CSV
    python3 tests/gpu/compare_torch.py BUILD --check            compares steps; N passed, N failed

Both compute one training step of fully connected layers with relu between them, cross entropy,
AdamW, and for fp16 a dynamic loss scale. PyTorch runs it three ways: eager; the whole step in one
CUDA graph; and each with every weight gradient counted (classes and exponents). Steps
are compared by the scripts that `export pytorch` writes; timing needs nothing but PyTorch.

Of a cast PyTorch keeps only the result, so what it counts is what is stored: underflow appears as
zero and overflow as inf. halfstep counts the values before the cast, with their own classes.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent import futures

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    torch = None

NETWORKS = {  # widths, batch, format, data for halfstep, steps to time
    "tiny": ([784, 256, 128, 10], 64, "fp16", "data fashion", 4000),
    "mid": ([784, 1024, 1024, 10], 1024, "fp16", "data fashion", 2000),
    "wide": ([4096, 8192, 8192, 8192, 1000], 8192, "bf16",
             "data noise features=4096 classes=1000 limit=8192", 30),
}
WARM_UP_SHARE = 5  # one step in so many, besides
COLUMNS = ["network", "batch", "format", "eager counted", "graph counted", "graph", "halfstep",
           "weight-grads", "grads", "on", "eager counted / weight-grads",
           "graph counted / weight-grads", "graph / halfstep", "weight-grads / halfstep"]


class Trainer:
    """One experiment in PyTorch, its data resident, its batches taken by a cursor on the device."""

    def __init__(self, widths, batch, low, device, graph, counted):
        torch.manual_seed(1)
        self.batch, self.low, self.device, self.counted = batch, low, device, counted
        examples = max(batch, min(8 * batch, 10000))
        self.inputs = torch.rand(examples, widths[0], device=device)
        self.labels = torch.randint(widths[-1], (examples,), device=device)
        self.lanes = torch.arange(batch, device=device)
        self.cursor = torch.zeros((), dtype=torch.int64, device=device)
        layers = []
        for i in range(len(widths) - 1):
            layers += [nn.Linear(widths[i], widths[i + 1], device=device), nn.ReLU()]
        self.model = nn.Sequential(*layers[:-1])
        self.params = list(self.model.parameters())
        fast = {"fused": True, "capturable": graph} if device == "cuda" else {}
        self.optimizer = torch.optim.AdamW(self.params, lr=1e-3, **fast)
        self.scaler = torch.amp.GradScaler(device, init_scale=65536.0, growth_interval=200,
                                           enabled=low == torch.float16)
        self.scaler.scale(torch.zeros((), device=device))  # makes its tensors before a capture
        self.classes = torch.zeros(len(self.params), 5, dtype=torch.int64, device=device)
        self.exponents = torch.zeros(len(self.params), 277, device=device)
        self.graph = self.capture() if graph else None

    def step(self):
        rows = (self.cursor + self.lanes) % len(self.inputs)
        self.optimizer.zero_grad()
        with torch.autocast(self.device, self.low or torch.bfloat16, self.low is not None):
            loss = F.cross_entropy(self.model(self.inputs[rows]), self.labels[rows])
        self.scaler.scale(loss).backward()
        if self.counted:
            self.count()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.cursor += self.batch

    def count(self):
        tiny = torch.finfo(self.low or torch.float32).tiny
        for i, param in enumerate(self.params):
            size = param.grad.abs()
            some = torch.isfinite(size) & (size > 0)
            normal = some & (size >= tiny)
            self.classes[i] += torch.stack([size.isnan().sum(), size.isinf().sum(),
                                            (size == 0).sum(), some.sum() - normal.sum(),
                                            normal.sum()])
            exponent = torch.where(some, torch.frexp(size).exponent - 1, -1000)
            self.exponents[i] += torch.histc(exponent.float(), 277, -149.5, 127.5)

    def capture(self):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(side)
        self.optimizer.zero_grad()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step()
        return graph

    def milliseconds(self, steps):
        advance = self.graph.replay if self.graph is not None else self.step
        for _ in range(max(1, steps // WARM_UP_SHARE)):
            advance()
        self.wait()
        begun = time.perf_counter()
        for _ in range(steps):
            advance()
        self.wait()
        return (time.perf_counter() - begun) / steps * 1e3

    def wait(self):
        if self.device == "cuda":
            torch.cuda.synchronize()


def format_of(name):
    return {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": None}[name]


def halfstep(args, commands):
    """What it prints, line by line; None with the reason on standard error where it fails."""
    done = subprocess.run([os.path.join(args.build, "halfstep"), "--backend", args.backend, "-c",
                           commands], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        print("# halfstep: " + done.stderr.strip().split("\n")[-1], file=sys.stderr)
        return None
    return done.stdout.strip().split("\n")


def experiment(name):
    widths, batch, low, data, _ = NETWORKS[name]
    scale = "scale dynamic interval=200" if low == "fp16" else "scale off"
    return (f"seed 1; {data}; net {' '.join(map(str, widths))}; batch {batch}; "
            f"autocast {'off' if low == 'fp32' else low}; {scale}")


PROBES = ["off", "weight-grads", "grads", "on"]


def time_halfstep(args, name, steps):
    """Milliseconds a step for each of PROBES, all in one session; the first few steps do not count."""
    warm = max(1, steps // WARM_UP_SHARE)
    timed = "; ".join([f"train {steps}; print steps_per_second"] * args.repeats)
    lines = halfstep(args, experiment(name) + "".join(f"; probe {probes}; train {warm}; {timed}"
                                                      for probes in PROBES))
    if lines is None:
        return [None] * len(PROBES)
    times = [1e3 / float(line) for line in lines[-len(PROBES) * args.repeats:]]
    return [median(times[i:i + args.repeats]) for i in range(0, len(times), args.repeats)]


def time_torch(args, name, graph, counted, steps):
    widths, batch, low, _, _ = NETWORKS[name]
    if graph and args.device != "cuda":
        return None
    try:
        trainer = Trainer(widths, batch, format_of(low), args.device, graph, counted)
        return median([trainer.milliseconds(steps) for _ in range(args.repeats)])
    except torch.cuda.OutOfMemoryError as error:
        print(f"# PyTorch, {name}: {str(error).splitlines()[0]}", file=sys.stderr)
        return None
    finally:
        if args.device == "cuda":
            torch.cuda.empty_cache()


def median(times):
    """Neither side is given its luckiest run."""
    return sorted(times)[len(times) // 2]


def ratio(a, b):
    return a / b if a and b else None


def measure(args, name):
    widths, batch, low, _, steps = NETWORKS[name]
    steps = args.steps or steps
    eager = time_torch(args, name, False, True, max(10, steps // 10))
    graph = time_torch(args, name, True, True, steps)
    plain = time_torch(args, name, True, False, steps)
    off, weights, grads, on = time_halfstep(args, name, steps)
    return [f"{name} {'-'.join(map(str, widths))}", batch, low, eager, graph, plain, off, weights,
            grads, on, ratio(eager, weights), ratio(graph, weights), ratio(plain, off),
            ratio(weights, off)]


def cell(value):
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def show(rows):
    table = [COLUMNS] + [[cell(value) for value in row] for row in rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    for row in table:
        print("  ".join(text.rjust(width) for text, width in zip(row, widths)))
    print("(times in milliseconds a step; medians)")


# From here on: single steps, from the same state.

TOLERANCE = {"fp32": 1e-6, "tf32": 2e-4, "fp16": 2e-4, "bf16": 1e-3}
FOLLOWING = 5  # how much further the loss behind a step may be: its weights were rounded too


def own_steps(args, setup, path, steps):
    """Exports, then trains; per step loss, scale as used, and whether it was skipped."""
    lines = halfstep(args, f"{setup}; export pytorch {path}\n"
                           f"lua for i = 1, {steps} do local s, n = scale, skipped "
                           'command("step") print(batch_loss, s, skipped - n) end')
    if lines is None:
        return None
    return [[float(word) if word not in ("nan", "-nan") else float("nan") for word in
             line.split("\t")] for line in lines[-steps:]]


def their_steps(args, path, steps, graph):
    command = [sys.executable, path, "--steps", str(steps), "--device", args.device, "--counted"]
    done = subprocess.run(command + (["--graph"] if graph else []), capture_output=True, text=True)
    if done.returncode != 0:
        print("# " + (done.stderr.strip().split("\n") or ["it said nothing"])[-1], file=sys.stderr)
        return None
    said = json.loads(done.stdout.strip().split("\n")[-1])
    return list(zip(said["losses"], said["scales"], said["skipped"]))


def compare(ours, theirs, low):
    """The first step from the same state, and those that follow from it."""
    if ours is None or theirs is None:
        return ["it did not run"]
    failures = []
    for i, (a, b) in enumerate(zip(ours, theirs)):
        most = TOLERANCE[low] * (1 if i == 0 else FOLLOWING)
        off = abs(a[0] - b[0]) / max(abs(b[0]), 1e-30)
        if not (off <= most or (a[0] != a[0] and b[0] != b[0])):
            failures.append(f"loss of step {i + 1}: {a[0]:.9g}, PyTorch has {b[0]:.9g}")
        if a[1] != b[1] or bool(a[2]) != bool(b[2]):
            failures.append(f"step {i + 1}: scale {a[1]:g}, skipped {a[2]:g}; PyTorch {b[1]:g}, "
                            f"{b[2]}")
    return failures


def check_setup(args, label, setup, low):
    """Whether it is right, and what to say, for each way in which PyTorch takes the steps."""
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "step.py")
        ours = own_steps(args, setup, path, 2)
        for graph in (False, True) if args.device == "cuda" else (False,):
            failures = compare(ours, their_steps(args, path, 2, graph) if ours else None, low)
            text = "\n    ".join([f"{label}, {'graph' if graph else 'eager'}"] + failures)
            verdicts.append((not failures, text))
    return verdicts


def setups():
    nets = {
        "tiny": "data fashion; net 784 256 128 10; batch 64",
        "gelu": "data fashion; net 784 100 10 act=gelu; batch 100; optim adam",
        "autoencoder": "data fashion size=14 target=input; loss mse; net 196 32 196 act=tanh; "
                       "batch 128; optim momentum",
    }
    formats = {"fp32": "autocast off; scale off", "bf16": "autocast bf16; scale off",
               "fp16": "autocast fp16; scale dynamic 2^20 interval=20"}
    for name, net in nets.items():
        for low, words in formats.items():
            for before in (0, 100):
                start = f"; train {before}" if before else ""
                yield f"{name} {low} after {before}", f"seed 1; {net}; {words}{start}", low


def check(args):
    if halfstep(args, "help export") is None:
        print("this halfstep has no `export pytorch`, so single steps are not compared")
        print("0 passed, 0 failed")
        return 0
    # A script takes longer to start than to run, so several are started beside each other.
    with futures.ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        verdicts = [verdict for found in pool.map(lambda setup: check_setup(args, *setup), setups())
                    for verdict in found]
    for good, text in verdicts:
        print(("# " if good else "failed: ") + text)
    failed = sum(not good for good, _ in verdicts)
    print(f"{len(verdicts) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", help="the folder of the build")
    parser.add_argument("--networks", default="tiny,mid,wide", help="tiny, mid, wide")
    parser.add_argument("--steps", type=int, default=0, help="to time; 0: as many as is usual")
    parser.add_argument("--repeats", type=int, default=3, help="of each measurement (3)")
    parser.add_argument("--csv", metavar="FILE", help="the table as CSV too")
    parser.add_argument("--check", action="store_true", help="compare steps and time nothing")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    args = parser.parse_args()
    args.backend = args.device
    if torch is None or (args.device == "cuda" and not torch.cuda.is_available()):
        print("there is no PyTorch with a GPU here, so nothing is compared with it")
        if args.check:
            print("0 passed, 0 failed")
        return 0
    if args.check:
        return check(args)
    name = torch.cuda.get_device_name() if args.device == "cuda" else "CPU"
    print(f"PyTorch {torch.__version__} and halfstep on {name}")
    rows = [measure(args, network) for network in args.networks.split(",")]
    show(rows)
    if args.csv:
        with open(args.csv, "w", newline="") as file:
            csv.writer(file).writerows([COLUMNS] + rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
