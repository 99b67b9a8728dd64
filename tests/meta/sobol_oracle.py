"""The plain Sobol sequence as Debian's python3-scipy has it, for test_sobol.c.

usage: sobol_oracle.py DIMENSIONS POINTS: one line per point."""
import sys
import warnings

from scipy.stats import qmc

warnings.simplefilter("ignore")
for row in qmc.Sobol(int(sys.argv[1]), scramble=False).random(int(sys.argv[2])):
    print(" ".join("%.17g" % x for x in row))
