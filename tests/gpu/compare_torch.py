#!/usr/bin/env python3
"""Times halfstep beside PyTorch on the same networks, in one run, and compares single steps.

    python3 tests/gpu/compare_torch.py BUILD                    the table
    python3 tests/gpu/compare_torch.py BUILD --csv FILE         and as CSV
    python3 tests/gpu/compare_torch.py BUILD --check            compares steps; N passed, N failed
    python3 tests/gpu/compare_torch.py BUILD --check --only fp16
    python3 tests/gpu/compare_torch.py BUILD --presets          and 200 steps of each preset, each
                                                                from the state that halfstep had

PyTorch runs what `export pytorch` writes, both for the check and for the times: the very network,
data, batches, optimizer and loss scale of the experiment that halfstep runs. It is timed three
ways: eager; the whole step in one CUDA graph; both with every weight gradient counted, each step,
by class and exponent; and the graph without. There it sums as it does by itself, which may be
faster than sums that are kept in FP32 to their end (halfstep's, and those of the check).

Of a cast PyTorch keeps only the result, so what it counts is what is stored: underflow appears as
zero and overflow as inf. halfstep counts the values before the cast, with their own classes.
"""
import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent import futures

try:
    import torch
except ImportError:
    torch = None

NETWORKS = {  # what is typed after `net`, batch, format, data, steps to time
    "tiny": ("784 256 128 10", 64, "fp16", "data fashion", 4000),
    "mid": ("784 1024 1024 10", 1024, "fp16", "data fashion", 2000),
    "wide": ("4096 8192 8192 8192 1000", 8192, "bf16",
             "data noise features=4096 classes=1000 limit=8192", 30),
    "cnn": ('"conv 32 pad=1, relu, pool 2, conv 64 pad=1, relu, pool 2, flatten, linear 128, relu, '
            'linear 10"', 256, "fp16", "data fashion", 1000),
    "transformer": ("transformer-tiny", 32, "fp16", "data text", 500),
}
WARM_UP_SHARE = 5  # one step in so many, besides
COLUMNS = ["network", "batch", "format", "eager counted", "graph counted", "graph", "halfstep",
           "weight-grads", "grads", "on", "eager counted / weight-grads",
           "graph counted / weight-grads", "graph / halfstep", "weight-grads / halfstep"]


def complain(who, why):
    """On standard error, in one line; the answer is None, which every reader takes."""
    print(f"# {who}: {why}", file=sys.stderr)


def last_line(text):
    return (text.strip().split("\n") or [""])[-1] or "it said nothing"


def halfstep(args, commands):
    """What it prints, line by line; None with the reason on standard error where it fails."""
    command = [os.path.join(args.build, "halfstep"), "--backend", args.device, "-c", commands]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=args.limit)
    except subprocess.TimeoutExpired:
        return complain("halfstep", f"it took longer than {args.limit} s")
    if done.returncode != 0:
        return complain("halfstep", last_line(done.stderr))
    return done.stdout.strip().split("\n")


# Starting PyTorch takes longer than most scripts, so one process runs a script in several ways.
RUN_EACH_WAY = """
import json, runpy, sys
path = sys.argv[1]
for way in sys.argv[2:]:
    sys.argv = [path] + way.split()
    try:
        runpy.run_path(path, run_name="__main__")
    except (Exception, SystemExit) as error:
        why = str(error).strip().split("\\n")[0]
        print(json.dumps({"failed": f"{type(error).__name__}: {why}"}))
    sys.stdout.flush()
"""


def as_text(output):
    """What a process that was stopped had said is bytes, or None."""
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def run_script(args, path, ways, threads=0):
    """What an exported script says at its end, for each way; {"failed": WHY} where it does not."""
    command = [sys.executable, "-c", RUN_EACH_WAY, path]
    command += [f"{way} --device {args.device}" for way in ways]
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads)) if threads else None
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=args.limit, env=environment)
        output, why = done.stdout, f"exit status {done.returncode}: {last_line(done.stderr)}"
    except subprocess.TimeoutExpired as stopped:
        output, why = as_text(stopped.stdout), f"PyTorch took longer than {args.limit} s"
    said = [json.loads(line) for line in output.split("\n") if re.match(r"\{.*\}$", line)]
    return said + [{"failed": why}] * (len(ways) - len(said))


def experiment(name):
    net, batch, low, data, _ = NETWORKS[name]
    scale = "scale dynamic interval=200" if low == "fp16" else "scale off"
    return (f"seed 1; {data}; net {net}; batch {batch}; "
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


def time_script(args, name, path, mode, steps):
    """Milliseconds a step, the median; the script has taken as many steps before. A process of its
    own, so that nothing is left of another on the device."""
    if "graph" in mode and args.device != "cuda":
        return None
    said = run_script(args, path, [f"--bench {mode} --steps {steps} --repeats {args.repeats} "
                                   "--reduced-sums"])[0]
    if "failed" in said:
        return complain(f"PyTorch, {name}, {mode}", said["failed"])
    return said["ms_per_step"]


def time_torch(args, name, steps):
    """Eager and counted, as a graph and counted, as a graph."""
    with tempfile.TemporaryDirectory(prefix="halfstep-torch-", dir=args.folder) as folder:
        path = os.path.join(folder, f"{name}.py")
        if halfstep(args, f"{experiment(name)}; export pytorch {path}") is None:
            return [None] * 3
        return [time_script(args, name, path, "eager --counted", max(10, steps // 10)),
                time_script(args, name, path, "graph --counted", steps),
                time_script(args, name, path, "graph", steps)]


def median(times):
    """Neither side is given its luckiest run."""
    return sorted(times)[len(times) // 2]


def ratio(a, b):
    return a / b if a and b else None


def measure(args, name):
    _, batch, low, _, steps = NETWORKS[name]
    steps = args.steps or steps
    eager, graph, plain = time_torch(args, name, steps)
    off, weights, grads, on = time_halfstep(args, name, steps)
    return [name, batch, low, eager, graph, plain, off, weights,
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

STEPS = 2
TOLERANCE = {"fp32": 1e-6, "tf32": 2e-4, "fp16": 2e-4, "bf16": 1e-3}
FOLLOWING = 5  # how much further the loss behind a step may be: its weights were rounded too
MOVED = 4e-3  # of a tensor's numbers may be in another class: where a sum of almost 0 has another sign,
# a relu opens, and with it a row, which is one in 256 of tiny's widest tensor


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def counted_as_stored(rows):
    """Of each gradient over all steps, by the classes that PyTorch has."""
    found = {}
    for row in rows:
        counts = found.setdefault(row["tensor"][:-len(".grad")], dict.fromkeys(
            ["nan", "inf", "zero", "subnormal", "normal"], 0))
        for kind in ["nan", "inf", "zero", "subnormal", "normal", "overflow", "underflow"]:
            counts[{"overflow": "inf", "underflow": "zero"}.get(kind, kind)] += int(row[kind])
    return found


def own_steps(args, setup, folder):
    """Exports, then trains; the steps as the exported script would tell them."""
    at = os.path.join(folder, "step")
    if halfstep(args, f"{setup}; probe weight-grads; export pytorch {at}.py; "
                      f"export trace {at}.csv; train {STEPS}; export trace off") is None:
        return None
    steps = rows_of(f"{at}.csv")
    return {"losses": [float(row["loss"]) for row in steps],
            "scales": [float(row["scale"]) for row in steps],
            "skipped": [row["skipped"] == "1" for row in steps],
            "gradients": counted_as_stored(rows_of(f"{at}.tensors.csv"))}


def compare_losses(ours, theirs, low):
    """The first step from the same state, and those that follow from it."""
    if len(ours["losses"]) != len(theirs["losses"]):
        yield f"{len(ours['losses'])} losses, PyTorch has {len(theirs['losses'])}"
    for i, (a, b) in enumerate(zip(ours["losses"], theirs["losses"])):
        most = TOLERANCE[low] * (1 if i == 0 else FOLLOWING)
        off = abs(a - b) / max(abs(b), 1e-30)
        if not (off <= most or (a != a and b != b)):
            yield f"loss of step {i + 1}: {a:.9g}, PyTorch has {b:.9g}"


def compare_scaler(ours, theirs):
    for what in ("scales", "skipped"):
        if ours[what] != theirs[what]:
            yield f"{what}: {ours[what]}, PyTorch has {theirs[what]}"


def compare_counts(ours, theirs):
    """Every gradient, every number of it, in its class and, if it has one, at its exponent."""
    if ours.keys() != theirs.keys():
        yield f"counted: {sorted(ours)}, PyTorch has {sorted(theirs)}"
        return
    for name, own in ours.items():
        counts = {kind: theirs[name][kind] for kind in own}
        most = MOVED * sum(own.values()) + 1
        if name.endswith("in_proj_bias"):
            most += sum(own.values()) / 3  # that of the keys moves no softmax: rounding is all it is
        if sum(own.values()) != sum(counts.values()):
            yield f"{name}: {sum(own.values())} numbers, PyTorch has {sum(counts.values())}"
        if sum(theirs[name]["exponents"]) != counts["subnormal"] + counts["normal"]:
            yield f"{name}: PyTorch's exponents are {sum(theirs[name]['exponents'])} in number"
        if any(abs(own[kind] - counts[kind]) > most for kind in own):
            yield f"{name}: {own}, PyTorch has {counts}"


def compare(ours, theirs, low, counted=True):
    if ours is None:
        return ["halfstep did not run"]
    if "failed" in theirs:
        return [theirs["failed"]]
    counts = compare_counts(ours["gradients"], theirs["gradients"]) if counted else []
    return [*compare_losses(ours, theirs, low), *compare_scaler(ours, theirs), *counts]


def check_setup(args, threads, label, setup, low):
    """Whether it is right, and what to say, for each way in which PyTorch takes the steps."""
    ways = {"eager": f"--steps {STEPS} --counted", "graph": f"--steps {STEPS} --counted --graph"}
    if args.device != "cuda":
        del ways["graph"]
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="halfstep-torch-", dir=args.folder) as folder:
        ours = own_steps(args, setup, folder)
        theirs = [None] * len(ways)
        if ours is not None:
            theirs = run_script(args, os.path.join(folder, "step.py"), ways.values(), threads)
    for way, said in zip(ways, theirs):
        # Over several batches PyTorch counts the sum; and of nan there is nothing to count.
        failures = compare(ours, said, low, not re.search("accumulate|skip=off", setup))
        verdicts.append((not failures, "\n    ".join([f"{label}, {way}"] + failures)))
    return verdicts


def setups():
    nets = {
        "tiny": "data fashion; net 784 256 128 10; batch 64",
        "gelu": "data fashion; net 784 100 10 act=gelu; batch 100; optim adam",
        "autoencoder": "data fashion size=14 target=input; loss mse; net 196 32 196 act=tanh; "
                       "batch 128; optim momentum",
        "text": 'data text context=64; net "embedding 48, position, linear 96, gelu, layernorm, '
                'linear"; batch 16',
        "attention": 'data text context=64; net "embedding 48, position, residual (layernorm, '
                     'attention 4), layernorm, linear"; batch 16',
    }
    formats = {"fp32": "autocast off; scale off", "bf16": "autocast bf16; scale off",
               "fp16": "autocast fp16; scale dynamic 2^20 interval=20"}
    for name, net in nets.items():
        for low, words in formats.items():
            for before in (0, 100):
                start = f"; train {before}" if before else ""
                yield f"{name} {low} after {before}", f"seed 1; {net}; {words}{start}", low
    for words in ("clip norm 0.5", "clip value 0.001", "clip norm 0.5 when=before-unscale",
                  "clip value 0.5 when=before-unscale", "lr 1e-4; scale unscale=off",
                  "scale static 2^24 skip=off", "batch 16; accumulate 4",
                  "batch 16; accumulate 3; clip norm 0.5"):
        yield (words, f"seed 1; {nets['tiny']}; optim sgd lr=0.1; autocast fp16; "
                      f"scale static 2^10; {words}; train 10", "fp16")


# From each state that halfstep saved, one step of the exported script: its loss, and how far the
# gradient is that came to each momentum, in relative norm. PyTorch takes the step once more with
# pictures in channels_last, for which cuDNN has other kernels, and with the rows, inputs and
# outputs of every product in reverse, which is the same but for the order of its sums: so far it is
# from itself.
FOLLOW_STATES = """
import json, runpy, sys, types
import torch
path, device, folder, count = sys.argv[1:4] + [int(sys.argv[4])]
script = runpy.run_path(path, run_name="followed")
script["choose_sums"](types.SimpleNamespace(reduced_sums=False))
usual, other = (script["Experiment"](device, count + 1, False, False) for i in range(2))
other.model.to(memory_format=torch.channels_last)
functions = torch.nn.functional
linear, conv2d, key = functions.linear, functions.conv2d, ".momentum_buffer"

def reversed_linear(x, weight, bias=None):
    return linear(x.flip(0, -1), weight.flip(0, 1), bias.flip(0)).flip(0, -1)

def reversed_conv2d(x, weight, bias, *how):
    return conv2d(x.flip(0, 1), weight.flip(0, 1), bias.flip(0), *how).flip(0, 1)

def state(step):
    script["read_tensors"].__globals__["STEP"] = step
    return script["read_tensors"](f"{folder}/{step}.safetensors")

def step_from(before, experiment, *products):
    functions.linear, functions.conv2d = products
    before = {name: tensor.clone() for name, tensor in before.items()}
    names = experiment.model.state_dict()
    experiment.model.load_state_dict({name: before[name] for name in names if name in before})
    for name, param in experiment.params.items():
        experiment.restore_state(name, param, before)
        state = experiment.optimizer.state[param]
        state["momentum_buffer"] = torch.empty_like(param).copy_(state["momentum_buffer"])
    experiment.advance()
    return {name + key: experiment.optimizer.state[param]["momentum_buffer"].cpu()
            for name, param in experiment.params.items()}

def distances(before, ours, theirs):
    grads = {name: theirs[name].double() - 0.9 * before[name].double() for name in theirs}
    return {name.removesuffix(key): float((ours[name] - theirs[name]).double().norm() / grad.norm())
            for name, grad in grads.items()}

before, told = state(0), []
for step in range(count):
    theirs = step_from(before, usual, linear, conv2d)
    again = step_from(before, other, reversed_linear, reversed_conv2d)
    after = state(step + 1)
    told.append({"loss": usual.loss.item(), "again": other.loss.item(),
                 "off": distances(before, after, theirs), "own": distances(before, again, theirs)})
    before = after
print(json.dumps(told))
"""
STATES = 200
GRADIENTS = {"fp32": 2e-3, "fp16": 2e-3, "bf16": 1e-2}


def preset_setups():
    nets = {"mlp": "data fashion; net mlp; batch 64", "lenet": "data fashion; net lenet; batch 64",
            "resnet-tiny": "data fashion; net resnet-tiny; batch 64",
            "transformer-tiny": "data text; net transformer-tiny; batch 32"}
    formats = {"fp32": "autocast off; scale off", "bf16": "autocast bf16; scale off",
               "fp16": "autocast fp16; scale static 1024"}
    for name, net in nets.items():
        for low, words in formats.items():
            yield f"{name} {low}", f"seed 1; {net}; optim momentum lr=0.02; {words}", low


def judge_states(name, off, own, most):
    """Whether the median step and that of 95 in 100 are within `most`, or within twice what PyTorch
    is from itself.

    Where sums round otherwise, a relu near 0 or a pool that finds two numbers alike passes its
    gradient elsewhere; behind many layers most numbers differ in their last place.
    """
    def at(values, share):
        values = sorted(far if far == far else float("inf") for far in values)
        return values[int(share * len(values))]

    beyond = sum(not f <= most for f in off)
    good = all(at(off, share) <= max(most, 2 * at(own, share)) for share in (0.5, 0.95))
    return good, (
        f"{name} median {at(off, 0.5):.1e}, 95% {at(off, 0.95):.1e}, worst {max(off):.1e} at step "
        f"{off.index(max(off))}, {beyond} of {len(off)} beyond {most:g}; PyTorch from itself "
        f"{at(own, 0.5):.1e}, 95% {at(own, 0.95):.1e}, worst {max(own):.1e}")


def compare_states(ours, steps, low):
    def far(loss, step):
        return abs(loss - step["loss"]) / abs(step["loss"])

    yield judge_states("loss", [far(loss, step) for loss, step in zip(ours, steps)],
                       [far(step["again"], step) for step in steps], TOLERANCE[low])
    for name in steps[0]["off"]:
        if "weight" in name:  # a bias before a batchnorm has no gradient but what is rounded
            off, own = ([step[which][name] for step in steps] for which in ("off", "own"))
            yield judge_states(name, off, own, GRADIENTS[low])


def check_states(args, threads, label, setup, low):
    with tempfile.TemporaryDirectory(prefix="halfstep-torch-", dir=args.folder) as folder:
        at = os.path.join(folder, "step")
        save = f'command("save {folder}/" .. i .. ".safetensors")'
        told = halfstep(args, f"{setup}; export pytorch {at}.py; export trace {at}.csv\n"
                              f'lua for i = 0, {STATES - 1} do {save} command("step") end\n'
                              f"save {folder}/{STATES}.safetensors; export trace off")
        if told is None:
            return [(False, f"{label}: halfstep did not run")]
        done = subprocess.run([sys.executable, "-c", FOLLOW_STATES, f"{at}.py", args.device, folder,
                               str(STATES)], capture_output=True, text=True, timeout=args.limit,
                              env=dict(os.environ, OMP_NUM_THREADS=str(threads)), check=False)
        if done.returncode != 0:
            return [(False, f"{label}: {last_line(done.stderr)}")]
        ours = [float(row["loss"]) for row in rows_of(f"{at}.csv")]
    verdicts = compare_states(ours, json.loads(last_line(done.stdout)), low)
    return [(good, f"{label}: {text}") for good, text in verdicts]


def check(args):
    """The setups, two steps each; or the presets, each of many steps from the state before it."""
    made = preset_setups() if args.presets else setups()
    check_one = check_states if args.presets else check_setup
    chosen = [setup for setup in made if re.search(args.only, setup[0])]
    if not chosen:
        print(f"no setup is called like {args.only}: " + ", ".join(label for label, *_ in setups()))
        return 2
    # A script takes longer to start than to run, and waits for files and the device meanwhile.
    cores = len(os.sched_getaffinity(0))
    workers = min(len(chosen), cores + cores // 4)
    threads = max(1, cores // workers)
    with futures.ThreadPoolExecutor(workers) as pool:
        found = pool.map(lambda setup: check_one(args, threads, *setup), chosen)
        verdicts = [verdict for verdicts in found for verdict in verdicts]
    for good, text in verdicts:
        print(("# " if good else "failed: ") + text)
    failed = sum(not good for good, _ in verdicts)
    print(f"{len(verdicts) - failed} passed, {failed} failed")
    return 1 if failed else 0


def pattern(text):
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {error}")
    return text


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", help="the folder of the build")
    parser.add_argument("--networks", default=",".join(NETWORKS), help=", ".join(NETWORKS))
    parser.add_argument("--steps", type=int, default=0, help="to time; 0: as many as is usual")
    parser.add_argument("--repeats", type=int, default=3, help="of each measurement (3)")
    parser.add_argument("--csv", metavar="FILE", help="the table as CSV too")
    parser.add_argument("--check", action="store_true", help="compare steps and time nothing")
    parser.add_argument("--presets", action="store_true",
                        help=f"compare {STATES} steps of each preset, each from halfstep's state")
    parser.add_argument("--only", metavar="REGEX", default="", type=pattern,
                        help="of the setups those whose name it finds: 'tiny', 'fp16 after 0'")
    parser.add_argument("--folder", metavar="DIR", help="where a temporary folder for the exported "
                        "scripts is made; those of wide take 2.3 GB (the system's)")
    parser.add_argument("--limit", metavar="SECONDS", type=int, default=0,
                        help="for each program that is run (60 in a check, else 600)")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    args = parser.parse_args()
    args.check = args.check or args.presets
    args.limit = args.limit or (60 if args.check and not args.presets else 600)
    strange = set(args.networks.split(",")) - set(NETWORKS)
    if strange:
        parser.error(f"there is no network {', '.join(sorted(strange))}")
    if args.folder and not os.path.isdir(args.folder):
        parser.error(f"there is no folder {args.folder}")
    if args.steps < 0 or args.repeats < 1 or args.limit < 1:
        parser.error("--repeats and --limit take 1 or more, --steps 0 or more")
    return args


def main():
    args = read_arguments()
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
