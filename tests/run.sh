#!/bin/sh
# Runs each test program, shows the output of those that fail, and ends with "N passed, N failed".
# Counts single tests from cmocka's own lines; a program that dies counts as one failed test.
# What the person who tests has taught their own tiller must not matter, nor change.
XDG_DATA_HOME=$(mktemp -d)
export XDG_DATA_HOME
passed=0
failed=0
log=$(mktemp)
for test in "$@"; do
    start=$(date +%s)
    timeout "${TEST_TIMEOUT:-900}" "$test" >"$log" 2>&1
    status=$?
    ok=$(grep -c '^\[       OK \]' "$log")
    bad=$(grep -c '^\[  FAILED  \] [^0-9]' "$log")
    bad=$((bad > 0 ? (bad + 1) / 2 : 0))
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    passed=$((passed + ok))
    failed=$((failed + bad))
    if [ "$status" -ne 0 ]; then
        echo "FAILED $test (exit $status)"
        cat "$log"
    else
        echo "ok     ${test#*/tests/}  $ok tests, $(($(date +%s) - start)) s"
        grep -i '^skipped:' "$log"
    fi
done
rm -rf "$log" "$XDG_DATA_HOME"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
