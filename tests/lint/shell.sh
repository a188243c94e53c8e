#!/bin/sh
# Fails where a shell script does not parse.
set -eu
cd "$(dirname "$0")/../.."

bad=0
for script in .deps.sh $(find tests -name '*.sh'); do
    sh -n "$script" || bad=1
done
bash -n .ci/run || bad=1
exit $bad
