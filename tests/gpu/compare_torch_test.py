#!/usr/bin/env python3
"""Tests compare_torch.py without PyTorch and without halfstep: python3 tests/gpu/compare_torch_test.py

The last line is N passed, N failed.
"""
import contextlib
import copy
import io
import os
import sys
import tempfile
from unittest import mock

sys.dont_write_bytecode = True
os.environ.pop("PYTHONUNBUFFERED", None)  # a script that is stopped would seem to have flushed
import compare_torch

SAID = {"losses": [2.0, 1.5], "scales": [4.0, 2.0], "skipped": [True, False], "gradients": {
    "fc1.weight": {"nan": 0, "inf": 1, "zero": 2, "subnormal": 3, "normal": 4, "exponents": [7, 0]}}}
# Tells how it was called; `--slow` never ends, `--wrong` fails, `--dead` takes the process with it.
SCRIPT = """
import json, os, sys, time
print("step loss")
if "--slow" in sys.argv: time.sleep(600)
if "--wrong" in sys.argv: raise ValueError("no such thing\\nand more")
if "--dead" in sys.argv: os._exit(3)
print(json.dumps({"ms_per_step": 0.5, "argv": sys.argv[1:]}))
"""


def arguments(*words):
    with mock.patch.object(sys, "argv", ["compare_torch.py", "build", "--device", "cpu", *words]):
        return compare_torch.read_arguments()


def run(ways, *words):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "step.py")
        with open(path, "w") as file:
            file.write(SCRIPT)
        return compare_torch.run_script(arguments(*words), path, ways)


def own():
    ours = copy.deepcopy(SAID)
    del ours["gradients"]["fc1.weight"]["exponents"]
    return ours


def complaints(change):
    theirs = copy.deepcopy(SAID)
    change(theirs, theirs["gradients"]["fc1.weight"])
    return compare_torch.compare(own(), theirs, "fp16")


def one_process_runs_a_script_in_several_ways():
    first, second = run(["--steps 2", "--steps 3 --counted"])
    assert first["argv"] == ["--steps", "2", "--device", "cpu"]
    assert second["argv"] == ["--steps", "3", "--counted", "--device", "cpu"]


def a_way_that_fails_says_why_and_the_next_runs():
    first, second = run(["--wrong", "--steps 2"])
    assert first == {"failed": "ValueError: no such thing"} and second["ms_per_step"] == 0.5


def a_script_that_takes_too_long_fails_in_a_sentence_and_what_it_said_before_counts():
    first, second = run(["--steps 2", "--slow"], "--limit", "3")
    assert first["ms_per_step"] == 0.5 and second == {"failed": "PyTorch took longer than 3 s"}


def a_script_that_ends_early_fails_in_a_sentence():
    assert run(["--dead"]) == [{"failed": "exit status 3: it said nothing"}]


def the_same_steps_are_the_same():
    assert complaints(lambda said, counts: None) == []
    nan = float("nan")
    ours, theirs = dict(own(), losses=[nan, 1.5]), dict(SAID, losses=[nan, 1.5])
    assert compare_torch.compare(ours, theirs, "fp16") == []


def every_difference_is_said():
    assert "loss of step 1" in complaints(lambda s, c: s.update(losses=[2.001, 1.5]))[0]
    assert "loss of step 2" in complaints(lambda s, c: s.update(losses=[2.0, float("nan")]))[0]
    assert complaints(lambda s, c: s.update(losses=[2.0])) == ["2 losses, PyTorch has 1"]
    assert "scales" in complaints(lambda s, c: s.update(scales=[4.0, 4.0]))[0]
    assert "skipped" in complaints(lambda s, c: s.update(skipped=[False, False]))[0]
    assert "exponents" in complaints(lambda s, c: c.update(exponents=[6, 0]))[0]
    assert "has 11" in complaints(lambda s, c: c.update(zero=3))[0]
    assert "'zero': 4" in complaints(lambda s, c: c.update(zero=4, inf=-1))[0]
    assert "counted" in complaints(lambda s, c: s.update(gradients={}))[0]
    assert compare_torch.compare(None, SAID, "fp16") == ["halfstep did not run"]
    assert compare_torch.compare(own(), {"failed": "why"}, "fp16") == ["why"]


def what_a_cast_lost_is_counted_as_it_is_stored():
    row = {"tensor": "fc1.weight.grad", "nan": "1", "inf": "2", "zero": "4", "overflow": "8",
           "underflow": "16", "subnormal": "32", "normal": "64"}
    assert compare_torch.counted_as_stored([row, row]) == {
        "fc1.weight": {"nan": 2, "inf": 20, "zero": 40, "subnormal": 64, "normal": 128}}


def only_what_is_chosen_is_checked():
    chosen = []
    with mock.patch.object(compare_torch, "check_setup",
                           lambda args, threads, label, *rest: chosen.append(label) or [(True, label)]):
        assert compare_torch.check(arguments("--check", "--only", "fp16 after 0$")) == 0
        assert compare_torch.check(arguments("--check", "--only", "nothing like it")) == 2
    assert sorted(chosen) == [f"{net} fp16 after 0" for net in ("attention", "autoencoder", "gelu",
                                                            "text", "tiny")]


def steps_are_judged_at_the_median_and_at_95_of_100():
    def good(off, own):
        return compare_torch.judge_states("w", off, own, 2e-3)[0]

    assert good([1e-3] * 200, [0.0] * 200)
    assert good([1e-3] * 191 + [0.5] * 9, [0.0] * 200)
    assert not good([1e-3] * 189 + [0.5] * 11, [0.0] * 200)
    assert not good([3e-3] * 200, [1e-3] * 200)
    assert good([3e-3] * 200, [1.6e-3] * 200)
    assert not good([1e-3] * 180 + [9e-3] * 20, [1.6e-3] * 200)
    assert not good([float("nan")] * 11 + [0.0] * 189, [0.0] * 200)
    told = compare_torch.judge_states("w", [1.0] * 9 + [0.0] * 191, [0.0] * 200, 1e-3)[1]
    assert "9 of 200 beyond" in told


def the_steps_of_presets_are_compared_by_loss_and_weight():
    steps = [{"loss": 2.0, "again": 2.0, "off": {"fc1.weight": 1e-3, "fc1.bias": 1.0},
              "own": {"fc1.weight": 0.0, "fc1.bias": 0.0}}] * 200
    for loss, verdicts in ((2.0001, [True, True]), (2.001, [False, True])):
        told = compare_torch.compare_states([loss] * 200, steps, "fp16")
        assert [good for good, _ in told] == verdicts


def the_three_times_of_pytorch_are_of_one_exported_script_and_the_folder_is_gone():
    ran = []

    def said(args, path, ways, threads=0):
        ran.append((path, ways[0].split(" --steps")[0]))
        return [{"ms_per_step": len(ran)} if len(ran) < 3 else {"failed": "out of memory"}]

    with tempfile.TemporaryDirectory() as folder, \
            mock.patch.object(compare_torch, "halfstep", lambda args, commands: []), \
            mock.patch.object(compare_torch, "run_script", said):
        args = arguments("--folder", folder)
        args.device = "cuda"
        assert compare_torch.time_torch(args, "tiny", 20) == [1, 2, None]
        assert os.listdir(folder) == [] and {path[:len(folder)] for path, _ in ran} == {folder}
    assert [way for _, way in ran] == ["--bench eager --counted", "--bench graph --counted",
                                       "--bench graph"]


def mistakes_are_refused():
    for words in (["--networks", "tinny"], ["--only", "("], ["--folder", "/nowhere/at/all"],
                  ["--repeats", "0"], ["--limit", "-1"], ["--steps", "-1"]):
        try:
            arguments(*words)
        except SystemExit as error:
            assert error.code == 2
        else:
            assert False, words


TESTS = [one_process_runs_a_script_in_several_ways, a_way_that_fails_says_why_and_the_next_runs,
         a_script_that_takes_too_long_fails_in_a_sentence_and_what_it_said_before_counts,
         a_script_that_ends_early_fails_in_a_sentence, the_same_steps_are_the_same,
         every_difference_is_said, what_a_cast_lost_is_counted_as_it_is_stored,
         only_what_is_chosen_is_checked,
         the_three_times_of_pytorch_are_of_one_exported_script_and_the_folder_is_gone,
         steps_are_judged_at_the_median_and_at_95_of_100,
         the_steps_of_presets_are_compared_by_loss_and_weight, mistakes_are_refused]


def main():
    failed = 0
    for test in TESTS:
        heard = io.StringIO()
        try:
            with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
                test()
        except Exception as error:
            failed += 1
            print(f"failed: {test.__name__}: {type(error).__name__}: {error}\n{heard.getvalue()}")
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
