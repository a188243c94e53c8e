#!/bin/sh
# Each broken lesson is the right one with one change: make.sh FOLDER writes them, NAME.VN.lesson must be
# rejected for VN, in the words of NAME.VN.words where they are given.
set -eu
cd "$(dirname "$0")"
folder=${1:?usage: make.sh FOLDER}

broken() { # NAME SCRIPT-OF-SED [WORDS]
    sed "$2" base.txt >"$folder/$1.lesson"
    printf '%s' "${3-}" >"$folder/$1.words"
    ! cmp -s base.txt "$folder/$1.lesson" || { echo "$1 changes nothing"; exit 1; }
}

cp base.txt "$folder/right.ok.lesson"
printf '' >"$folder/right.ok.words"
broken solution-fails.V1 '/^@solution/,/^@also/s/^train 20/train 5/'
broken setup-passes.V2 's/>= 10 />= 0 /; s/"static" end)/"static" end) or true/; s/most(runs, function(r) return r.step end)/count(runs)/'
broken prefix-passes.V3 '/^@solution/,/^@also/s/^train 20/train 20\ntrain 20/'
broken question-setup.V1 's/^train 4$/tarin 4/'
broken wrong-passes.V4 '/^@wrong long/,/^@wrong scaled/s/^train 2$/train 30/'
broken wrong-holds.V4 's/^@wrong scaled/@wrong scaled long/'
broken check-unnamed.V4 's/^@wrong scaled/@wrong long/'
broken wrong-command.V4 '/^@wrong scaled/,$s/^train 20/tarin 20/'
broken also-fails.V5 '/^@also/,/^@wrong/s/^train 20/train 4/'
broken no-also.V5 '/^@also/,/^train 20/d'
# A batch of more examples than there are is refused, so these two do not commute where the stage has few.
few='s/^autocast fp16/data moons limit=40\nbatch 8\nautocast fp16/'
broken order.V6 "$few; /^@solution/,/^@also/s/^scale static 1024/data moons\nbatch 100; scale static 1024/" 'a batch of 100 is more'
broken order-of-also.V6 "$few; /^@also/,/^@wrong/s/^scale static 64/data moons; batch 100; scale static 64/" 'a batch of 100 is more'
broken order-of-wrong.V6 "$few; /^@wrong scaled/,\$s/^train 20/data moons\nbatch 100\ntrain 20/" 'a batch of 100 is more'
broken order-kept.ok "$few; /^@solution/,/^@also/s/^scale static 1024/data moons; print step; batch 100; scale static 1024/"
broken order-of-one.ok '/^@solution/,/^@also/s/^scale static 1024/lr 0.02; scale dynamic; scale static 1024\nclip off/'
broken order-behind.ok "$few; /^@solution/,/^@also/s/^scale static 1024/train 1; data moons; batch 100; scale static 1024/"
broken margin.V9 's/>= 10 /> 19.5 /'
broken budget.V10 's/^@task/@budget 0.000001s\n@task/'
broken verify.V11 's/^@verify 1 < 2/@verify 2 < 1/'
broken verify-of-run.V11 's/^@verify step == 4/@verify step == 5/'
broken two-right.V11 's/^@choice  a/@choice* a/'
broken same-choice.V11 's/^@choice  a  this/@choice  a  that/'
broken no-verify.V11 's/^@verify 2^10 == 1024//'
broken name.V12 's/r\.step end/r.steps end/'
broken key.V12 's/\[own\]/[paper]/'
broken brace.V12 's/^One page\./One page. {lss}/'
broken second-hand.V12 's/^@source  own  made up/@source  own  made up (second hand)/' 'begins with `at second hand: `'
broken long-page.V13 's/^One page\./a\n\nb\n\nc\n\nd\n\ne\n\nf\n\ng\n\nh\n\ni/'
broken wide.V13 's/^One page\./ 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789/'
broken tab.V13 's/^One page\./One\tpage./'
broken bytes.V14 's/^One page\./One\xff page./'
# Two steps to do, the second of which trains by a number that Lua remembers: a fresh session has the rest anew.
another() { # NAME OF-SETUP OF-SOLUTION NAME-OF-THE-NEXT [WORDS]
    {
        sed -e "s/^autocast fp16/autocast fp16\nlua $2/; /^@demo/,\$d" \
            -e "/^@solution/,/^@also/s/^scale static 1024/lua $3\nscale static 1024/" base.txt
        sed -n "/^@step act/,/^@demo/{s/^@step act/@step more/; /^@demo/d
            /^@solution/,/^@also/s/^train 20/lua command(\"train \" .. ($4 or 20))/; p}" base.txt
    } >"$folder/$1.lesson"
    printf '%s' "${5-}" >"$folder/$1.words"
}
another more.ok 'math.y = 2' 'math.y = 3' math.z
another behind-solution.V7 'math.y = 20' 'math.y = 2' math.y 'behind the steps before it'
another behind-skip.V8 'math.y = 2' 'math.y = 20' math.y 'where the step before was skipped'
# A lesson's name chooses its mess; that of `mess` has the line `lua math.k = 3`. Another table, another name.
another behind-mess.V7 'math.y = 2' 'math.y = 3' math.k 'behind 30 other commands'
sed -i 's/^@lesson  broken/@lesson  mess/' "$folder/behind-mess.V7.lesson"

broken no-hint.V15 '/^@hint/,/^Type/d'
broken hint-tells.V15 's/^Think about it\./Type train 20 now./'
broken demo.V17 '/^@say/,$s/^train 2/tarin 2/'
broken clock.V21 's/most(runs, function(r) return r.step end) >= 10/steps_per_second > 10/' 'a check asks how fast'
broken clock-of-run.V21 's/r\.step end/r.steps_per_second end/' 'a check asks how fast'
broken clock-in-text.V21 's/^One page\./{steps_per_second} steps a second./' 'a number in braces asks how fast'
broken clock-verified.V21 's/^@verify step == 4/@verify steps_per_second > 0/' '@verify asks how fast'
broken saves.V21 '/^@solution/,/^@also/s/^train 20/train 20; save mine.safetensors/' 'save mine.safetensors writes a file'
broken saves-in-setup.V21 's/^train 4$/save mine.safetensors\ntrain 4/' 'save mine.safetensors writes a file'
broken exports.V21 '/^@also/,/^@wrong/s/^train 20/export trace run.csv\ntrain 20/' 'export run.csv writes a file'
broken draws.V21 '/^@say/,$s/^train 2/shot picture.svg/' 'shot picture.svg writes a file'
broken keeps.ok "s|^train 4\$|train 4; save $folder/state/halfstep/own.safetensors|"
broken climbs.V21 "s|^train 4\$|save $folder/state/halfstep/../own.safetensors|" 'writes a file'
broken loads.V21 '/^@wrong long/,/^@wrong scaled/s/^train 2$/load mine.safetensors/' 'load mine.safetensors reads a file'
broken sources.V21 's/^train 4$/source mine.halfstep/' 'source mine.halfstep reads a file'
broken inspects.V21 's/^train 4$/inspect mine.safetensors:fc1.weight/' 'inspect mine.safetensors:fc1.weight reads a file'
broken reads-data.V21 's/^train 4$/data csv:mine.csv/' 'data csv:mine.csv reads a file'
broken steers.V21 's/^train 4$/train 4; lesson report mine.csv/' 'lesson steers the lesson itself'
broken in-lua.V21 's/^train 4$/lua for k = 1, 2 do command("save mine.safetensors") end/' 'save mine.safetensors writes a file'
broken in-lua-late.V1 's/^train 4$/lua command("sa" .. "ve mine.safetensors")/' 'save mine.safetensors writes a file'
