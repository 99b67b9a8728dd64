#!/bin/sh
# Does the convolutional net beat the perceptron? Test accuracy after 10 epochs with the reference
# hyperparameters, three seeds each; tasks that are not there are left out. Usage: conv_accuracy.sh TILLER [TASK ...]
tiller=$1
shift
[ $# -gt 0 ] || set -- mnist fashion-mnist ../shared/datasets/spoken-digits
printf '%-16s %-12s %8s %8s %8s\n' 'test accuracy' network 'seed 0' 'seed 1' 'seed 2'
for task in "$@"; do
    "$tiller" describe "$task" >/dev/null 2>&1 || continue # spoken-digits is not shipped
    for network in perceptron conv; do
        printf '%-16s %-12s' "$(basename "$task")" $network
        for seed in 0 1 2; do
            accuracy=$("$tiller" train "$task" network=$network --rng-seed $seed --json 2>/dev/null |
                sed -n 's/.*"test": {[^}]*"accuracy": \([0-9.]*\).*/\1/p')
            printf ' %8.4f' "${accuracy:-nan}"
        done
        echo
    done
done
