#!/bin/sh
# The arrows between rooms point down only: a room may include its own headers and the faces of the
# rooms below it. Breaks when a lower room learns of a higher one, or curses leaves tui/term*.c.
rooms="base data net space study meta search engine learn tui cli"
bad=0
below=""
for room in $rooms; do
    below="$below $room"
    faces=include/tiller/$room.h
    # learn has four
    [ "$room" = learn ] && faces="$faces include/tiller/bench.h include/tiller/race.h include/tiller/own.h"
    [ "$room" = meta ] && faces="$faces include/tiller/knowledge.h" # meta too
    for file in src/"$room"/*.[ch] $faces; do
        [ -e "$file" ] || continue
        for used in $(sed -n 's/^ *# *include *"\([a-z]*\)\/\([a-z_]*\)\(\/[a-z_.]*\)*.*/\1:\2/p' "$file"); do
            first=${used%%:*}
            [ "$first" = tiller ] && target=${used#*:} || target=$first
            case $used in tiller:bench | tiller:race | tiller:own) target=learn ;; esac
            [ "$used" = tiller:knowledge ] && target=meta
            case " $below " in
            *" $target "*) ;;
            *) echo "$file: includes $target, which lies above $room"; bad=1 ;;
            esac
            if [ "$first" != tiller ] && [ "$first" != "$room" ]; then
                echo "$file: includes a private header of $first"; bad=1
            fi
        done
    done
done
# Equal floors do not know each other either.
for pair in data:net net:data data:space net:space space:net space:data study:net study:data \
    meta:net search:net search:data; do
    if grep -qE "# *include *\"tiller/${pair#*:}\.h\"" src/"${pair%%:*}"/*.[ch] include/tiller/"${pair%%:*}".h 2>/dev/null; then
        echo "${pair%%:*} includes ${pair#*:}"; bad=1
    fi
done
if grep -lE '# *include *<(n?curses|ncursesw/)' -r src include 2>/dev/null | grep -v '^src/tui/term'; then
    echo "curses outside src/tui/term*.c"; bad=1
fi
exit $bad
