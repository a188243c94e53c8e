#!/bin/sh
# The live view in tmux, which many a classroom has between program and terminal: sizes, a run with
# changes typed meanwhile, leaving. What was on the screen is kept in BUILD/tests/logs.
#
#   sh tests/terminal/tmux.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${1:-build}
program=$build/halfstep
case $program in /*) ;; *) program=$PWD/$program ;; esac
logs=$build/tests/logs
home=$(mktemp -d)
passed=0
failed=0
mkdir -p "$logs"

in_tmux() {
    TMUX='' TMUX_TMPDIR="$home" tmux -f /dev/null "$@"
}

trap 'in_tmux kill-server 2>/dev/null; rm -rf "$home"' EXIT

check() { # WHAT COMMAND...
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $what; on the screen is"
        screen | sed 's/^/    /'
    fi
}

screen() {
    in_tmux capture-pane -p
}

# Looks until a row has this, for at most 20 s.
shows() { # EXTENDED-REGULAR-EXPRESSION
    tries=0
    while [ $tries -lt 200 ]; do
        screen | grep -qE "$1" && return
        tries=$((tries + 1))
        sleep 0.1
    done
    return 1
}

type_line() {
    in_tmux send-keys -l "$1"
    in_tmux send-keys Enter
}

value() { # FORMAT
    in_tmux display-message -p "$1"
}

is() { # FORMAT VALUE
    [ "$(value "$1")" = "$2" ]
}

gone() {
    tries=0
    while [ $tries -lt 100 ]; do
        in_tmux has-session 2>/dev/null || return 0
        tries=$((tries + 1))
        sleep 0.1
    done
    return 1
}

session() { # COLUMNS ROWS
    in_tmux new-session -d -x "$1" -y "$2" \
        "env XDG_STATE_HOME='$home' INPUTRC=/dev/null '$program' --backend cpu --threads 1 --watch"
    check "the view opens at $1x$2" shows 'space run'
    check "it has the other screen" is '#{alternate_on}' 1
    type_line 'run'
    check "a run begins" shows ' RUN '
    type_line 'scale 2^40'
    check "a scale is taken while it runs" shows 'scale 2\^40, from step'
    check "the skip stands in the log" shows 'skipped'
    type_line 'pace max'
    check "so is a pace" shows 'pace max'
    type_line 'autocast bf16'
    check "so is a format" shows '^bf16 '
    in_tmux send-keys -l 'print 40+'
    check "a line is typed meanwhile" shows '^> print 40\+'
    check "and the cursor stands behind it" is '#{cursor_x},#{cursor_y}' "11,$(($2 - 1))"
    screen >"$logs/tmux-$1x$2.txt"
    in_tmux resize-window -x 60 -y 15
    check "a smaller window keeps the line" shows '^> print 40\+'
    in_tmux resize-window -x "$1" -y "$2"
    in_tmux send-keys C-u
    type_line 'pause'
    check "pause is answered" shows 'paused after step'
    in_tmux send-keys C-d
    check "^D leaves the view" shows 'the view is closed after step'
    check "the screen is given back" is '#{alternate_on}' 0
    type_line 'quit'
    check "quit ends the program" gone
}

prompt() { # COLUMNS ROWS
    in_tmux new-session -d -x "$1" -y "$2" \
        "env XDG_STATE_HOME='$home' INPUTRC=/dev/null '$program' --backend cpu --threads 1"
    check "the prompt opens at $1x$2" shows '^>'
}

# A lesson: the solution is typed for the learner, who runs it; the program dies, and it goes on.
lesson() { # COLUMNS ROWS
    rm -rf "$home/halfstep/lessons.txt"
    prompt "$1" "$2"
    type_line 'lesson L5'
    check "a lesson begins" shows 'step 1 of 6 \(underflow-silent/begin\)'
    type_line 'next'
    check "it asks" shows 'd\) It learns, only more slowly'
    type_line 'c'
    check "an answer is noted" shows 'noted: Nothing at all'
    type_line 'next'
    type_line 'train 20'
    check "an attempt that is none gets a sentence" shows 'not yet \(0 of 3\): train for 400 steps'
    kill -9 "$(value '#{pane_pid}')"
    check "the program dies" gone
    sleep 0.5 # the server ends with it, and takes its time
    prompt "$1" "$2"
    type_line 'lesson'
    check "it goes on at the same step" shows 'step 3 of 6 \(underflow-silent/silent\)'
    type_line 'watch'
    check "in the view it has its place" shows '── The silent failure .*step 3 of 6'
    check "and says what may be typed" shows 'hint, skip, back'
    type_line 'train 20'
    check "and says what lacks" shows 'not yet \(0 of 3\)'
    type_line 'restart'
    check "and begins anew" shows 'step 0  skipped 0'
    type_line 'solution'
    check "the solution is typed, and not run" shows '^> train 400 *$'
    in_tmux send-keys Enter
    check "Enter runs it" shows 'done\. 0% of the'
    screen >"$logs/tmux-lesson-$1x$2.txt"
    type_line 'watch off'
    type_line 'lesson off'
    check "it is left" shows 'the lesson is left'
    type_line 'quit'
    check "quit ends the program" gone
}

# A step whose setup takes long, and runs side by side in it: ^C leaves a step that can begin anew, play puts
# all runs aside, and small windows lose nothing.
stage() { # COLUMNS ROWS
    cat >"$home/slow.lesson" <<'END'
@lesson slow
@version 1
@lang en
@title A slow stage
@goal g
@step look read
@text
Here.
@step act do
@setup
data moons
net 2 4 2
lua if step == 0 then command("train 100000000") end
@task
Train.
@check
long  most(runs, function(r) return r.step end) >= 100000000  -- longer
@hint
h
@solution
train 100000000
END
    prompt "$1" "$2"
    type_line "lesson $home/slow.lesson"
    check "a lesson of a file begins" shows 'step 1 of 2 \(slow/look\)'
    type_line 'next'
    sleep 0.5
    in_tmux send-keys C-c
    check "^C ends the setup" shows 'while its stage was set; restart begins'
    type_line 'watch'
    check "the view opens in it" shows '── A slow stage .*step 2 of 2'
    type_line 'fork b lr=0.1'
    check "there are two runs" shows '^a  fp16 .* b  fp16'
    type_line 'play'
    check "the view says the way back" shows 'next comes back to it'
    type_line 'drop b'
    check "one is gone" shows '^fp16 '
    in_tmux resize-window -x 40 -y 10
    in_tmux resize-window -x 10 -y 3
    in_tmux resize-window -x "$1" -y "$2"
    type_line 'next'
    check "both are back" shows '^a  fp16 .* b  fp16'
    check "and so is the step" shows 'back in the step, as it was|hint, skip, back'
    type_line 'watch off'
    type_line 'lesson off'
    check "it is left" shows 'the lesson is left'
    type_line 'quit'
    check "quit ends the program" gone
}

session 80 24
session 120 40
session 200 50
lesson 80 24
lesson 120 40
stage 80 24

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
